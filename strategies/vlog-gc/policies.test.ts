import { describe, expect, test } from 'vitest'
import type { SegmentStats } from '../../engine/compaction/value-log-policy.ts'
import { parseEngineOptions } from '../../engine/db/options.ts'
import { valueLogPolicyOf } from './index.ts'

/** Segments as 'number:recordBytes/referencedBytes'. */
function viewOf(text: string, unsealedBytes = 0) {
  const segments = text.split(' ').map((part): SegmentStats => {
    const [segment, recordBytes, referencedBytes] = part.split(/[:/]/).map(Number)
    return {
      segment: segment!,
      records: 1,
      recordBytes: recordBytes!,
      referencedBytes: referencedBytes!,
    }
  })
  return Object.freeze({ segments: Object.freeze(segments), unsealedBytes })
}

function policy(gcPolicy: string, given: object = {}) {
  const { valueLog } = parseEngineOptions({ valueLog: { gcPolicy, ...given } })
  return valueLogPolicyOf(valueLog)!
}

const LOG = '3:100/90 5:100/20 8:100/60 9:100/20'

describe.each(['fifo', 'most-garbage'])('%s', (name) => {
  test('rests while the log is within referenced ÷ fill fraction', () => {
    // 190 of 400 bytes are referenced.
    expect(policy(name, { fillFraction: 0.475 }).pick(viewOf(LOG))).toBe(null)
    expect(policy(name, { fillFraction: 0.476 }).pick(viewOf(LOG))).not.toBe(null)
  })

  test('takes a capacity instead, whatever is referenced', () => {
    expect(policy(name, { capacityBytes: 400 }).pick(viewOf(LOG))).toBe(null)
    expect(policy(name, { capacityBytes: 399 }).pick(viewOf(LOG))).not.toBe(null)
    expect(policy(name, { capacityBytes: 400 }).pick(viewOf(LOG, 1))).not.toBe(null)
  })

  test('gives the formula with its values', () => {
    const { segment, reason } = policy(name, { capacityBytes: 300 }).pick(viewOf(LOG))!
    expect(reason).toMatchObject({
      formula: 'logBytes > capacityBytes',
      values: { logBytes: 400, capacityBytes: 300, segment },
    })
  })

  test('moves nothing in compactions', () => {
    expect(policy(name).relocateBelow(viewOf(LOG))).toBe(0)
  })
})

test('fifo cleans the oldest', () => {
  expect(policy('fifo', { capacityBytes: 1 }).pick(viewOf(LOG))?.segment).toBe(3)
})

test('most-garbage cleans where most is garbage, the oldest of equals, and nothing all live', () => {
  const { pick } = policy('most-garbage', { capacityBytes: 1 })
  expect(pick(viewOf(LOG))?.segment).toBe(5)
  expect(pick(viewOf('1:10/10 2:10/10'))).toBe(null)
})

test.each([
  [0, 0],
  [0.25, 4],
  [0.5, 6],
  [0.74, 6],
  [1, 10],
])('age-cutoff at %d has compactions move values out of segments below %i', (ageCutoff, below) => {
  expect(policy('age-cutoff', { ageCutoff }).relocateBelow(viewOf(LOG))).toBe(below)
  expect(policy('age-cutoff', { ageCutoff }).pick(viewOf(LOG))).toBe(null)
})

test('a name nobody has is an error, none is no policy', () => {
  expect(() => policy('fifa')).toThrow('no value-log policy is called fifa')
  expect(valueLogPolicyOf(parseEngineOptions({}).valueLog)).toBe(null)
})
