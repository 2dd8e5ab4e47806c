import { describe, expect, test } from 'vitest'
import { level0, pickOf, running } from './testing/trees.ts'

/** Level 0 alone, and a bound that the newer runs exceed. */
const pick = (params: Record<string, unknown>, ...bytes: number[]) =>
  pickOf({ max_size_amplification_percent: 100, ...params }, level0(...bytes))

/** RocksDB `MightExcludeNewL0sToReduceWriteStop`, from version 8.7 on. */
describe('the newest runs of level 0 stay out', () => {
  test.each([
    ['while they are a tenth of the newer bytes or less', [4, 6, 50, 40, 80], 'R3, L0 R4, L0 R5'],
    ['and one byte more joins', [5, 6, 50, 39, 80], 'R2, L0 R3, L0 R4, L0 R5'],
    ['as long as the rest reaches the bound', [5, 5, 45, 45, 91], 'R2, L0 R3, L0 R4, L0 R5'],
    ['but two runs still merge', [1, 1, 1, 97, 80], 'R4, L0 R5'],
  ])('%s', (_, bytes, merged) => {
    expect(pick({}, ...bytes)).toBe(`merge L0 ${merged} -> L6 new`)
  })

  test('one run of level 0 always joins those of deeper levels', () => {
    const tree = `${level0(1, 1, 1)}\nL5\nR8: 8[a,z] bytes=97\nL6\nR9: 9[a,z] bytes=80`
    expect(pickOf({ max_size_amplification_percent: 100 }, tree)).toBe(
      'merge L0 R3, L5 R8, L6 R9 -> L6 R9',
    )
  })

  test('fewer if merges are narrow: as many as are missing up to the stop of writers', () => {
    const bytes = [1, 1, 1, 97, 80]
    const width = (max_merge_width: number) =>
      pick({ max_merge_width, level0_stop_writes_trigger: 10 }, ...bytes)
    expect(width(5)).toMatch(/^merge L0 R1,/)
    expect(width(6)).toMatch(/^merge L0 R2,/)
    expect(width(7)).toMatch(/^merge L0 R3,/)
  })

  test('or none, if as many as are needed against a stop cannot', () => {
    const bytes = [1, 20, 1, 78, 80]
    const stop = (level0_stop_writes_trigger: number) =>
      pick({ level0_stop_writes_trigger }, ...bytes)
    expect(stop(6)).toMatch(/^merge L0 R2,/)
    expect(stop(5)).toMatch(/^merge L0 R1,/)
  })

  test('up to version 8.6 none does', () => {
    expect(pick({ size_amp_version: '7.8' }, 4, 6, 50, 40, 80)).toMatch(/^merge L0 R1,/)
  })
})

describe('runs at work', () => {
  const tree = level0(30, 40, 50, 70, 90)
  const pickBeside = (size_amp_version: string, ...runs: number[]) =>
    pickOf({ max_size_amplification_percent: 75, size_amp_version, max_read_amp: 9 }, tree, {
      inProgress: [running(runs)],
    })

  test('end the stretch', () => {
    expect(pickBeside('8.7', 1, 2)).toBe('merge L0 R3, L0 R4, L0 R5 -> L6 new')
    expect(pickBeside('8.7', 2, 3)).toBe('merge L0 R4, L0 R5 -> L6 new')
  })

  test('up to version 8.6 they do so only if they are the newest', () => {
    expect(pickBeside('7.8', 1, 2)).toBe('merge L0 R3, L0 R4, L0 R5 -> L6 new')
    expect(pickBeside('7.8', 2, 3)).toBe('nothing')
  })
})
