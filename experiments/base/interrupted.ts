/** Owns the error of a run that the user interrupted: it ended early, and nothing is wrong. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
}
