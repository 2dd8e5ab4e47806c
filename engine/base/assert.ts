/**
 * Owns assertions: each checks one fact about our own code. A failed assertion is a bug of this
 * project, never a mistake of its user. Costly whole-tree checks ask `paranoid()` first; tests
 * switch it on.
 */

export class AssertionError extends Error {
  override readonly name = 'AssertionError'
}

export function assert(fact: boolean, message: string): asserts fact {
  if (!fact) throw new AssertionError(message)
}

/** Marks a branch that the types rule out. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${JSON.stringify(value)}`)
}

let paranoidChecks = false

/**
 * Whether whole-tree checks run after every edit. They cost O(tables) each, so they are off outside
 * tests.
 */
export function paranoid(): boolean {
  return paranoidChecks
}

export function setParanoid(on: boolean): void {
  paranoidChecks = on
}
