import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { setParanoid } from '../base/assert.ts'
import { compareBytes } from '../base/compare.ts'
import { Ledger } from '../storage/ledger.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { bytes, everyNth, openTest } from '../testing/fixtures.ts'
import { Interleaving, type Schedule, schedules } from '../testing/interleavings.ts'
import { TreeCheck } from '../testing/oracles/check-tree.ts'
import { KEY_BYTES_MAX, WriteBatch } from '../wal/write-batch.ts'
import type { EngineOptionsInput } from './options.ts'

beforeAll(() => setParanoid(true))
afterAll(() => setParanoid(false))

const long = (last: number) => new Uint8Array(KEY_BYTES_MAX).fill(0x6b).with(-1, last)

/** Ascending: the ends of the key space, prefixes of one another, and the longest keys. */
const KEYS = [
  new Uint8Array(),
  Uint8Array.of(0),
  Uint8Array.of(0, 0),
  bytes('k'),
  bytes('k\0'),
  bytes('key'),
  bytes('key\xff'),
  long(0),
  long(0xff),
  Uint8Array.of(0xff),
  Uint8Array.of(0xff, 0xff),
  new Uint8Array(KEY_BYTES_MAX).fill(0xff),
].sort(compareBytes)

/** Text of one character a byte, as comparing that is fast. */
const show = (key: Uint8Array, value: Uint8Array) =>
  `${Buffer.from(key).toString('latin1')}=${Buffer.from(value).toString('latin1')}`

const SETUPS: readonly EngineOptionsInput[] = [
  { memtableBytes: 4096, blockBytes: 64, blockRestartInterval: 1, blockCacheBytes: 0 },
  { memtableBytes: 64 * 1024, blockBytes: 4096, compression: 'zstd' },
  { memtableBytes: 16 * 1024 * 1024, blockBytes: 64, compression: 'none' },
  { memtableBytes: 8192, blockBytes: 16 * 1024 * 1024, blockRestartInterval: 1024 },
]

/** Around the limits of a byte, of a log block, of the memtables and far beyond. */
const valueBytes = fc.constantFrom(0, 1, 127, 128, 4095, 4096, 32_761, 32_768, 70_000, 300_000)
const keyIndex = fc.nat(KEYS.length - 1)
const step = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(fc.constant('put' as const), keyIndex, valueBytes) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('delete' as const), keyIndex) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('empty batch' as const)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('huge batch' as const), fc.integer({ max: 3000 })) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('flush' as const)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('reopen' as const), fc.nat(SETUPS.length - 1)) },
)

describe('keys and values of every size', { timeout: 120_000 }, () => {
  test('are read back under any memtable and block size, and after a reopen with others', () => {
    type Steps = readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[]
    const run = (steps: Steps, schedule: Schedule) => {
      const interleaving = new Interleaving(schedule)
      const storage = new MemoryStorage(new Ledger())
      const opened = (setup: number) =>
        openTest({ storage, strategy: everyNth(2), ...interleaving.open(SETUPS[setup]) }).db
      let db = opened(0)
      const oracle = new Map<number, Uint8Array>()
      const put = (batch: WriteBatch, index: number, length: number) => {
        const value = new Uint8Array(length).fill(db.lastSeq)
        oracle.set(index, value)
        batch.put(KEYS[index]!, value)
      }
      for (const one of steps) {
        const batch = new WriteBatch()
        if (one[0] === 'put') put(batch, one[1], one[2])
        else if (one[0] === 'delete') {
          batch.delete(KEYS[one[1]]!)
          oracle.delete(one[1])
        } else if (one[0] === 'huge batch') {
          for (let n = 0; n < one[1]; n++) put(batch, (n * 5) % KEYS.length, n % 50)
        } else if (one[0] === 'flush') db.flush()
        else if (one[0] === 'reopen') {
          db.close()
          db = opened(one[1])
        }
        db.writeSync(batch, { sync: one[0] === 'empty batch' })
        interleaving.turn()
      }
      const expected = [...oracle].sort(([a], [b]) => a - b).map(([at, v]) => show(KEYS[at]!, v))
      const shown = (options = {}) => Array.from(db.scan(options), ([key, v]) => show(key, v))
      expect(shown()).toEqual(expected)
      expect(shown({ reverse: true })).toEqual(expected.toReversed())
      for (const [index, key] of KEYS.entries()) {
        const value = db.get(key)
        expect(value && show(key, value)).toBe(oracle.has(index) ? expected.shift() : undefined)
      }
      db.flush()
      new TreeCheck(storage, '/db').check(db.version)
      db.close()
    }
    const steps = fc.array(step, { minLength: 5, maxLength: 25 })
    fc.assert(fc.property(steps, schedules, run), { numRuns: 25 })
  })

  test('a memtable is flushed when it is exactly full, and not one byte before', () => {
    const { db } = openTest()
    const batch = new WriteBatch()
    batch.put(bytes('k'), new Uint8Array(4094))
    db.writeSync(batch)
    expect(db.metrics().flushes).toBe(0)
    batch.clear()
    batch.delete(bytes('x'))
    db.writeSync(batch)
    expect(db.metrics().flushes).toBe(1)
    expect(db.metrics().memtableRawBytes).toBe(0)
  })
})
