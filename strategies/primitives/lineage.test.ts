import fc from 'fast-check'
import { expect, test } from 'vitest'
import { editRun, runOf, tablesOf } from '../../engine/version/run.ts'
import { parseVersion } from '../../engine/version/text.ts'
import { type Hole, holesBetween, Lineages } from './lineage.ts'

test('holes are where two lists differ, and all that lies between is in both', () => {
  const edits = fc.array(fc.record({ at: fc.nat(), gone: fc.nat(60), came: fc.nat(60) }), {
    maxLength: 6,
  })
  fc.assert(
    fc.property(fc.nat(200), edits, (length, script) => {
      const before = Array.from({ length }, (_, name) => ({ name: `${name}` }))
      const after = [...before]
      for (const [turn, { at, gone, came }] of script.entries()) {
        const fresh = Array.from({ length: came }, (_, index) => ({ name: `${turn}/${index}` }))
        after.splice(at % (after.length + 1), gone, ...fresh)
      }
      const holes = holesBetween(before, after)
      // Filling the holes makes one of the other, and none is wider than it must be.
      const filled = holes.toReversed().reduce((list, { beforeFrom, beforeTo, from, to }) => {
        return list.toSpliced(beforeFrom, beforeTo - beforeFrom, ...after.slice(from, to))
      }, before)
      expect(filled).toEqual(after)
      for (const hole of holes) expect(inBoth(before, after, hole)).toEqual([])
    }),
  )
})

function inBoth<T>(before: readonly T[], after: readonly T[], hole: Hole): readonly T[] {
  const gone = new Set(before.slice(hole.beforeFrom, hole.beforeTo))
  return after.slice(hole.from, hole.to).filter((element) => gone.has(element))
}

test('a run is known again after an edit, and no other of its number is taken for it', () => {
  const version = parseVersion(
    `L1\nR1: ${Array.from({ length: 26 }, (_, i) => `${i + 1}[${letter(i)}a,${letter(i)}b]`).join('; ')}`,
  )
  const run = version.levels[1]!.runs[0]!
  const lineages = new Lineages<{ run: typeof run }>()
  const known = { run }
  expect(lineages.ancestor(run)).toBeUndefined()
  lineages.keep(known, undefined)
  expect(lineages.ancestor(run)).toBe(known)
  const other = runOf(
    1,
    Array.from(tablesOf(run), (table) => ({ ...table })),
  )
  expect(lineages.ancestor(other)).toBeUndefined()
  const shrunk = editRun(run, [...tablesOf(run)].slice(0, 3), [])
  expect(lineages.ancestor(shrunk)).toBe(known)
})

function letter(index: number): string {
  return String.fromCharCode(97 + index)
}
