/** Owns the folder's one counter of file numbers. Invariant: no number is given out twice. */

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
