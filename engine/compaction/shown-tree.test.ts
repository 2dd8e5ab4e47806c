import fc from 'fast-check'
import { expect, test } from 'vitest'
import { levelOf } from '../version/level.ts'
import { editRun, type Run, runOf, sliceTables, tablesOf } from '../version/run.ts'
import type { TableMeta } from '../version/table-meta.ts'
import { parseVersion } from '../version/text.ts'
import { type Version, versionOf } from '../version/version.ts'
import { ShownTree } from './shown-tree.ts'

const [SAMPLE] = tablesOf(parseVersion('L0\n R1: 1[a,b]').levels[0]!.runs[0]!)

/** Three bytes: the two of `number`, and one that says which end of the range it is. */
const keyOf = (number: number, end: number) => Uint8Array.of(number >> 8, number, end)
const tableOf = (number: number, id = number): TableMeta => ({
  ...SAMPLE!,
  id,
  smallest: keyOf(number, 0),
  largest: keyOf(number, 9),
})
const runWith = (id: number, tables: number) =>
  runOf(
    id,
    Array.from({ length: tables }, (_, at) => tableOf(at, id * 1e6 + at)),
  )
const versionWith = (...runs: readonly Run[]) => versionOf(runs.map((run) => levelOf([run])))

/** Plain data without classes, as a strategy would print it. */
const plain = (version: Version) => JSON.parse(JSON.stringify(version))

function partsOf(value: object): object[] {
  if (ArrayBuffer.isView(value)) return [value]
  const inner = Object.values(value).filter((part) => typeof part === 'object' && part !== null)
  return [value, ...inner.flatMap(partsOf)]
}

const rewrite = fc.record({ from: fc.nat(700), count: fc.integer({ min: 0, max: 300 }) })

test('after any edits it shows the same data in different objects, all frozen', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(rewrite, rewrite, fc.boolean()), { maxLength: 8 }), (edits) => {
      const tree = new ShownTree()
      let run = runWith(1, 700)
      let nextId = 5e6
      for (const [one, other, looks] of edits) {
        // Two separate stretches at once, so that the chunks between them stay.
        const old = [one, other]
          .flatMap(({ from, count }) => sliceTables(run, from, from + count))
          .filter((table, at, all) => all.indexOf(table) === at)
        const fresh = old.filter((_, at) => at % 3 > 0).map((table) => ({ ...table, id: nextId++ }))
        run = editRun(run, old, fresh)
        const version = versionWith(run, runWith(2, 3))
        const shown = tree.show(version)
        if (!looks) continue
        expect(plain(shown)).toEqual(plain(version))
        const own = new Set(partsOf(version))
        for (const part of partsOf(shown)) {
          expect(own.has(part)).toBe(false)
          expect(ArrayBuffer.isView(part) || Object.isFrozen(part)).toBe(true)
        }
      }
    }),
    { numRuns: 30 },
  )
})

test('parts that no edit changed are shown as the same objects', () => {
  const tree = new ShownTree()
  const [deep, still] = [runWith(1, 700), runWith(2, 40)]
  const shownRun = (version: Version, level: number) => tree.show(version).levels[level]!.runs[0]!
  const before = shownRun(versionWith(deep, still), 0)
  const chunks = before.chunks
  const old = sliceTables(deep, 300, 301)
  const edited = editRun(deep, old, [{ ...old[0]!, id: 9 }])
  const beforeStill = tree.show(versionWith(deep, still)).levels[1]
  const after = shownRun(versionWith(edited, still), 0)
  const changed = after.chunks.filter((chunk, at) => chunk !== chunks[at])
  expect(changed).toHaveLength(1)
  const known = new Set(chunks.flatMap(({ tables }) => tables))
  expect(changed[0]!.tables.filter((table) => !known.has(table)).map(({ id }) => id)).toEqual([9])
  expect(tree.show(versionWith(edited, still)).levels[1]!.runs).toEqual(beforeStill!.runs)
})

test('a run that nobody reads keeps its earlier copies', () => {
  const tree = new ShownTree()
  let run = runWith(1, 700)
  const first = tree.show(versionWith(run)).levels[0]!.runs[0]!.chunks
  for (let at = 0; at < 5; at++) {
    const old = sliceTables(run, 300 + at, 301 + at)
    run = editRun(run, old, [{ ...old[0]!, id: 9e6 + at }])
    tree.show(versionWith(run))
  }
  const last = tree.show(versionWith(run)).levels[0]!.runs[0]!.chunks
  expect(last.filter((chunk, at) => chunk === first[at])).toHaveLength(first.length - 1)
})

test('a changed key of any table is found within a number of calls bounded by the number of tables', () => {
  const runs = [runWith(1, 5), runWith(2, 700), runWith(3, 1), runWith(4, 300)]
  fc.assert(
    fc.property(fc.nat(1005), fc.boolean(), fc.nat(100), (at, atEnd, asked) => {
      const tree = new ShownTree()
      const shown = tree.show(versionWith(...runs))
      const tables = shown.levels.flatMap((level) =>
        level.runs.flatMap((run) => [...tablesOf(run)]),
      )
      for (let question = 0; question < asked; question++) expect(tree.changedKey()).toBeNull()
      const table = tables[at]!
      const key = atEnd ? table.largest : table.smallest
      key[2] = 5
      const told = `the ${atEnd ? 'largest' : 'smallest'} key of table ${table.id}`
      const answers = Array.from({ length: 1006 / 16 + 8 }, () => tree.changedKey())
      expect(answers).toContain(told)
    }),
    { numRuns: 200 },
  )
})

test('no unchanged key is reported, whatever is edited between calls', () => {
  const tree = new ShownTree()
  let run = runWith(1, 700)
  for (let at = 0; at < 200; at++) {
    const old = sliceTables(run, (at * 89) % 500, ((at * 89) % 500) + (at % 7))
    run = editRun(run, old, [])
    for (const { runs } of tree.show(versionWith(run)).levels) for (const one of runs) one.chunks
    expect(tree.changedKey()).toBeNull()
  }
})
