import fc from 'fast-check'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { setParanoid } from '../../base/assert.ts'
import { everyNth, never, RESTLESS_LOG, restless } from '../fixtures.ts'
import { schedules } from '../interleavings.ts'
import { runScript, type Setup, scripts, scriptsWithFullMerges } from './model.ts'

beforeAll(() => setParanoid(true))
afterAll(() => setParanoid(false))

const small = { memtableBytes: 4096, blockBytes: 512, blockCacheBytes: 16 * 1024 }
const setups: readonly Setup[] = [
  { name: 'every 3rd', create: () => everyNth(3), options: small },
  {
    name: 'every 2nd, no cache',
    create: () => everyNth(2),
    options: { ...small, blockCacheBytes: 0 },
  },
  { name: 'never, uncompressed', create: () => never, options: { ...small, compression: 'none' } },
]

/** All that the value log can do; opened under the last one, what is in the log stays there. */
const logSetups: readonly Setup[] = [
  {
    name: 'a log collected all the time',
    create: () => everyNth(2),
    options: { ...small, valueLog: RESTLESS_LOG },
    valueLogPolicy: restless,
  },
  {
    name: 'a compressed log, collected slowly',
    create: () => everyNth(3),
    options: { ...small, valueLog: { ...RESTLESS_LOG, compression: 'lz4', gcRate: 0.5 } },
    valueLogPolicy: restless,
  },
  {
    name: 'a log nobody collects',
    create: () => everyNth(3),
    options: { ...small, blockCacheBytes: 0, valueLog: { thresholdBytes: 200 } },
  },
  { name: 'no log', create: () => everyNth(2), options: small },
]

describe('the database and a sorted map', { timeout: 60_000 }, () => {
  test('answer alike, step by step', () => {
    fc.assert(
      fc.property(scripts(300), schedules, (script, schedule) =>
        runScript(script, setups, schedule),
      ),
      { numRuns: 30 },
    )
  })

  test('answer alike with large values in a log, collected at any moment', () => {
    fc.assert(
      fc.property(scripts(300), schedules, (script, schedule) =>
        runScript(script, logSetups, schedule),
      ),
      { numRuns: 30 },
    )
  })

  test('answer alike with full merges at any moment', () => {
    fc.assert(
      fc.property(scriptsWithFullMerges(200), schedules, (script, schedule) =>
        runScript(script, [...setups, ...logSetups], schedule),
      ),
      { numRuns: 20 },
    )
  })
})
