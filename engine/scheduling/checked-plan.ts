/**
 * Owns the check of a scheduling policy's answers, where they enter the engine. A wrong answer is
 * refused in one line that names the policy and the field (`LSM_UNSAFE_COMPACTION`, rule `form`).
 * Invariant: a checked plan keeps at least one job going, and at most as many as there are workers.
 */

import { amountIn, listIn, positiveIn, recordIn, wrong } from '../compaction/answer-fields.ts'
import type { SchedulingPlan, SchedulingPolicy, SchedulingView } from './policy.ts'

/** Shares such as 1/3 do not add up to exactly 1. */
const ROUNDING = 1e-9

/** How many merges may be picked and not yet installed. */
export function mergesMaxOf(policy: SchedulingPolicy, workers: number): number {
  const asked = { strategy: policy.name, member: 'mergesMax', policy: 'scheduling policy' } as const
  return positiveIn(asked, '', policy.mergesMax(workers))
}

/** The policy's plan for `view`, as a frozen copy. Throws the errors that the header describes. */
export function checkedPlan(policy: SchedulingPolicy, view: SchedulingView): SchedulingPlan {
  const asked = { strategy: policy.name, member: 'plan', policy: 'scheduling policy' } as const
  const { jobs, workers } = view
  const answer = recordIn(asked, '', policy.plan(view), 'a plan')
  const shares = listIn(asked, 'shares', answer.shares, (share, at) =>
    amountIn(asked, 'shares', share, at),
  )
  if (shares.length !== jobs.length) {
    throw wrong(asked, 'shares', shares, `an array of ${jobs.length}, one for each job of the view`)
  }
  const running = shares.filter((share) => share > 0).length
  if (running === 0 && jobs.length > 0) {
    throw wrong(asked, 'shares', shares, 'such that at least one job has a share')
  }
  if (running > workers) {
    const wanted = `such that no more jobs than the ${workers} workers have a share`
    throw wrong(asked, 'shares', shares, `${wanted}; ${running} have one`)
  }
  const sum = shares.reduce((total, share) => total + share, 0)
  if (sum > 1 + ROUNDING) {
    throw wrong(asked, 'shares', shares, `at most 1 in sum; the sum is ${sum}`)
  }
  const { bytesPerSecond } = answer
  return Object.freeze({
    shares,
    bytesPerSecond:
      bytesPerSecond === null ? null : positiveIn(asked, 'bytesPerSecond', bytesPerSecond),
  })
}
