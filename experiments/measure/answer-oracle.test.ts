import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { EntrySink, Target } from '../base/target.ts'
import { AnswerOracle } from './answer-oracle.ts'
import { ScannedEntries } from './scanned-entries.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const keyOf = (number: number) => bytes(`key${String(number).padStart(6, '0')}`)
const valueBytes = (version: number) => new Uint8Array(20).fill(version)

/** A target backed by a map; the oracle only calls its scans. */
function targetOf(
  map: ReadonlyMap<number, number>,
  shown = (entries: [number, number][]) => entries,
) {
  const sorted = [...map].sort(([a], [b]) => a - b)
  const scan = (from: Uint8Array, entries: number, sink?: EntrySink | null) => {
    const rest = sorted.filter(([number]) => Buffer.compare(keyOf(number), from) >= 0)
    const seen = shown(rest).slice(0, entries)
    for (const [number, version] of seen) {
      const [key, value] = [keyOf(number), valueBytes(version)]
      sink?.add(key, 0, key.length, value, 0, value.length)
    }
    return seen.length
  }
  return { scan } as unknown as Target
}

function loaded(records: number, options: { trackedMax?: number; mayForget?: boolean } = {}) {
  const oracle = new AnswerOracle({ expectedRecords: 16, ...options })
  const map = new Map<number, number>()
  for (let number = 0; number < records; number++) {
    oracle.put(keyOf(number), number, valueBytes(1))
    map.set(number, 1)
  }
  return { oracle, map }
}

