/** Holds what strategies ask about running jobs against the engine's own reservations. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRandom } from '../../engine/base/random.ts'
import type { CompactionSpec, InputSlice, TreeView } from '../../engine/compaction/strategy.ts'
import { BusyTree } from '../../engine/scheduling/testing/busy-tree.ts'
import { localSpec } from '../../engine/scheduling/testing/local-specs.ts'
import { parseVersion } from '../../engine/version/text.ts'
import { levelAt, runsNewestFirst, type Version } from '../../engine/version/version.ts'
import { busyOf, freeRuns, freeStretches, ifFree } from './busy.ts'
import { outputTo, placesOf } from './specs.ts'

const KEYS = Array.from({ length: 32 }, (_, at) => Uint8Array.of(0x41 + at))

function viewOf(version: Version, inProgress: readonly CompactionSpec[]): TreeView {
  return {
    version,
    memtableBytes: 10,
    state: null,
    inProgress,
    oldestSnapshotSeq: 0,
    nowMs: 0,
    tableStats: () => ({ reads: 0 }),
  }
}

const step = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('flush' as const),
      keys: fc.uniqueArray(fc.constantFrom(...KEYS), { minLength: 1, maxLength: 8 }),
    }),
  },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('start' as const), seed: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('end' as const), which: fc.nat(9) }) },
)

/** Which of its neighbours stays for such a new run is not seen in the spec, so both must. */
function opensInLevel0(spec: CompactionSpec): boolean {
  return placesOf(spec).some((place) => place.level === 0 && 'after' in place)
}

test('a spec is blocked exactly if the engine lets it wait, except beside new runs of level 0', () => {
  const counts = { started: 0, waiting: 0, needless: 0 }
  const steps = fc.array(step, { maxLength: 120, size: 'max' })
  fc.assert(
    fc.property(steps, (script) => {
      const tree = new BusyTree({ maxAgeMs: 10, maxBytes: null })
      for (const one of script) {
        tree.nowMs++
        if (one.kind === 'flush') tree.freeze(one.keys.map((key) => ({ key, deletes: false })))
        else if (one.kind === 'end') {
          if (tree.running.length > 0) tree.install(one.which)
        } else if (tree.version.levels.length > 0) {
          const spec = localSpec(createRandom(one.seed), tree.version, KEYS)
          const { inProgress } = tree
          const isBlocked = busyOf(viewOf(tree.version, inProgress)).blocks(spec)
          const result = tree.start(spec)
          if (result === 'unsafe') continue
          if (result === 'started') {
            counts.started++
            if (isBlocked && ![spec, ...inProgress].some(opensInLevel0)) counts.needless++
            continue
          }
          counts.waiting++
          expect(isBlocked, result.message).toBe(true)
        }
      }
    }),
    { numRuns: 100 },
  )
  expect(counts.waiting).toBeGreaterThan(100)
  expect(counts.needless).toBe(0)
})

describe('what running jobs hold', () => {
  const version = parseVersion(`L0
    R5: 51[a,z]
    R4: 41[a,z]
    L1
    R1: 11[a,c] values=3; 12[d,f] values=4; 13[p,s] values=5
    L3
    R2: 21[a,z]`)
  const merge = (inputs: readonly InputSlice[], level: number, run: number): CompactionSpec => ({
    kind: 'merge',
    inputs,
    outputs: [outputTo({ level, run }, null, 0)],
    nextState: null,
    reason: { trigger: '', formula: '', values: {} },
  })
  const [first, second, last] = levelAt(version, 1).runs[0]!.chunks[0]!.tables
  const view = viewOf(version, [merge([{ level: 1, run: 1, tables: [first!, second!] }], 1, 1)])
  const busy = busyOf(view)

  test('tables, runs and levels', () => {
    expect(busy.isIdle).toBe(false)
    expect([first, second, last].map((table) => busy.reads(table!.id))).toEqual([true, true, false])
    expect([1, 2, 5].map((run) => busy.countIn(run))).toEqual([2, 0, 0])
    expect(busy.tablesIn(1)).toEqual([first, second])
    expect([0, 1, 2, 3].map((level) => busy.writesTo(level))).toEqual([false, true, false, false])
  })

  test('keys, in the levels of the job only', () => {
    const keys = (from: number, to: number) =>
      busy.rangesIn(from, to).map(({ smallest, largest }) => `${smallest}-${largest}`)
    expect(keys(0, 0)).toEqual([])
    expect(keys(0, 1)).toEqual(['97-102'])
    expect(keys(1, 2)).toEqual(['97-102'])
    expect(keys(2, 3)).toEqual([])
  })

  test('runs that no job reads, and the stretches between the others', () => {
    expect(freeRuns(view, levelAt(version, 1).runs)).toEqual([])
    const placed = runsNewestFirst(version)
    const stretches = freeStretches(view, placed)
    expect(stretches.map((stretch) => stretch.map(({ run }) => run.id))).toEqual([[5, 4], [2]])
  })

  test('nothing while no job runs, and without a look at the tree', () => {
    const idle = { ...view, inProgress: [] }
    const placed = runsNewestFirst(version)
    expect(busyOf(idle)).toBe(busyOf(viewOf(parseVersion(''), [])))
    expect(freeRuns(idle, levelAt(version, 1).runs)).toBe(levelAt(version, 1).runs)
    expect(freeStretches(idle, placed)[0]).toBe(placed)
    const spec = view.inProgress[0]!
    expect(ifFree(idle, spec)).toBe(spec)
    expect(ifFree(view, spec)).toBeNull()
  })
})
