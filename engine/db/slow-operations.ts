/**
 * Owns the report of slow operations: a call that takes at least `slowOperationMs` gives an event
 * with its time and what was touched meanwhile.
 *
 * Invariant: a database without a threshold keeps its methods as they are, so that the report costs
 * nothing there.
 */

import type { Clock } from '../base/clock.ts'
import type { ReadCounters } from '../base/read-counters.ts'
import type { StallMetrics } from '../scheduling/stall-log.ts'
import type { SlowOperationEvent, WatchedInTransaction, WatchedOperation } from './events.ts'
import type { DatabaseCounters } from './metrics.ts'

export interface SlowOperationsParts {
  readonly thresholdMs: number
  readonly clock: Clock
  readonly counters: DatabaseCounters
  /** Null with inline scheduling, where writers are never held. */
  readonly stalls: () => StallMetrics | null
  readonly onEvent: (event: SlowOperationEvent) => void
}

/** The counters at one moment. */
interface Reading {
  readonly reads: readonly ReadCounters[]
  readonly stallMs: number
  readonly jobs: number
}

type Method<Result> = (...call: never[]) => Result
type Scan = IterableIterator<unknown> & Disposable

/** The names of methods that are watched, by how they end. */
interface WatchedNames<Blocking extends string, Promised extends string> {
  /** Those that have ended when they return. */
  readonly blocking: readonly Blocking[]
  /** Those that end when their promise settles. */
  readonly promised: readonly Promised[]
}

const IN_DATABASE = {
  blocking: ['get', 'has', 'writeSync', 'flush', 'compact', 'collectValueLog'],
  promised: ['getMany', 'put', 'delete', 'deleteRange', 'write'],
} as const satisfies WatchedNames<WatchedOperation, WatchedOperation>

const IN_TRANSACTION = {
  blocking: ['get', 'has', 'commitSync'],
  promised: ['getMany', 'commit'],
} as const satisfies WatchedNames<WatchedInTransaction, WatchedInTransaction>

/** What has the watched methods, and `scan`. */
type Watchable<Blocking extends string, Promised extends string> = Readonly<
  Record<Blocking, Method<unknown>> &
    Record<Promised, Method<Promise<unknown>>> &
    Record<'scan', Method<Scan>>
>

type NamesIn<Names extends WatchedNames<string, string>> = Watchable<
  Names['blocking'][number],
  Names['promised'][number]
>
type WatchableTransaction = NamesIn<typeof IN_TRANSACTION>
type WatchableDatabase = NamesIn<typeof IN_DATABASE> &
  Readonly<Record<'transaction', Method<WatchableTransaction>>>

/** Watches the calls of `db` and of its transactions; returns it. */
export function reportSlow<Watched extends WatchableDatabase>(
  db: Watched,
  parts: SlowOperationsParts,
): Watched {
  const log = new SlowOperations(parts)
  const { transaction } = db
  watchMethods(log, db, IN_DATABASE, (name) => name)
  const begin: Watched['transaction'] = (...call) =>
    watchMethods(
      log,
      transaction.apply(db, call),
      IN_TRANSACTION,
      (name) => `transaction.${name}` as const,
    )
  return Object.assign(db, { transaction: begin })
}

/** Puts watched methods in the place of the named ones and of `scan`; returns `target`. */
function watchMethods<
  Blocking extends string,
  Promised extends string,
  Target extends Watchable<Blocking, Promised>,
>(
  log: SlowOperations,
  target: Target,
  { blocking, promised }: WatchedNames<Blocking, Promised>,
  operationOf: (name: Blocking | Promised | 'scan') => WatchedOperation,
): Target {
  const watched: Partial<Record<string, Method<unknown>>> = {}
  for (const name of blocking) {
    const method: Method<unknown> = target[name]
    watched[name] = (...call) => log.watch(operationOf(name), () => method.apply(target, call))
  }
  for (const name of promised) {
    const method: Method<Promise<unknown>> = target[name]
    watched[name] = (...call) => log.watchAsync(operationOf(name), () => method.apply(target, call))
  }
  const { scan } = target
  watched.scan = (...call) => log.watchScan(operationOf('scan'), () => scan.apply(target, call))
  return Object.assign(target, watched)
}

class SlowOperations {
  readonly #parts: SlowOperationsParts

  constructor(parts: SlowOperationsParts) {
    this.#parts = parts
  }

  watch<Result>(operation: WatchedOperation, call: () => Result): Result {
    const before = this.#read()
    const startNs = this.#nowNs()
    try {
      return call()
    } finally {
      this.#ended(operation, this.#nowNs() - startNs, before)
    }
  }

  async watchAsync<Result>(
    operation: WatchedOperation,
    call: () => Promise<Result>,
  ): Promise<Result> {
    const before = this.#read()
    const startNs = this.#nowNs()
    try {
      return await call()
    } finally {
      this.#ended(operation, this.#nowNs() - startNs, before)
    }
  }

  /** Reports once, when the scan ends. */
  watchScan(operation: WatchedOperation, call: () => Scan): Scan {
    const before = this.#read()
    let spentNs = 0
    let isOver = false
    const timed = <Result>(part: () => Result): Result => {
      const startNs = this.#nowNs()
      try {
        return part()
      } finally {
        spentNs += this.#nowNs() - startNs
      }
    }
    const scan = timed(call)
    const end = () => {
      if (!isOver) this.#ended(operation, spentNs, before)
      isOver = true
    }
    return {
      next() {
        const step = timed(() => scan.next())
        if (step.done === true) end()
        return step
      },
      return(value) {
        const step = timed(() => scan.return?.(value))
        end()
        return step ?? { done: true, value }
      },
      [Symbol.iterator]() {
        return this
      },
      [Symbol.dispose]() {
        timed(() => scan[Symbol.dispose]())
        end()
      },
    }
  }

  #nowNs(): number {
    return this.#parts.clock.elapsedNs()
  }

  #read(): Reading {
    const { gets, scans, flushes, merges } = this.#parts.counters
    return {
      reads: [gets.copy(), scans.copy()],
      stallMs: stallMsOf(this.#parts.stalls()),
      jobs: flushes + merges,
    }
  }

  #ended(operation: WatchedOperation, tookNs: number, before: Reading): void {
    const { thresholdMs, clock, onEvent } = this.#parts
    const tookMs = tookNs / 1e6
    if (tookMs < thresholdMs) return
    const after = this.#read()
    const grown = (of: (counters: ReadCounters) => number) =>
      after.reads.reduce((sum, now, index) => sum + of(now) - of(before.reads[index]!), 0)
    onEvent({
      kind: 'slow-operation',
      atMs: clock.nowMs(),
      operation,
      tookMs,
      runsProbed: grown(({ runsProbed }) => runsProbed),
      filterNegatives: grown(({ filterNegatives }) => filterNegatives),
      blocksFromCache: grown(({ blocksFromCache }) => blocksFromCache),
      blocksFromStorage: grown(({ blocksFromStorage }) => blocksFromStorage),
      bytesFromStorage: grown(({ bytesFromStorage }) => bytesFromStorage),
      stallMs: after.stallMs - before.stallMs,
      jobs: after.jobs - before.jobs,
    })
  }
}

function stallMsOf(stalls: StallMetrics | null): number {
  if (stalls === null) return 0
  return Object.values(stalls).reduce((sum, { slowdownMs, stopMs }) => sum + slowdownMs + stopMs, 0)
}
