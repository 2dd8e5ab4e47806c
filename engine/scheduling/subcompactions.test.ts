import { expect, test } from 'vitest'
import { createRandom, deriveSeed } from '../base/random.ts'
import { ALL_KEYS } from '../compaction/merge-rules.ts'
import { tablesOf } from '../version/run.ts'
import type { TableMeta } from '../version/table-meta.ts'
import { parseVersion, printKey } from '../version/text.ts'
import type { JobOrder, JobOutcome } from './job-order.ts'
import { divide, joinOutcomes } from './subcompactions.ts'

/** An order to merge all runs of the tree given as text. */
function orderOf(tree: string, targets: readonly (number | null)[] = [10]): JobOrder {
  const { levels } = parseVersion(tree)
  return {
    id: 7,
    cause: 'compaction',
    snapshots: [],
    ancestry: { createdAtMs: 0, oldestWriteAtMs: 0, oldestTombstoneAtMs: null },
    source: {
      runs: levels.flatMap(({ runs }, level) =>
        runs.map((run) => ({ level, tables: [...tablesOf(run)] })),
      ),
    },
    destinations: targets.map((targetTableBytes) => ({
      level: 1,
      fromKey: null,
      targetTableBytes,
      cutKeys: [],
      softCuts: null,
      bitsPerKey: 10,
      olderRanges: [],
    })),
    keys: ALL_KEYS,
    values: null,
  }
}

const tablesIn = ({ source }: JobOrder): readonly TableMeta[] =>
  'runs' in source ? source.runs.flatMap((run) => run.tables) : []

/** A part as 'from–to: ids of tables'. */
function print(part: JobOrder): string {
  const { from, to } = part.keys
  const [first, end] = [from, to].map((key) => (key === null ? '' : printKey(key)))
  return `${first}–${end}: ${tablesIn(part).map(({ id }) => id)}`
}

const divided = (tree: string, partsMax: number, targets?: readonly (number | null)[]) =>
  divide(orderOf(tree, targets), partsMax).map(print)

const FLAT = `
L0
  R2: 1[a,z] values=40
L1
  R1: 2[a,d] values=10; 3[e,h] values=10; 4[i,l] values=10; 5[m,p] values=10`

test.each([
  [1, ['–: 1,2,3,4,5']],
  [2, ['–i: 1,2,3', 'i–: 1,4,5']],
  [4, ['–e: 1,2', 'e–i: 1,3', 'i–m: 1,4', 'm–: 1,5']],
  // There are no more borders, since only first keys of tables are known.
  [8, ['–e: 1,2', 'e–i: 1,3', 'i–m: 1,4', 'm–: 1,5']],
])('%i parts', (partsMax, parts) => {
  expect(divided(FLAT, partsMax)).toEqual(parts)
})

test('borders follow the bytes, not the number of tables', () => {
  const tree = `
L1
  R1: 2[a,b] values=10; 3[c,d] values=10; 4[e,f] values=10; 5[g,h] values=30`
  expect(divided(tree, 2)).toEqual(['–g: 2,3,4', 'g–: 5'])
})

test('no part is planned smaller than an output table', () => {
  expect(divided(FLAT, 8, [40])).toHaveLength(2)
  expect(divided(FLAT, 8, [10, 41])).toHaveLength(1)
  expect(divided(FLAT, 8, [81])).toHaveLength(1)
})

test('a merge into one table stays whole, and so does one of equal ranges', () => {
  const [whole] = divide(orderOf(FLAT, [10, null]), 4)
  expect(whole).toEqual(orderOf(FLAT, [10, null]))
  const equal = `
L0
  R2: 1[a,z] values=40
  R1: 2[a,z] values=40`
  expect(divided(equal, 4)).toEqual(['–: 1,2'])
})

test('a flush stays whole', () => {
  const flush = { ...orderOf(FLAT), source: { memtable: {} as never } }
  expect(divide(flush, 4)).toEqual([flush])
})

test('parts keep what the order says besides its tables', () => {
  const order = orderOf(FLAT, [10, 20])
  for (const part of divide(order, 4)) {
    const rest = { source: null, keys: null }
    expect({ ...part, ...rest }).toEqual({ ...order, ...rest })
  }
})

test('every key of every table is read by exactly one part', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = createRandom(deriveSeed(seed, 'subcompactions'))
    const tree = drawnTree(random.nextBelow)
    const order = orderOf(tree, [1 + random.nextBelow(20)])
    const parts = divide(order, 1 + random.nextBelow(6))
    for (let key = 0; key < 100; key++) {
      const bytes = keyOf(key)
      const owners = parts.filter(({ keys: { from, to } }) => {
        const isAfter = from === null || Buffer.compare(from, bytes) <= 0
        return isAfter && (to === null || Buffer.compare(bytes, to) < 0)
      })
      expect(owners, `seed ${seed}`).toHaveLength(1)
      const holders = (tables: readonly TableMeta[]) =>
        tables
          .filter(({ smallest, largest }) => {
            return Buffer.compare(smallest, bytes) <= 0 && Buffer.compare(bytes, largest) <= 0
          })
          .map(({ id }) => id)
      expect(holders(tablesIn(owners[0]!)), `seed ${seed}`).toEqual(holders(tablesIn(order)))
    }
  }
})

const keyText = (key: number) => `k${String(key).padStart(2, '0')}`
const keyOf = (key: number) => new TextEncoder().encode(keyText(key))

/** A tree of a few runs with drawn tables over 100 keys. */
function drawnTree(below: (bound: number) => number): string {
  let id = 1
  const runs = Array.from({ length: 1 + below(4) }, (_, run) => {
    const tables: string[] = []
    for (let key = below(10); key < 100; ) {
      const last = Math.min(99, key + below(30))
      tables.push(`${id++}[${keyText(key)},${keyText(last)}] values=${1 + below(40)}`)
      key = last + 1 + below(10)
    }
    return `  R${run + 1}: ${tables.join('; ')}`
  })
  return `L0\n${runs.join('\n')}`
}

test('parts are of similar size where tables are small', () => {
  const tables = Array.from({ length: 99 }, (_, at) => {
    return `${at + 1}[${keyText(at)},${keyText(at)}] values=10`
  })
  const parts = divide(orderOf(`L1\n  R1: ${tables.join('; ')}`), 4)
  expect(parts.map((part) => tablesIn(part).length)).toEqual([25, 25, 24, 25])
})

test('outcomes are joined in the order of the parts', () => {
  const outcome = (id: number): JobOutcome => ({
    written: [{ destination: id % 2, table: { id } as TableMeta }],
    sealed: [{ segment: id, records: 1, recordBytes: 10 }],
    dropped: { shadowed: id, tombstones: 1 },
    movedBytes: 10 * id,
  })
  const joined = joinOutcomes([outcome(1), outcome(2), outcome(3)])
  expect(joined.written.map(({ table }) => table.id)).toEqual([1, 2, 3])
  expect(joined.written.map(({ destination }) => destination)).toEqual([1, 0, 1])
  expect(joined.sealed.map(({ segment }) => segment)).toEqual([1, 2, 3])
  expect(joined.dropped).toEqual({ shadowed: 6, tombstones: 3 })
  expect(joined.movedBytes).toBe(60)
})
