/** Owns the one way a run ends early without a fault: somebody asked it to. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
}
