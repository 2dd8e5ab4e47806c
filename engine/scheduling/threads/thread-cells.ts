/**
 * Owns the shared memory between an executor and its threads: a counter of ends, common to all of
 * its threads, and for each thread whether its job is given up or paused, how far it is, and whether
 * the thread has ended. Only atomic operations touch it.
 */

// The cells of one thread.
const IS_CANCELLED = 0
/** The exit code plus one; 0 while the thread lives. */
const EXITED = 1
const IS_PAUSED = 2
/** Files that the job has opened or created. */
const FILES = 3
const CELLS = 4

/** The memory of one thread and of its executor, as posted to the thread. */
export interface SharedThreadCells {
  readonly ends: Int32Array<SharedArrayBuffer>
  readonly own: Int32Array<SharedArrayBuffer>
}

/** The counter that all threads of an executor share. */
export function newEndCounter(): Int32Array<SharedArrayBuffer> {
  return sharedCells(1)
}

export class ThreadCells {
  readonly #ends: Int32Array<SharedArrayBuffer>
  readonly #own: Int32Array<SharedArrayBuffer>

  constructor(ends: Int32Array<SharedArrayBuffer>, own = sharedCells(CELLS)) {
    this.#ends = ends
    this.#own = own
  }

  static over({ ends, own }: SharedThreadCells): ThreadCells {
    return new ThreadCells(ends, own)
  }

  share(): SharedThreadCells {
    return { ends: this.#ends, own: this.#own }
  }

  /** The thread has posted the result of a job. Wakes the executor if it waits. */
  noteEnd(): void {
    Atomics.add(this.#ends, 0, 1)
    Atomics.notify(this.#ends, 0)
  }

  /** The thread ends now, whether or not a job runs in it. Wakes the executor if it waits. */
  noteExit(exitCode: number): void {
    Atomics.store(this.#own, EXITED, exitCode + 1)
    this.noteEnd()
  }

  /** Null while the thread lives, and if it was ended from outside. */
  get exitCode(): number | null {
    const exited = Atomics.load(this.#own, EXITED)
    return exited === 0 ? null : exited - 1
  }

  /** Asks the thread to give up its job, also if it is paused. */
  cancel(): void {
    Atomics.store(this.#own, IS_CANCELLED, 1)
    this.setPaused(false)
  }

  /** Asks the thread to pause before the next file, or to go on. */
  setPaused(isPaused: boolean): void {
    Atomics.store(this.#own, IS_PAUSED, isPaused ? 1 : 0)
    Atomics.notify(this.#own, IS_PAUSED)
  }

  /** A job begins that is not paused. */
  begin(): void {
    Atomics.store(this.#own, FILES, 0)
    this.setPaused(false)
  }

  get files(): number {
    return Atomics.load(this.#own, FILES)
  }

  /** The job comes to its next file. Blocks while it is asked to pause. */
  passFile(): void {
    Atomics.add(this.#own, FILES, 1)
    while (Atomics.load(this.#own, IS_PAUSED) === 1) Atomics.wait(this.#own, IS_PAUSED, 1)
  }

  get isCancelled(): boolean {
    return Atomics.load(this.#own, IS_CANCELLED) !== 0
  }
}

function sharedCells(count: number): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(count * Int32Array.BYTES_PER_ELEMENT))
}
