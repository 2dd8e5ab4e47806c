/**
 * Owns scratch buffers between their uses. What is large and short-lived is handed on rather than
 * left to the collector, which comes late for memory outside its heap.
 *
 * Invariant: a buffer has one user at a time; who takes it gives it back when nothing reads it.
 */
export class IdleBuffers<Scratch> {
  readonly #create: () => Scratch
  readonly #keptMax: number
  readonly #idle: Scratch[] = []

  /** Keeps at most `keptMax` buffers; what is given beyond that is let go. */
  constructor(create: () => Scratch, keptMax: number) {
    this.#create = create
    this.#keptMax = keptMax
  }

  /** With whatever content its last user left. */
  take(): Scratch {
    return this.#idle.pop() ?? this.#create()
  }

  give(buffer: Scratch): void {
    if (this.#idle.length < this.#keptMax) this.#idle.push(buffer)
  }
}
