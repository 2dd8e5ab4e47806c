import { describe, expect, test } from 'vitest'
import type { MergeSpec, OutputPlace } from '../../engine/compaction/strategy.ts'
import { printVersion } from '../../engine/version/text.ts'
import { outputTo, wholeRuns } from '../primitives/specs.ts'
import { leveling } from '../whole-levels/leveling.ts'
import {
  apply,
  brokenRecency,
  emptyTree,
  flush,
  keyBytes,
  readAll,
  type SteppedTree,
} from './stepper.ts'

const start = emptyTree(leveling.create(), { memtableBytes: 4, entryBytes: 1 })
const twoRuns = flush(flush(start, [1, 2, 3]), [3, 4, 5])

function mergeAll(
  tree: SteppedTree,
  outputs: MergeSpec['outputs'] = [outputTo({ level: 1, after: null }, null, 10)],
): SteppedTree {
  return apply(tree, {
    kind: 'merge',
    inputs: wholeRuns(0, tree.version.levels[0]!.runs),
    outputs,
    nextState: 'next',
    reason: { trigger: '', formula: '', values: {} },
  })
}

const tableKeys = (tree: SteppedTree) =>
  printVersion(tree.version)
    .replaceAll(/0x000000(..)\w*/g, '$1')
    .match(/\[\w+,\w+\]/g)

describe('a flush', () => {
  test('is the newest run of level 0', () => {
    expect(twoRuns.version.levels[0]!.runs.map(({ id }) => id)).toEqual([2, 1])
    expect(readAll(twoRuns.version)).toEqual(
      new Map([
        [1, 1],
        [2, 2],
        [3, 4],
        [4, 5],
        [5, 6],
      ]),
    )
    expect(twoRuns.writtenBytes).toBe(6)
  })
})

describe('a merge', () => {
  test('keeps the newest version of every key and counts what it writes', () => {
    const merged = mergeAll(twoRuns)
    expect(readAll(merged.version)).toEqual(readAll(twoRuns.version))
    expect(merged.version.totals.entries).toBe(5)
    expect(merged.writtenBytes).toBe(6 + 5)
    expect(merged.state).toBe('next')
  })

  test('closes tables at the target size, at cut keys, and at the next output', () => {
    const place: OutputPlace = { level: 1, after: null }
    expect(tableKeys(mergeAll(twoRuns, [outputTo(place, 2, 10)]))).toEqual([
      '[01,02]',
      '[03,04]',
      '[05,05]',
    ])
    const cutKeys = [keyBytes(2), keyBytes(5)]
    const cut = mergeAll(twoRuns, [{ ...outputTo(place, null, 10), cutKeys }])
    expect(tableKeys(cut)).toEqual(['[01,01]', '[02,04]', '[05,05]'])
    const softCuts = {
      keys: [2, 4].map(keyBytes),
      overlapBytes: [3, 0],
      endsFrom: [2],
      overlapBytesMax: null,
      skippedBytesMin: null,
    }
    const soft = mergeAll(twoRuns, [{ ...outputTo(place, null, 10), softCuts }])
    expect(tableKeys(soft)).toEqual(['[01,03]', '[04,05]'])
    const older = { ...outputTo({ level: 2, after: null }, null, 10), fromKey: keyBytes(4) }
    const split = mergeAll(twoRuns, [outputTo(place, null, 10), older])
    expect(tableKeys(split)).toEqual(['[01,03]', '[04,05]'])
    expect(split.version.levels.map(({ runs }) => runs.length)).toEqual([0, 1, 1])
  })
})

describe('moves and drops', () => {
  test('write nothing', () => {
    const [newest, oldest] = twoRuns.version.levels[0]!.runs
    const common = { nextState: null, reason: { trigger: '', formula: '', values: {} } }
    const inputs = wholeRuns(0, [oldest!])
    const place = { level: 1, after: null }
    const moved = apply(twoRuns, { kind: 'move', inputs, place, ...common })
    expect(moved.version.levels.map(({ runs }) => runs.length)).toEqual([1, 1])
    expect(moved.writtenBytes).toBe(6)
    const dropped = apply(twoRuns, { kind: 'drop', inputs: wholeRuns(0, [newest!]), ...common })
    expect(readAll(dropped.version)).toEqual(
      new Map([
        [1, 1],
        [2, 2],
        [3, 3],
      ]),
    )
    expect(dropped.writtenBytes).toBe(6)
  })

  test('a newer run moved under an older one is seen as broken recency', () => {
    const newest = twoRuns.version.levels[0]!.runs[0]!
    const moved = apply(twoRuns, {
      kind: 'move',
      inputs: wholeRuns(0, [newest]),
      place: { level: 1, after: null },
      nextState: null,
      reason: { trigger: '', formula: '', values: {} },
    })
    expect(brokenRecency(twoRuns.version)).toBeNull()
    expect(brokenRecency(moved.version)).toBe('key 3: seq 4 in run 3 of level 1 lies under seq 3')
  })
})
