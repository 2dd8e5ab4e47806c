/**
 * Owns the definition of a suite: a named set of runs, and claims about them that hold or do not.
 * Suites are registered in `catalog.ts`; `run-suite.ts` runs one, writes its result and prints it.
 */
import { type Claim, isHeld, type SuiteRun, type SuiteScale } from '../../results/suite-schema.ts'
import type { RunPlan } from '../base/run-plan.ts'
import type { PeerPlan } from '../targets/peers/peer-plan.ts'

export interface Suite {
  readonly name: string
  /** One line for lists. */
  readonly description: string
  /**
   * Approximate seconds at full scale, taken from its result in `results/suites` if there is one.
   */
  readonly fullSeconds: number
  /** The figures of a run that are printed, from left to right, with their headings. */
  readonly columns: readonly SuiteColumn[]
  /** Present if its runs may be done at once: `counted-suite.ts`. */
  readonly counted?: CountedRuns
  run(context: SuiteContext): Promise<SuiteFindings>
}

/** Runs that need nothing from each other, and whose figures are counts. */
export interface CountedRuns {
  /** Resident bytes of one process at full scale, from its result or measured. */
  readonly fullRssBytes: number
  /** Performs the run at this place in the order of the result. Its outcome can be a message. */
  perform(index: number, context: CountedContext): Promise<unknown>
}

/** What a run gets that may be done in another process. */
export interface CountedContext extends Pick<SuiteContext, 'scale' | 'seed' | 'outFolder'> {
  readonly signal: AbortSignal
  /** This share of the run is done. */
  onShare(share: number): void
}

export interface SuiteColumn {
  readonly heading: string
  readonly figure: string
}

export interface SuiteContext {
  readonly scale: SuiteScale
  readonly seed: number
  /** An existing folder; a suite removes what it puts there. */
  readonly outFolder: string
  readonly signal: AbortSignal
  /** Runs at once, each in another process, where the suite has `counted`. */
  readonly jobs: number
  /** The plans for these flags of `exp`. */
  plansOf(flags: readonly string[]): Promise<SuitePlans>
  /** `fraction` is the share of the whole suite. */
  onProgress(what: string, done: number, total: number, fraction: number): void
  /** The run called `what` has ended. Told by suites that have `counted`, in the order of runs. */
  onEnded?(what: string, seconds: number): void
}

/** Runs of our engine or the simulator, and of other stores. */
export interface SuitePlans {
  readonly own: readonly RunPlan[]
  readonly peers: readonly PeerPlan[]
}

export interface SuiteFindings {
  readonly runs: readonly SuiteRun[]
  readonly claims: readonly Claim[]
  /** The peaks of the other processes that did runs, together. */
  readonly otherRssBytes?: number
}

type Figure = Claim['measured']

/** Claims that the measured value equals the expected one. */
export function equalClaim(name: string, measured: Figure, expected: Figure, source: string) {
  return judged({ name, measured, expected, relation: 'equal', tolerance: 0, source })
}

/** Claims that the measured value is within `tolerance` · expected. */
export function withinClaim(
  name: string,
  measured: number,
  expected: number,
  tolerance: number,
  source: string,
): Claim {
  return judged({ name, measured, expected, relation: 'within', tolerance, source })
}

export function atMostClaim(name: string, measured: number, expected: number, source: string) {
  return judged({ name, measured, expected, relation: 'at-most', tolerance: 0, source })
}

function judged(claim: Omit<Claim, 'held'>): Claim {
  return { ...claim, held: isHeld(claim) }
}