test('agrees with a map after any writes, with itself as the target', async () => {
  const write = fc.record({ number: fc.nat(60), version: fc.nat(255), deletes: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(fc.array(write, { maxLength: 3000, size: 'max' }), async (writes) => {
      const oracle = new AnswerOracle({ expectedRecords: 1 })
      const map = new Map<number, number>()
      for (const { number, version, deletes } of writes) {
        if (deletes) {
          oracle.delete(keyOf(number))
          map.delete(number)
        } else {
          oracle.put(keyOf(number), number, valueBytes(version))
          map.set(number, version)
        }
        const version2 = map.get(number)
        oracle.checkGet(keyOf(number), version2 === undefined ? undefined : valueBytes(version2), 0)
      }
      await oracle.checkAll(targetOf(map), writes.length)
      const { wrong, gets, entries } = oracle.figures()
      expect({ wrong, gets, entries }).toEqual({ wrong: 0, gets: writes.length, entries: map.size })
    }),
    { numRuns: 50 },
  )
})

test('grows with its keys, and takes deleted ones back', async () => {
  const { oracle, map } = loaded(20_000)
  const memory = oracle.figures().memoryBytes
  for (let number = 20_000; number < 100_000; number++) {
    oracle.put(keyOf(number), number, valueBytes(2))
    oracle.delete(keyOf(number))
  }
  expect(oracle.figures().memoryBytes).toBeLessThanOrEqual(2 * memory)
  await oracle.checkAll(targetOf(map), 0)
  expect(oracle.figures()).toMatchObject({ wrong: 0, entries: 20_000, oneIn: 1 })
})

test.each([
  ['an old version', (oracle: AnswerOracle) => oracle.checkGet(keyOf(7), valueBytes(1), 9)],
  ['a lost key', (oracle: AnswerOracle) => oracle.checkGet(keyOf(7), undefined, 9)],
  ['a deleted key', (oracle: AnswerOracle) => oracle.checkGet(keyOf(3), valueBytes(1), 9)],
  ['a key never written', (oracle: AnswerOracle) => oracle.checkGet(keyOf(99), valueBytes(1), 9)],
])('a get of %s is wrong, and is reported', (_, get) => {
  const { oracle } = loaded(10)
  oracle.put(keyOf(7), 7, valueBytes(2))
  oracle.delete(keyOf(3))
  get(oracle)
  const { wrong, mismatches } = oracle.figures()
  expect(wrong).toBe(1)
  expect(mismatches).toMatchObject([{ operation: 9, by: 'get' }])
  expect(mismatches[0]!.expected).not.toBe(mismatches[0]!.got)
})

const dropped = (lost: number) => (entries: [number, number][]) =>
  entries.filter(([number]) => number !== lost)

test.each<[string, (entries: [number, number][]) => [number, number][], object]>([
  ['loses a key', dropped(712), { key: 'record 712', got: 'nothing' }],
  ['loses the last key', dropped(1999), { key: 'record 1999', got: 'nothing' }],
  [
    'shows an old version',
    (entries) => entries.map(([number, v]) => [number, number === 712 ? 0 : v]),
    { key: 'key000712' },
  ],
  [
    'shows a key that is not there',
    (entries) => entries.flatMap((one) => (one[0] === 712 ? [one, [2712, 1]] : [one])),
    { key: 'key002712', expected: 'nothing' },
  ],
])('a tree that %s is wrong at the end', async (_, shown, told) => {
  const { oracle, map } = loaded(2000)
  await oracle.checkAll(targetOf(map, shown), 5000)
  expect(oracle.figures().wrong).toBeGreaterThan(0)
  expect(oracle.figures().mismatches[0]).toMatchObject({ operation: 5000, by: 'end', ...told })
})

test('a scan that goes back, or shows a key twice, is wrong', () => {
  const { oracle } = loaded(10)
  const entries = new ScannedEntries()
  for (const number of [4, 6, 6, 5]) {
    const [key, value] = [keyOf(number), valueBytes(1)]
    entries.add(key, 0, key.length, value, 0, value.length)
  }
  oracle.checkScan(keyOf(4), entries, 1)
  expect(oracle.figures()).toMatchObject({ scans: 1, entries: 4, wrong: 2 })
  oracle.checkScan(keyOf(5), entries, 1)
  expect(oracle.figures().wrong).toBe(5)
})

test('what a retention may drop is counted, not wrong; an old version still is', async () => {
  const { oracle, map } = loaded(100, { mayForget: true })
  oracle.checkGet(keyOf(1), undefined, 0)
  oracle.checkGet(keyOf(2), valueBytes(9), 0)
  map.delete(50)
  await oracle.checkAll(targetOf(map), 0)
  expect(oracle.figures()).toMatchObject({ wrong: 1, forgotten: 2 })
})

test('bounds its memory by a sample of the keys, and judges no others', async () => {
  const { oracle, map } = loaded(50_000, { trackedMax: 1000 })
  const { oneIn, memoryBytes } = oracle.figures()
  expect(oneIn).toBeGreaterThanOrEqual(50)
  expect(oneIn).toBeLessThanOrEqual(256)
  expect(memoryBytes).toBeLessThan(100_000)
  await oracle.checkAll(targetOf(map), 0)
  const { entries, wrong } = oracle.figures()
  expect(wrong).toBe(0)
  expect(entries * oneIn).toBeGreaterThan(40_000)
  expect(entries * oneIn).toBeLessThan(60_000)
  for (let number = 0; number < 50_000; number++) oracle.checkGet(keyOf(number), valueBytes(2), 0)
  expect(oracle.figures().wrong).toBe(entries)
  expect(oracle.figures().mismatches).toHaveLength(10)
})

test('copies of entries are distinguished, whatever their sizes', () => {
  const pairs = fc.array(fc.tuple(fc.uint8Array({ maxLength: 300 }), fc.uint8Array()), {
    maxLength: 400,
    size: 'max',
  })
  const entries = new ScannedEntries()
  fc.assert(
    fc.property(pairs, (list) => {
      entries.clear()
      for (const [key, value] of list) entries.add(key, 0, key.length, value, 0, value.length)
      expect(entries.count).toBe(list.length)
      for (const [at, [key, value]] of list.entries()) {
        expect(Buffer.compare(entries.key(at), key)).toBe(0)
        expect(Buffer.compare(entries.value(at), value)).toBe(0)
      }
    }),
    { numRuns: 50 },
  )
})
