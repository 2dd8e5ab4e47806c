import { describe, expect, test } from 'vitest'
import { closedFormCopies, countBuffers } from './counts-oracle.ts'

describe('the independent count', () => {
  test('of the first buffers under leveling at T = 3, step by step', () => {
    const counted = Array.from({ length: 9 }, (_, buffers) =>
      countBuffers({ T: 3, K: 1, Z: 1 }, buffers),
    )
    expect(counted.map(({ papersBuffers }) => papersBuffers)).toEqual(
      // Buffer 1 stays; buffer 2 merges with it; the third takes both a level down as a run of 3;
      // then the next one stays again, and so on.
      [0, 1, 3, 6, 7, 9, 15, 16, 18],
    )
    // A flush that stays is the same run in both conventions; every other one is an additional
    // write.
    expect(counted.map(({ levelZeroRunBuffers }) => levelZeroRunBuffers)).toEqual([
      0, 1, 4, 8, 9, 12, 19, 20, 23,
    ])
    expect(counted.map(({ runs }) => runs)).toEqual([0, 1, 1, 1, 2, 2, 1, 2, 2])
  })

  test('of tiering at T = 3: two runs stay, and the third takes them down', () => {
    const counted = Array.from({ length: 9 }, (_, buffers) =>
      countBuffers({ T: 3, K: 2, Z: 2 }, buffers),
    )
    expect(counted.map(({ papersBuffers }) => papersBuffers)).toEqual([
      0, 1, 2, 5, 6, 7, 10, 11, 12,
    ])
    expect(counted.map(({ runs }) => runs)).toEqual([0, 1, 2, 1, 2, 3, 2, 3, 4])
  })

  test.each([
    // The last three numbers: buffers written in the papers' count, buffers written with the
    // level-0 run, and runs of the full tree.
    [4, 1, 1, 63, 288, 335, 3],
    [4, 3, 1, 63, 207, 224, 7],
    [4, 3, 3, 63, 144, 159, 9],
    [4, 1, 1, 255, 1536, 1727, 4],
    [4, 3, 1, 255, 1023, 1088, 10],
    [4, 3, 3, 255, 768, 831, 12],
  ])('T=%i K=%i Z=%i, %i buffers: %i, %i and %i', (T, K, Z, buffers, papers, run0, runs) => {
    expect(countBuffers({ T, K, Z }, buffers)).toEqual({
      papersBuffers: papers,
      levelZeroRunBuffers: run0,
      runs,
    })
  })
})

describe('the closed form', () => {
  test.each([
    [{ T: 4, K: 1, Z: 1 }, 4, 6],
    [{ T: 4, K: 3, Z: 1 }, 4, 3.75],
    [{ T: 4, K: 3, Z: 3 }, 4, 3],
    [{ T: 10, K: 1, Z: 1 }, 3, 13.5],
    [{ T: 10, K: 9, Z: 1 }, 3, 6.3],
    [{ T: 10, K: 9, Z: 9 }, 3, 2.7],
    [{ T: 10, K: 3, Z: 3 }, 3, 5.4],
  ])('%j, %i levels: %d copies', (shape, levels, copies) => {
    expect(closedFormCopies(shape, levels)).toBeCloseTo(copies, 12)
  })

  test('gives no value for uneven runs', () => {
    expect(closedFormCopies({ T: 4, K: 2, Z: 2 }, 3)).toBeNull()
  })
})
