/**
 * Owns the folder's single counter of file numbers. Invariant: it never gives out a number twice.
 */

export class FileNumbers {
  /** Every number given out so far, and every file in the folder, is below this. */
  next: number

  constructor(next: number) {
    this.next = next
  }

  allocate(): number {
    return this.next++
  }
}
