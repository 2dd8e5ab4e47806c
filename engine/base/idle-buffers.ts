/**
 * Owns scratch buffers between their uses. Large, short-lived buffers are reused, because the
 * garbage collector frees memory outside its heap late.
 *
 * Invariant: a buffer has one user at a time. The user gives it back only when nothing reads it any
 * more.
 */
export class IdleBuffers<Scratch> {
  readonly #create: () => Scratch
  readonly #keptMax: number
  readonly #idle: Scratch[] = []

  /** Keeps at most `keptMax` idle buffers; further buffers given back are dropped. */
  constructor(create: () => Scratch, keptMax: number) {
    this.#create = create
    this.#keptMax = keptMax
  }

  /** The buffer still holds what its last user left in it. */
  take(): Scratch {
    return this.#idle.pop() ?? this.#create()
  }

  give(buffer: Scratch): void {
    if (this.#idle.length < this.#keptMax) this.#idle.push(buffer)
  }
}
