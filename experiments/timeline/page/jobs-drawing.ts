/**
 * Owns the strip of jobs under the history: one bar for each job, from the edit after which it
 * started to its own edit. Jobs that overlap lie in different lanes.
 */
import type { JobSpan } from '../lanes.ts'
import type { Moments } from '../moments.ts'
import { type Palette, STRIPE_ALPHA } from './colours.ts'
import { momentX } from './history-drawing.ts'

const LANE_HEIGHT = 9
const LANE_GAP = 2

/** 0 without jobs: the strip is hidden. */
export function jobsHeight(spans: readonly JobSpan[]): number {
  const lanes = Math.max(0, ...spans.map(({ lane }) => lane + 1))
  return lanes * (LANE_HEIGHT + LANE_GAP)
}

export interface DrawnJobs {
  readonly spans: readonly JobSpan[]
  readonly moments: Moments
  /** For each moment, the number of the run's edits that are done. */
  readonly done: Int32Array
  readonly width: number
  readonly palette: Palette
}

export function drawJobs(context: CanvasRenderingContext2D, jobs: DrawnJobs): void {
  const { spans, moments, done, width, palette } = jobs
  context.clearRect(0, 0, width, jobsHeight(spans))
  const momentOf = firstMoments(done)
  for (const { from, to, kind, lane } of spans) {
    const left = momentX(momentOf[from]!, moments, width)
    const right = momentX(momentOf[to]!, moments, width)
    context.fillStyle = kind === 'flush' ? palette.muted : palette.accent
    context.globalAlpha = kind === 'flush' ? STRIPE_ALPHA : 1
    // A gap of a pixel keeps jobs that follow each other apart.
    const length = Math.max(1, right - left - 1)
    context.fillRect(left, lane * (LANE_HEIGHT + LANE_GAP), length, LANE_HEIGHT)
  }
  context.globalAlpha = 1
}

/** The first moment at which each number of edits is done. */
function firstMoments(done: Int32Array): readonly number[] {
  const first: number[] = []
  for (const [moment, edits] of done.entries()) first[edits] ??= moment
  return first
}
