/**
 * Owns the shared memory between an executor and its threads: a counter of ends, common to all of
 * its threads, and for each thread whether its job goes on, how far it is, and whether the thread
 * has ended. Only atomic operations touch it.
 */

// The cells of one thread.
/** Whether the job goes on: one of `RUNS`, `PAUSED`, `CANCELLED`. */
const STATE = 0
/** The exit code plus one; 0 while the thread lives. */
const EXITED = 1
/** KiB of its input that the job has processed. */
const DONE_KIB = 2
const CELLS = 3

const RUNS = 0
const PAUSED = 1
const CANCELLED = 2

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

  /** Makes the thread ready for a new job. */
  reset(): void {
    Atomics.store(this.#own, DONE_KIB, 0)
    this.#setState(RUNS)
  }

  /** Asks the thread to pause its job, or to go on with it. */
  set isPaused(isPaused: boolean) {
    this.#setState(isPaused ? PAUSED : RUNS)
  }

  /** Asks the thread to give up its job, also while it is paused. */
  cancel(): void {
    this.#setState(CANCELLED)
  }

  /** Blocks the thread while its job is paused. False: the job is to be given up. */
  mayGoOn(): boolean {
    for (;;) {
      const state = Atomics.load(this.#own, STATE)
      if (state !== PAUSED) return state === RUNS
      Atomics.wait(this.#own, STATE, PAUSED)
    }
  }

  /** Says how many bytes of its input the job has processed. */
  publishDone(bytes: number): void {
    Atomics.store(this.#own, DONE_KIB, Math.floor(bytes / 1024))
  }

  get doneBytes(): number {
    return Atomics.load(this.#own, DONE_KIB) * 1024
  }

  #setState(state: number): void {
    Atomics.store(this.#own, STATE, state)
    Atomics.notify(this.#own, STATE)
  }
}

function sharedCells(count: number): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(count * Int32Array.BYTES_PER_ELEMENT))
}
