import { describe, expect, test } from 'vitest'
import type { MergeOutput, SoftCuts } from '../../engine/compaction/strategy.ts'
import { parseVersion } from '../../engine/version/text.ts'
import { alignedOutput, grandparentsOf } from './soft-cuts.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const text = (key: Uint8Array) => new TextDecoder().decode(key)

/** Level 2 of RocksDB's CutToAlignGrandparentBoundary; level 3 also overlaps. */
const TREE = `
  L1
    R1: 1[e,s]
  L2
    R2: 3[a,b] values=20; 4[c,e] values=20; 5[h,j] values=20; 6[k,n] values=15 keys=5; 7[q,t] values=20
  L3
    R3: 8[a,z] values=900`

const place = { level: 1, run: 1 }
const range = (smallest: string, largest: string) => ({
  smallest: bytes(smallest),
  largest: bytes(largest),
})

function output(
  from: string,
  to: string,
  params: {
    tree?: string
    softCuts?: 'rocksdb' | 'leveldb' | 'none'
    targetTableBytes?: number
  } = {},
): MergeOutput {
  const { tree = TREE, softCuts = 'rocksdb', targetTableBytes = 100 } = params
  const view = {
    version: parseVersion(tree),
    memtableBytes: 640,
    state: null,
    inProgress: [],
    oldestSnapshotSeq: 0,
    nowMs: 0,
    tableStats: () => ({ reads: 0 }),
  }
  return alignedOutput(view, place, range(from, to), { softCuts, targetTableBytes, bitsPerKey: 8 })
}

/** For example '[a 20, b+ 0]', where + stands for the byte 0. */
function borders({ keys, overlapBytes }: SoftCuts): string {
  const shown = keys.map((key, at) => `${text(key).replace('\0', '+')} ${overlapBytes[at]}`)
  return `[${shown.join(', ')}]`
}

describe('an aligned output', () => {
  test('may end where the tables below it begin and end; the outer ones reach beyond it', () => {
    const { softCuts, ...plain } = output('d', 's')
    expect(borders(softCuts!)).toBe('[c 20, e+ 0, h 20, j+ 0, k 20, n+ 0, q 20, t+ 0]')
    const fields = { place, fromKey: null, cutKeys: [], filter: { bitsPerKey: 8 } }
    expect(plain).toEqual({ ...fields, targetTableBytes: 200 })
  })

  test('may end at the end of a table that ends without its largest key, once', () => {
    const tree = `
  L2
    R2: 3[a,c) values=20; 4[c,e] values=20`
    expect(borders(output('a', 's', { tree }).softCuts!)).toBe('[a 20, c 0, c 20, e+ 0]')
  })

  test('has RocksDB’s limits', () => {
    const { endsFrom, overlapBytesMax, skippedBytesMin } = output('d', 's').softCuts!
    expect(endsFrom.map(Math.round)).toEqual([55, 60, 65, 70, 75, 80, 85, 90])
    expect(overlapBytesMax).toBe(2500)
    expect(skippedBytesMin).toBe(12.5)
    expect(output('d', 's', { targetTableBytes: 0 }).softCuts!.overlapBytesMax).toBe(25 * 640)
  })

  test('by LevelDB’s rule ends where grandparents of ten tables’ size have been passed', () => {
    const ends = (targetTableBytes: number) => {
      const leveldb = output('d', 's', { softCuts: 'leveldb', targetTableBytes })
      expect(leveldb).toMatchObject({ targetTableBytes })
      expect(leveldb).not.toHaveProperty('softCuts')
      return leveldb.cutKeys.map((key) => new TextDecoder().decode(key).replace('\0', '+'))
    }
    // Each of the grandparents has 20 bytes.
    expect(ends(2)).toEqual(['e+', 'j+', 'n+', 't+'])
    expect(ends(4)).toEqual(['j+', 't+'])
    expect(ends(5)).toEqual(['n+'])
    expect(ends(9)).toEqual([])
  })

  test('is cut by size alone where no deeper table overlaps it, and where that is asked for', () => {
    const plain = output('d', 's', { softCuts: 'none' })
    expect(plain).toMatchObject({ targetTableBytes: 100 })
    expect(plain).not.toHaveProperty('softCuts')
    expect(output('u', 'z', { tree: TREE.replace('8[a,z]', '8[a,t]') })).toEqual(plain)
    expect(output('d', 's', { tree: 'L1\n R1: 1[e,s]' })).toEqual(plain)
  })
})

describe('grandparents', () => {
  const ids = (level: number, from: string, to: string) =>
    grandparentsOf(parseVersion(TREE), level, range(from, to)).map(({ id }) => id)

  test('are in the first deeper level that has tables in the range', () => {
    expect(ids(1, 'd', 's')).toEqual([4, 5, 6, 7])
    expect(ids(1, 'b', 'c')).toEqual([3, 4])
    expect(ids(1, 'f', 'g')).toEqual([8])
    expect(ids(2, 'd', 's')).toEqual([8])
    expect(ids(3, 'd', 's')).toEqual([])
  })
})
