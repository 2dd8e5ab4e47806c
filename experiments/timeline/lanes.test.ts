import { expect, test } from 'vitest'
import { lanesOf } from './lanes.ts'
import type { TimelineEdit } from './timeline-run.ts'

/** Edits by the number of edits after which their jobs started; null: unknown. */
function editsOf(...startedAfter: readonly (number | null)[]): readonly TimelineEdit[] {
  return startedAfter.map((after) => ({
    kind: 'merge',
    phase: 'run',
    atOperation: 0,
    userBytes: 0,
    newRuns: [],
    removed: [],
    added: [],
    reason: null,
    ...(after !== null && { startedAfter: after }),
  }))
}

const lanes = (...startedAfter: readonly (number | null)[]) =>
  lanesOf(editsOf(...startedAfter)).map(({ from, to, lane }) => `${from}-${to} in ${lane}`)

test('jobs one after another share a lane', () => {
  expect(lanes(0, 1, 2)).toEqual(['0-1 in 0', '1-2 in 0', '2-3 in 0'])
})

test('a job that runs beside others has a lane of its own, and gives it back', () => {
  expect(lanes(0, 1, 2, 0, 4)).toEqual(['0-1 in 0', '1-2 in 0', '2-3 in 0', '0-4 in 1', '4-5 in 0'])
  expect(lanes(0, 0, 0)).toEqual(['0-1 in 0', '0-2 in 1', '0-3 in 2'])
})

test('inline runs have none', () => {
  expect(lanes(null, null)).toEqual([])
})
