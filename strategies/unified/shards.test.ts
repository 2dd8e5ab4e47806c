import { describe, expect, test } from 'vitest'
import { parseVersion } from '../../engine/version/text.ts'
import { levelAt } from '../../engine/version/version.ts'
import { toHex } from '../primitives/round-robin.ts'
import { bucketsOf, grownShards, shardsOf } from './shards.ts'

const bordersAt = (keys: string) => [...keys].map((key) => toHex(new TextEncoder().encode(key)))

describe('buckets', () => {
  /** Each bucket as its shards and the tables of its layers. */
  const bucketsIn = (level: string, borders: string) =>
    bucketsOf(levelAt(parseVersion(`L0\n${level}`), 0), shardsOf(bordersAt(borders))).map(
      ({ from, to, layers }) =>
        `${from}-${to}: ${layers.map((layer) => `R${layer.run.id}[${layer.from},${layer.to})`)}`,
    )

  test('join what overlaps directly or through others, as A, B, C, D of the document', () => {
    const tables = 'R4: 4[b,i]\nR3: 3[g,j]\nR2: 2[c,h]\nR1: 1[a,d]'
    expect(bucketsIn(tables, 'bcdefghij')).toEqual(['0-10: R4[0,1),R3[0,1),R2[0,1),R1[0,1)'])
  })

  test('end at borders that no table crosses', () => {
    const level = `
      R2: 5[a,c]; 6[q,q]
      R1: 1[a,b]; 2[d,h]; 3[k,k]; 4[p,r]`
    expect(bucketsIn(level, 'dip')).toEqual([
      '0-1: R2[0,1),R1[0,1)',
      '1-2: R1[1,2)',
      '2-3: R1[2,3)',
      '3-4: R2[1,2),R1[3,4)',
    ])
    expect(bucketsIn(level, 'g')).toEqual(['0-2: R2[0,2),R1[0,4)'])
  })
})

describe('shards', () => {
  const bordersOf = (version: string, known: string, wanted: number, base = 2) =>
    grownShards(viewOf(version), bordersAt(known), base, wanted)
      .keys.map((key) => String.fromCharCode(...key))
      .join(' ')

  test('the first divide the largest run', () => {
    const tree = 'L0\nR2: 9[a,z]\nL1\nR1: 1[aa,az]; 2[c,cz]; 3[eex,g]; 4[hi,k]'
    // The shortest key that parts two tables.
    expect(bordersOf(tree, '', 2)).toBe('e')
    expect(bordersOf('L0\nR2: 9[a,z]', '', 2)).toBe('')
    // A range deletion ends the second table before the first key of the third.
    expect(bordersOf('L1\nR1: 1[aa,az]; 2[c,ee); 3[ee,g]; 4[hi,k]', '', 2)).toBe('ee')
  })

  test('double where tables begin near the middle of every shard, and keep their borders', () => {
    const halves = 'L1\nR1: 1[a,b]; 2[c,d]; 3[e,f]; 4[g,h]'
    expect(bordersOf(halves, 'e', 4)).toBe('c e g')
    expect(bordersOf(halves, 'e', 3)).toBe('e')
    expect(bordersOf('L1\nR1: 1[a,b]; 2[c,d]; 3[e,f]', 'e', 4)).toBe('e')
    expect(bordersOf(halves.replace('2[c,d]', '2[c,d] values=9'), 'e', 4)).toBe('e')
    expect(bordersOf(`${halves}; 5[i,j]; 6[k,l]; 7[m,n]; 8[o,p]`, 'i', 64)).toBe('c e g i k m o')
  })

  test('may start from one', () => {
    expect(bordersOf('L1\nR1: 1[a,b]; 2[c,d]; 3[e,f]; 4[g,h]', '', 4, 1)).toBe('c e g')
  })

  test('are replaced if one of them has more than half of the tables', () => {
    const ascending = `L1\nR1: ${[...'abcdefghijkl'].map((key, at) => `${at}[${key},${key}]`).join('; ')}`
    expect(bordersOf(ascending, 'c', 2)).toBe('g')
    expect(bordersOf(ascending, 'g', 2)).toBe('g')
  })
})

function viewOf(version: string) {
  return {
    version: parseVersion(version),
    memtableBytes: 10,
    state: null,
    inProgress: [],
    oldestSnapshotSeq: 0,
    nowMs: 0,
    tableStats: () => ({ reads: 0 }),
  }
}
