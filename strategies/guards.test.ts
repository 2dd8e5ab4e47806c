import { describe, expect, test } from 'vitest'
import { parseVersion } from '../engine/version/text.ts'
import { cellsOf, learnGuards } from './guards.ts'

const hex = (key: string) => Buffer.from(key).toString('hex')
const learn = (tree: string, known: string[][] = []) =>
  learnGuards(
    parseVersion(tree),
    known.map((keys) => keys.map(hex)),
  ).map((keys) => keys.map((key) => Buffer.from(key, 'hex').toString()))

describe('guards are learned', () => {
  test('where a run goes on and nothing of the level crosses', () => {
    expect(learn('L1\nR1: 1[a,c]; 2[f,h]; 3[m,z]')).toEqual([[], ['f', 'm']])
    expect(learn('L1\nR2: 4[b,g]\nR1: 1[a,c]; 2[f,h]; 3[m,z]')).toEqual([[], ['m']])
  })

  test('within one cell only: tables of neighbouring cells show nothing new', () => {
    expect(learn('L1\nR1: 1[a,c]; 2[h,k]', [[], ['f']])).toEqual([[], ['f']])
    expect(learn('L1\nR1: 1[a,c]; 2[h,k]; 3[m,p]', [[], ['f']])).toEqual([[], ['f', 'm']])
  })

  test('for all deeper levels, where no table crosses them', () => {
    const tree = 'L1\nR2: 1[a,c]; 2[f,h]\nL2\nR1: 3[a,d]; 4[g,k]; 5[m,n]'
    expect(learn(tree)).toEqual([[], ['f'], ['m']])
    expect(learn(tree.replace('3[a,d]; 4[g,k]', '3[a,g]; 4[h,k]'))).toEqual([[], ['f'], ['h', 'm']])
  })

  test('and never forgotten', () => {
    expect(learn('L1\nR1: 1[a,z]', [[], ['f'], ['m']])).toEqual([[], ['f'], ['m']])
    expect(learn('', [[], ['f'], ['m']])).toEqual([[], ['f'], ['m']])
  })
})

test('a level by cell: guards that are crossed divide nothing', () => {
  const version = parseVersion('L1\nR2: 4[a,b]; 5[n,p]\nR1: 1[a,c]; 2[f,h]; 3[i,z]')
  const cells = cellsOf(version, 1, [[], ['d', 'f', 'm'].map(hex)])
  const ids = cells.map(({ from, fragments }) => [
    from === null ? '' : Buffer.from(from).toString(),
    fragments.map(({ height, tables }) => `${height}: ${tables.map(({ id }) => id)}`),
  ])
  expect(ids).toEqual([
    ['', ['1: 4', '0: 1']],
    ['d', []],
    ['f', ['1: 5', '0: 2,3']],
  ])
})
