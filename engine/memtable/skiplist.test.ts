import { expect, it } from 'vitest'
import { CursorFields } from '../base/internal-cursor.ts'
import { createRandom } from '../base/random.ts'
import { HEAD_BYTES, newArena, SkipList } from './skiplist.ts'

const ENTRIES = 20_000
const EMPTY = new Uint8Array(0)

function filled(seed: number): SkipList {
  const list = new SkipList(newArena(HEAD_BYTES), seed)
  const random = createRandom(1)
  const key = new Uint8Array(6)
  for (let seq = 1; seq <= ENTRIES; seq++) {
    for (let i = 0; i < key.length; i++) key[i] = random.nextBelow(256)
    list.insert(seq, 1, key, 0, key.length, EMPTY, 0, 0)
  }
  return list
}

/**
 * The nodes on each level, lowest level first. A node's link to level i is 1 + i words before it.
 * The last word of the head is no link of the skiplist.
 */
function nodesByLevel(list: SkipList): number[][] {
  const head = HEAD_BYTES / 4 - 1
  return Array.from({ length: head }, (_, level) => {
    const nodes: number[] = []
    for (let node = head; ; nodes.push(node)) {
      node = list.words[node - 1 - level]!
      if (node === 0) return nodes
    }
  })
}

it('keeps a quarter of the nodes on each higher level, in the same order', () => {
  const levels = nodesByLevel(filled(17))
  levels.forEach((nodes, level) => {
    const expected = ENTRIES / 4 ** level
    expect(Math.abs(nodes.length - expected)).toBeLessThanOrEqual(5 * Math.sqrt(expected) + 1)
    const above = new Set(levels[level + 1] ?? [])
    expect(nodes.filter((node) => above.has(node))).toEqual(levels[level + 1] ?? [])
  })
})

it('lays out equal arenas for equal seeds, and different ones for different seeds', () => {
  expect(filled(5).bytes).toEqual(filled(5).bytes)
  expect(nodesByLevel(filled(5))).not.toEqual(nodesByLevel(filled(6)))
})

/** Numbers to insert, as keys; a number that comes again is a newer version of its key. */
const ORDERS: Readonly<Record<string, (index: number) => number>> = {
  ascending: (index) => index,
  descending: (index) => ENTRIES - index,
  'two interleaved sequences': (index) => (index & 1) * ENTRIES + index,
  'ascending runs that overlap': (index) => (index % 100) * 7 + Math.floor(index / 100),
  'the same keys again': (index) => index % 1000,
  'one key': () => 5,
}

it.each(Object.keys(ORDERS))('keeps the order of %s, also with reads in between', (name) => {
  const numberAt = ORDERS[name]!
  const list = new SkipList(newArena(HEAD_BYTES), 3)
  const key = new Uint8Array(6)
  const setKey = (number: number) => new DataView(key.buffer).setUint32(2, number)
  const inserted: (readonly [number: number, seq: number])[] = []
  for (let seq = 1; seq <= 3000; seq++) {
    const number = numberAt(seq - 1)
    setKey(number)
    list.insert(seq, 1, key, 0, key.length, EMPTY, 0, 0)
    inserted.push([number, seq])
    if (seq % 5 !== 0) continue
    setKey(numberAt(seq % 50))
    list.before(list.atOrAfter(key, seq) || list.last())
  }
  const expected = inserted.sort((a, b) => a[0] - b[0] || b[1] - a[1])
  const cursor = new CursorFields()
  const found: (readonly [number: number, seq: number])[] = []
  for (let node = list.first(); node !== 0; node = list.after(node)) {
    list.loadCursor(node, cursor)
    const { buffer } = cursor.keyBytes
    found.push([new DataView(buffer).getUint32(cursor.keyStart + 2), cursor.seq])
  }
  expect(found).toEqual(expected)
  const levels = nodesByLevel(list)
  levels.forEach((nodes, level) => {
    const above = new Set(levels[level + 1] ?? [])
    expect(nodes.filter((node) => above.has(node))).toEqual(levels[level + 1] ?? [])
  })
})
