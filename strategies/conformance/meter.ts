/**
 * Owns measuring a strategy from outside: how often it is asked, how long its answers take, and
 * stopping one that never answers. The clock serves only to call a strategy too slow.
 */

import { runInThisContext } from 'node:vm'
import { systemClock } from '../../engine/base/clock.ts'
import type { CompactionStrategy, TreeView } from '../../engine/compaction/strategy.ts'
import { TooSlow } from './violation.ts'

/** What a strategy answers. */
export const MEMBERS = [
  'pick',
  'score',
  'debtBytes',
  'stallLimits',
  'nextDueAt',
  'flushFilter',
] as const satisfies readonly (keyof CompactionStrategy)[]
export type Member = (typeof MEMBERS)[number]

const nowMs = () => systemClock.elapsedNs() / 1e6
/** Kept here, because the traps replace the global. */
const { cpuUsage } = process

function msSince(before: NodeJS.CpuUsage): number {
  const { user, system } = cpuUsage(before)
  return (user + system) / 1000
}

/** What the strategies of one subject have cost so far. */
export class Meter {
  /** Answers of all members. */
  answers = 0
  /** Time spent in the strategy. */
  ms = 0
  /** Time of the latest answer, and the part of it that the processor worked. */
  latestMs = 0
  latestCpuMs = 0
}

/** The member that runs now; null while no strategy is asked. */
let running: string | null = null

export function runningMember(): string | null {
  return running
}

/** The same strategy, whose answers are counted and timed. */
export function metered(strategy: CompactionStrategy, meter: Meter): CompactionStrategy {
  // Inherits, so that a member that is missing is still missing.
  const watched = Object.create(strategy) as Record<string, unknown>
  for (const member of MEMBERS) {
    if (typeof strategy[member] !== 'function') continue
    watched[member] = (view: TreeView) => {
      const outer = running
      const cpuBefore = cpuUsage()
      const startedMs = nowMs()
      running = member
      try {
        return strategy[member](view)
      } finally {
        running = outer
        meter.latestMs = nowMs() - startedMs
        meter.latestCpuMs = msSince(cpuBefore)
        meter.answers++
        meter.ms += meter.latestMs
      }
    }
  }
  return watched as unknown as CompactionStrategy
}

/**
 * Runs `work`, which is synchronous, and stops it after `limitMs`, also within an endless loop of
 * the strategy. Throws `TooSlow` then, with `where` in its message.
 */
export function withinTime<Result>(limitMs: number, where: string, work: () => Result): Result {
  const slot = globalThis as { [WORK]?: () => Result }
  const outer = slot[WORK]
  slot[WORK] = work
  try {
    return runInThisContext(CALL, { timeout: limitMs }) as Result
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error
    const what = running === null ? 'the check has not ended' : `${running} has not answered`
    running = null
    throw new TooSlow(`${what} after ${limitMs / 1000} s ${where}`)
  } finally {
    if (outer === undefined) delete slot[WORK]
    else slot[WORK] = outer
  }
}

/** Where the script below finds its work. */
const WORK = Symbol.for('varve.conformance.work')
const CALL = "globalThis[Symbol.for('varve.conformance.work')]()"

/** The time that one rule may take. */
export class Budget {
  readonly #meter: Meter
  readonly #limitMs: number
  readonly #answersBefore: number
  readonly #msBefore: number
  readonly #cpuBefore = cpuUsage()

  constructor(meter: Meter, limitMs: number) {
    this.#meter = meter
    this.#limitMs = limitMs
    this.#answersBefore = meter.answers
    this.#msBefore = meter.ms
  }

  /**
   * Time of the processor, which does not count the waits of a busy machine, or the time that the
   * strategy took, which also counts sleep.
   */
  get ms(): number {
    return Math.max(msSince(this.#cpuBefore), this.#meter.ms - this.#msBefore)
  }

  get isSpent(): boolean {
    return this.ms > this.#limitMs
  }

  /** What it was spent on. */
  get told(): string {
    const answers = this.#meter.answers - this.#answersBefore
    const msPerAnswer = (this.#meter.ms - this.#msBefore) / Math.max(answers, 1)
    const seconds = (this.ms / 1000).toFixed(1)
    return `${seconds} s and ${answers} answers, ${msPerAnswer.toPrecision(2)} ms each`
  }
}
