/**
 * Owns the schedules under which a test runs: jobs at once (`inline`), or in an order that a seed
 * draws. Turns between the operations of the test do the work of jobs and end them.
 *
 * Invariant: a schedule and equal operations give equal interleavings. The name of a schedule tells
 * its seed, so that a failure can be replayed with `seeded(seed)`.
 */

import fc from 'fast-check'
import { createRandom, deriveSeed } from '../base/random.ts'
import type { OpenOptions } from '../db/open-options.ts'
import type { EngineOptionsInput } from '../db/options.ts'
import type { JobOrder, JobOutcome } from '../scheduling/job-order.ts'
import { runJob } from '../scheduling/run-job.ts'
import { SeededExecutor } from '../scheduling/virtual/seeded-executor.ts'

/** A schedule: plain data, so that a property test can draw, shrink and print it. */
export type Schedule = 'inline' | `seeded(${number})`

export const seeded = (seed: number): Schedule => `seeded(${seed})`

/** Any schedule; it shrinks to `inline`. */
export const schedules: fc.Arbitrary<Schedule> = fc.oneof(
  fc.constant('inline' as const),
  ...Array.from({ length: 3 }, () => fc.nat().map(seeded)),
)

/** `inline`, and schedules of `count` seeds. */
export function schedulesFrom(seed: number, count: number): readonly Schedule[] {
  const drawn = Array.from({ length: count }, (_, at) => seeded(deriveSeed(seed, 'schedule', at)))
  return ['inline', ...drawn]
}

/** One run of a test under a schedule. */
export class Interleaving {
  readonly #seed: number | null
  #opens = 0
  #executor: SeededExecutor<JobOrder, JobOutcome> | null = null
  #turns = createRandom(0)
  /** One of so many turns has steps: in a slow run, memtables and jobs pile up. */
  #pace = 1

  constructor(schedule: Schedule) {
    this.#seed = schedule === 'inline' ? null : Number(schedule.slice('seeded('.length, -1))
    if (this.#seed !== null) this.#turns = createRandom(deriveSeed(this.#seed, 'turns'))
  }

  /**
   * What the next open of a database takes: an executor, and drawn options beside `options`. Turns
   * go to the database that was opened last.
   */
  open(options: EngineOptionsInput = {}): Pick<OpenOptions, 'scheduling' | 'options'> {
    this.#executor = null
    if (this.#seed === null) return { options }
    const random = createRandom(deriveSeed(this.#seed, 'open', this.#opens++))
    this.#pace = 4 ** random.nextBelow(4)
    const drawn = {
      memtablesMax: 1 + random.nextBelow(4),
      backgroundJobs: 1 + random.nextBelow(4),
      subcompactions: 1 + random.nextBelow(3),
    }
    return {
      options: { ...drawn, ...options },
      scheduling: ({ room, workers }) => {
        const run = (order: JobOrder) => runJob(order, room)
        this.#executor = new SeededExecutor(run, random, workers, room.makeCall)
        return this.#executor
      },
    }
  }

  /** Call it between two operations: none, one or several steps of jobs happen. */
  turn(): void {
    const executor = this.#executor
    if (executor === null || executor.pending === 0) return
    if (this.#turns.nextBelow(this.#pace) === 0) executor.turn()
  }
}
