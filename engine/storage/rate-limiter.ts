/**
 * Owns the limit on the bytes that background jobs write per second, in all threads together. The
 * model is RocksDB's `GenericRateLimiter` (util/rate_limiter.cc): a bucket of tokens (bytes) that
 * is refilled every 100 ms; flushes go first, but in one period of ten compactions do, so that
 * flushes without end cannot starve them.
 *
 * It differs where shared memory asks for it. There is no lock and no queue, because a thread may
 * end at any moment. Waiting threads ask again after each refill. A refused request gives its
 * priority precedence until one of that priority is granted, or the next period ends. RocksDB
 * splits a request that is larger than a refill; here it is granted when any token is left, and the
 * bucket goes into debt, which the next refills pay. The tenth period is counted, not drawn.
 *
 * Invariant: from any moment on, the bytes granted are at most the refills since then, one refill
 * that was left over, and one request. Every token is taken once: only atomic operations change it.
 */

import { isMainThread } from 'node:worker_threads'
import { checkShared, checkWhole } from '../base/arguments.ts'
import { assert } from '../base/assert.ts'
import type { Clock } from '../base/clock.ts'

/** Flushes go first: while they wait, writers may stall. */
export type WritePriority = 'flush' | 'compaction'

/** RocksDB's defaults. */
const PERIOD_MS = 100
const FAIRNESS = 10

/** At least one byte a period. */
const BYTES_PER_SECOND_MIN = 1000 / PERIOD_MS

/**
 * The wall clock is read, since threads' monotonic clocks start at different moments. If it was set
 * back by more than this, periods are counted on from there.
 */
const SET_BACK_PERIODS = 10

// The shared memory: two integers of 64 bits, then four of 32 bits.
const TOKENS = 0
const BYTES_PER_SECOND = 1
/** The period of the last refill. */
const PERIOD = 4
/** The last period in which a request of this priority was refused, until one is granted. */
const REFUSED = { flush: 5, compaction: 6 } as const
/** Changes when waiting threads should ask again. */
const TURN = 7
const MEMORY_BYTES = 32

/** No period. */
const NEVER = -(2 ** 31)

/** A rate limiter as data that can be posted to another thread, for `RateLimiter.over`. */
export interface SharedRateLimiter {
  readonly memory: SharedArrayBuffer
  /** Where periods are counted from, by the clock. */
  readonly startMs: number
}

export class RateLimiter {
  readonly #clock: Clock
  readonly #startMs: number
  readonly #longs: BigInt64Array<SharedArrayBuffer>
  readonly #words: Int32Array

  private constructor({ memory, startMs }: SharedRateLimiter, clock: Clock) {
    checkShared(memory, MEMORY_BYTES, 'a shared rate limiter')
    this.#clock = clock
    this.#startMs = startMs
    this.#longs = new BigInt64Array(memory)
    this.#words = new Int32Array(memory)
  }

  /** A new limiter. Its bucket is full. */
  static create(bytesPerSecond: number, clock: Clock): RateLimiter {
    const memory = new SharedArrayBuffer(MEMORY_BYTES)
    const limiter = new RateLimiter({ memory, startMs: clock.nowMs() }, clock)
    limiter.bytesPerSecond = bytesPerSecond
    Atomics.store(limiter.#longs, TOKENS, limiter.#refillBytes())
    Atomics.store(limiter.#words, REFUSED.flush, NEVER)
    Atomics.store(limiter.#words, REFUSED.compaction, NEVER)
    return limiter
  }

  /** The same limiter in another thread. `clock` must read the same time there. */
  static over(shared: SharedRateLimiter, clock: Clock): RateLimiter {
    return new RateLimiter(shared, clock)
  }

  /** Lets other threads use this limiter, by `over`. */
  share(): SharedRateLimiter {
    return { memory: this.#longs.buffer, startMs: this.#startMs }
  }

  get bytesPerSecond(): number {
    return Number(Atomics.load(this.#longs, BYTES_PER_SECOND))
  }

  /**
   * Any thread may change the rate at any time. It holds from the next refill on. A whole number
   * from 10 on.
   */
  set bytesPerSecond(bytesPerSecond: number) {
    checkWhole(bytesPerSecond, 'bytesPerSecond', BYTES_PER_SECOND_MIN)
    Atomics.store(this.#longs, BYTES_PER_SECOND, BigInt(bytesPerSecond))
  }

  /**
   * Asks to write `bytes` bytes, without blocking. Returns 0 if they may be written now; otherwise
   * the milliseconds until the next refill, when the caller should ask again.
   */
  take(bytes: number, priority: WritePriority): number {
    const sinceStartMs = this.#clock.nowMs() - this.#startMs
    const period = Math.floor(sinceStartMs / PERIOD_MS)
    this.#refill(period)
    const refused = REFUSED[priority]
    if (this.#isTurnOf(priority, period) && this.#takeTokens(bytes)) {
      const wasWaiting = Atomics.exchange(this.#words, refused, NEVER) !== NEVER
      if (wasWaiting) this.#wakeAll()
      return 0
    }
    Atomics.store(this.#words, refused, period)
    return (period + 1) * PERIOD_MS - sinceStartMs
  }

  /** As `take`, but blocks this thread until the bytes may be written. For workers only. */
  acquire(bytes: number, priority: WritePriority): void {
    assert(!isMainThread, 'the main thread never waits for the limiter')
    for (;;) {
      const turn = Atomics.load(this.#words, TURN)
      const waitMs = this.take(bytes, priority)
      if (waitMs === 0) return
      Atomics.wait(this.#words, TURN, turn, waitMs)
    }
  }

  /** Whether no request of the other priority goes before this one. */
  #isTurnOf(priority: WritePriority, period: number): boolean {
    const first = period % FAIRNESS === FAIRNESS - 1 ? 'compaction' : 'flush'
    if (priority === first) return true
    const refusedIn = Atomics.load(this.#words, REFUSED[first])
    return refusedIn !== period && refusedIn !== period - 1
  }

  #takeTokens(bytes: number): boolean {
    const wanted = BigInt(bytes)
    let tokens = Atomics.load(this.#longs, TOKENS)
    while (tokens > 0n) {
      const found = Atomics.compareExchange(this.#longs, TOKENS, tokens, tokens - wanted)
      if (found === tokens) return true
      tokens = found
    }
    return false
  }

  /** Fills the bucket once a period. The thread that moves the period on does it. */
  #refill(period: number): void {
    const last = Atomics.load(this.#words, PERIOD)
    const isSetBack = period < last - SET_BACK_PERIODS
    if (period <= last && !isSetBack) return
    if (Atomics.compareExchange(this.#words, PERIOD, last, period) !== last) return
    const refill = this.#refillBytes()
    const added = refill * BigInt(isSetBack ? 1 : period - last)
    let tokens = Atomics.load(this.#longs, TOKENS)
    for (;;) {
      const filled = tokens + added < refill ? tokens + added : refill
      const found = Atomics.compareExchange(this.#longs, TOKENS, tokens, filled)
      if (found === tokens) break
      tokens = found
    }
    this.#wakeAll()
  }

  #refillBytes(): bigint {
    return BigInt(Math.floor((this.bytesPerSecond * PERIOD_MS) / 1000))
  }

  #wakeAll(): void {
    Atomics.add(this.#words, TURN, 1)
    Atomics.notify(this.#words, TURN)
  }
}
