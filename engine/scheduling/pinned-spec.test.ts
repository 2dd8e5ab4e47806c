import { describe, expect, test } from 'vitest'
import type { CompactionSpec, OutputPlace } from '../compaction/strategy.ts'
import { parseVersion } from '../version/text.ts'
import { specNow } from './pinned-spec.ts'
import { drop, merge, move, output, pinned, slice } from './testing/specs.ts'

const TREE = parseVersion(`
L0
  R9: 90[a,c]
  R8: 80[d,f]; 81[g,i]
  R7: 70[a,z]
L2
  R5: 50[a,c]; 51[g,k]
  R4: 40[d,f]
  R3: 30[a,z]
`)
/** Later: a flush, and other jobs put a run before, between or after the runs of `TREE`. */
const LATER = parseVersion(`
L0
  R20: 200[a,z]
  R9: 90[a,c]
  R21: 210[x,y]
  R8: 80[d,f]; 81[g,i]
  R7: 70[a,z]
L1
  R22: 220[x,y]
L2
  R23: 230[x,y]
  R5: 50[a,c]; 52[d,f]; 51[g,k]
  R24: 240[x,y]
  R4: 40[d,f]
  R3: 30[a,z]
`)

const placeOf = (spec: CompactionSpec): OutputPlace =>
  spec.kind === 'move' ? spec.place : spec.kind === 'merge' ? spec.outputs[0]!.place : fail()
const fail = () => {
  throw new Error('a drop has no place')
}

describe('the place of an output', () => {
  test.each<[string, number[], OutputPlace, OutputPlace, number[]]>([
    ['into a run', [9], { level: 0, run: 8 }, { level: 0, run: 8 }, [8]],
    ['into an input run', [9, 8], { level: 0, run: 8 }, { level: 0, run: 8 }, []],
    ['before an input run', [8], { level: 0, after: 9 }, { level: 0, after: 21 }, []],
    ['after an input run', [9], { level: 0, after: 9 }, { level: 0, after: 9 }, []],
    ['between input runs', [9, 8], { level: 0, after: 9 }, { level: 0, after: 21 }, []],
    ['after another run', [9], { level: 0, after: 8 }, { level: 0, after: 8 }, [8]],
    ['at the front, from it', [9], { level: 0, after: null }, { level: 0, after: 20 }, []],
    ['at the front of level 0', [7], { level: 0, after: null }, { level: 0, after: 20 }, [9]],
    ['at the front of level 2', [9], { level: 2, after: null }, { level: 2, after: null }, []],
    ['before its first run', [5], { level: 2, after: null }, { level: 2, after: 23 }, []],
    ['at the front of a new level', [9], { level: 1, after: null }, { level: 1, after: null }, []],
  ])('%s', (_, runs, place, later, held) => {
    const inputs = runs.map((run) => slice(TREE, run))
    for (const spec of [merge(inputs, output(place)), move(place, ...inputs)]) {
      const job = pinned(TREE, spec)
      expect(placeOf(specNow(TREE, job))).toEqual(place)
      expect(placeOf(specNow(LATER, job))).toEqual(later)
      expect([...job.holds]).toEqual(held)
    }
  })

  test('at the front of an empty level 0 stays older than flushes', () => {
    const tree = parseVersion('L1\n  R1: 1[a,b]')
    const flushed = parseVersion('L0\n  R3: 3[a,b]\n  R2: 2[a,b]\nL1\n  R1: 1[a,b]')
    const job = pinned(tree, move({ level: 0, after: null }, slice(tree, 1)))
    expect(placeOf(specNow(tree, job))).toEqual({ level: 0, after: null })
    expect(placeOf(specNow(flushed, job))).toEqual({ level: 0, after: 2 })
  })

  test('is kept for each output of a merge', () => {
    const [before, after] = [output({ level: 0, after: 9 }), output({ level: 2, after: 4 }, 'g')]
    const now = specNow(LATER, pinned(TREE, merge([slice(TREE, 8)], before, after)))
    expect(now).toMatchObject({ outputs: [{ place: { after: 21 } }, { place: { after: 4 } }] })
  })
})

describe('a slice', () => {
  test('of all tables does not grow', () => {
    const job = pinned(TREE, drop(slice(TREE, 8), slice(TREE, 5, 51)))
    const named = specNow(LATER, job).inputs.map(({ level, run, tables }) => [
      level,
      run,
      tables === 'all' ? tables : tables.map(({ id }) => id),
    ])
    expect(named).toEqual([
      [0, 8, [80, 81]],
      [2, 5, [51]],
    ])
  })
})

test('the run of an anchor must still be there', () => {
  const job = pinned(TREE, move({ level: 0, run: 8 }, slice(TREE, 9)))
  const gone = parseVersion('L0\n  R9: 90[a,c]')
  expect(() => specNow(gone, job)).toThrow('level 0 still has run 8')
})
