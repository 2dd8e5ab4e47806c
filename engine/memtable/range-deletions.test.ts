import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareBytes } from '../base/compare.ts'
import { ENTRY_KIND } from '../base/internal-key.ts'
import { Lookup } from '../base/lookup.ts'
import { collectEntries } from '../testing/oracles/array-cursor.ts'
import { MemTable } from './memtable.ts'

const keyOf = (n: number) => Uint8Array.of(7, n)

function deleteRange(table: MemTable, seq: number, from: Uint8Array, to: Uint8Array): void {
  const both = Uint8Array.of(...from, ...to)
  table.addRangeDeletion(seq, both, 0, from.length, from.length, to.length)
}

function put(table: MemTable, seq: number, key: Uint8Array): void {
  table.add(seq, ENTRY_KIND.value, key, 0, key.length, key, 0, key.length)
}

const KEYS = 12
const write = fc.record({ n: fc.nat(KEYS), width: fc.integer({ min: -6, max: 4 }) })

test('answers at every moment as a list of writes does, also where it is shared', () => {
  fc.assert(
    fc.property(fc.array(write, { maxLength: 25 }), (writes) => {
      const table = new MemTable({ capacityBytes: 0, seed: 5 })
      const early = MemTable.over(structuredClone(table.share()))
      const moments: (number | null)[][] = [Array(KEYS + 1).fill(null)]
      const lookup = new Lookup()
      for (const [index, { n, width }] of writes.entries()) {
        const seq = index + 1
        const state = [...moments.at(-1)!]
        if (width <= 0) {
          put(table, seq, keyOf(n))
          state[n] = seq
        } else {
          deleteRange(table, seq, keyOf(n), keyOf(n + width))
          state.fill(null, n, n + width)
        }
        moments.push(state)
        // A reader takes the deletions that came since its last read.
        if (index % 3 === 0) early.get(keyOf(n), seq, lookup)
      }
      for (const reader of [table, early, MemTable.over(structuredClone(table.share()))]) {
        for (const [seq, state] of moments.entries()) {
          for (let n = 0; n <= KEYS; n++) {
            const isFound = reader.get(keyOf(n), seq, lookup)
            const found = isFound && lookup.kind === ENTRY_KIND.value ? lookup.seq : null
            expect([n, seq, found]).toEqual([n, seq, state[n]])
          }
        }
      }
    }),
  )
})

test('range deletions are no entries of the cursor, but count as entries and bytes', () => {
  const table = new MemTable({ capacityBytes: 0, seed: 5 })
  expect(table.rangeDeletions).toBeNull()
  deleteRange(table, 3, keyOf(1), Uint8Array.of(8))
  expect(collectEntries(table.cursor())).toEqual([])
  expect(table).toMatchObject({
    isEmpty: false,
    entries: 1,
    tombstones: 1,
    rawBytes: 3,
    rawKeyBytes: 2,
    seqMin: 3,
    seqMax: 3,
  })
  put(table, 4, keyOf(2))
  expect(collectEntries(table.cursor()).map(({ seq }) => seq)).toEqual([4])
})

test('a new memtable in a used arena has no range deletions of the old one', () => {
  let idle: SharedArrayBuffer | null = null
  const arenas = {
    take: (bytes: number) => (idle?.byteLength === bytes ? idle : new SharedArrayBuffer(bytes)),
    give: (arena: SharedArrayBuffer) => {
      idle = arena
    },
  }
  const make = () => new MemTable({ capacityBytes: 1000, seed: 5, arenas: arenas as never })
  const first = make()
  deleteRange(first, 1, keyOf(0), keyOf(9))
  expect(first.rangeDeletions?.fragments).toHaveLength(1)
  first.release()
  expect(idle).not.toBeNull()
  expect(make().rangeDeletions).toBeNull()
})

test('fragments lie in the order of keys', () => {
  const table = new MemTable({ capacityBytes: 0, seed: 5 })
  deleteRange(table, 1, keyOf(4), keyOf(9))
  deleteRange(table, 2, keyOf(1), keyOf(5))
  const { fragments } = table.rangeDeletions!
  expect(fragments.map(({ seqs }) => seqs)).toEqual([[2], [2, 1], [1]])
  expect(compareBytes(fragments[0]!.from, keyOf(1))).toBe(0)
})
