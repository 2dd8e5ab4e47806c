import { expect, it } from 'vitest'
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
 */
function nodesByLevel(list: SkipList): number[][] {
  const head = HEAD_BYTES / 4
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
