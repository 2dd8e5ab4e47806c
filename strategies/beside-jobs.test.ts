/** Tests what each strategy picks while the jobs of its earlier picks run. */

import { describe, expect, test } from 'vitest'
import type { Json } from '../engine/base/json.ts'
import type { CompactionSpec } from '../engine/compaction/strategy.ts'
import { validateSpec } from '../engine/compaction/validate-spec.ts'
import { parseVersion } from '../engine/version/text.ts'
import { STRATEGIES } from './catalog.ts'
import { printSpec } from './primitives/print-spec.ts'
import { outputTo } from './primitives/specs.ts'

type PlacedRun = { readonly level: number; readonly run: number }

interface Scene {
  readonly strategy: string
  readonly params?: Readonly<Record<string, Json>>
  readonly tree: string
  readonly state?: Json
  readonly nowMs?: number
  /** A job of another strategy merges a run into another. */
  readonly running?: { readonly from: PlacedRun; readonly into: PlacedRun }
}

/** The picks from the tree, each made while the jobs of those before it run; without reasons. */
function sideBySide({ strategy: name, params = {}, tree, state, nowMs = 0, running }: Scene) {
  const strategy = STRATEGIES.get(name)!.create({ ...params })
  const version = parseVersion(tree)
  const inProgress: CompactionSpec[] = running === undefined ? [] : [jobOf(running)]
  let now = state ?? strategy.initialState
  for (;;) {
    const view = {
      version,
      memtableBytes: 10,
      state: now,
      inProgress: [...inProgress],
      oldestSnapshotSeq: Number.MAX_SAFE_INTEGER,
      nowMs,
      tableStats: () => ({ reads: 0 }),
    }
    const spec = strategy.pick(view)
    if (spec === null || inProgress.length === 8) break
    validateSpec({ version, inProgress, retention: null, nowMs }, spec)
    inProgress.push(spec)
    now = spec.nextState
  }
  const picks = running === undefined ? inProgress : inProgress.slice(1)
  return picks.map((spec) => printSpec(spec).replace(/ because .*/, ''))
}

function jobOf({ from, into }: NonNullable<Scene['running']>): CompactionSpec {
  return {
    kind: 'merge',
    inputs: [{ ...from, tables: 'all' }],
    outputs: [outputTo(into, null, 0)],
    nextState: null,
    reason: { trigger: '', formula: '', values: {} },
  }
}

/** Four runs of one table each; the newest has the greatest number. */
function four(level: number, oldest: number, keys = '[a,z]', bytes = 10): string {
  return `L${level}\n${fourRuns(oldest, keys, bytes)}`
}

function fourRuns(oldest: number, keys: string, bytes: number): string {
  const numbers = [3, 2, 1, 0].map((at) => oldest + at)
  return numbers.map((id) => `R${id}: ${id}${keys} values=${bytes} bytes=${bytes}`).join('\n')
}

/** A run of `count` tables [a,b], [d,e], [g,h], …, numbered from 10 times the run on. */
function tables(level: number, run: number, count: number, facts = 'values=10'): string {
  const all = Array.from({ length: count }, (_, at) => {
    const [first, last] = [97, 98].map((code) => String.fromCharCode(code + 3 * at))
    return `${10 * run + at}[${first},${last}] ${facts}`
  })
  return `L${level}\nR${run}: ${all.join('; ')}`
}

const OLD = 'values=10 entries=2 tombstones=1 deleted=0'

describe.each<{ readonly what: string; readonly picks: readonly string[] } & Scene>([
  {
    what: 'tables of one level go side by side, and what they hold is no longer counted',
    strategy: 'leveling-partial',
    tree: `${tables(1, 1, 7)}\n${tables(2, 2, 7)}`,
    picks: [
      'merge L1 R1 (tables 10), L2 R2 (tables 20) -> L2 R2',
      'merge L1 R1 (tables 11), L2 R2 (tables 21) -> L2 R2',
      'merge L1 R1 (tables 12), L2 R2 (tables 22) -> L2 R2',
      'merge L1 R1 (tables 13), L2 R2 (tables 23) -> L2 R2',
    ],
  },
  {
    what: 'the base level waits for a level 0 that jobs of the base level block',
    strategy: 'leveling-partial',
    tree: `${four(0, 91)}\n${tables(1, 1, 7)}\n${tables(2, 2, 7)}`,
    picks: [
      'merge L1 R1 (tables 10), L2 R2 (tables 20) -> L2 R2',
      'merge L1 R1 (tables 11), L2 R2 (tables 21) -> L2 R2',
      'merge L1 R1 (tables 12), L2 R2 (tables 22) -> L2 R2',
    ],
  },
  {
    what: 'one job opens the run of an empty level, and others wait for it',
    strategy: 'leveling-partial',
    params: { T: 2 },
    tree: tables(1, 1, 9),
    picks: ['move L1 R1 (tables 10, 11, 12, 13) -> L2 new'],
  },
  {
    what: 'a level that is being repaired gives and takes nothing',
    strategy: 'leveling-partial',
    params: { T: 2 },
    tree: `${tables(1, 1, 8)}\n${tables(2, 3, 1)}\nR2: 20[x,z] values=90\n${tables(3, 4, 2)}`,
    picks: ['merge L2 R3, L2 R2 -> L2 R2'],
  },
  {
    what: 'a level that waits for its repair gives and takes nothing',
    strategy: 'leveling-partial',
    params: { T: 2 },
    tree: `${tables(1, 1, 8)}\n${tables(2, 3, 1)}\nR2: 20[x,z] values=90\n${tables(3, 4, 2)}`,
    running: { from: { level: 2, run: 2 }, into: { level: 3, run: 4 } },
    picks: [],
  },
  {
    what: 'one expired tombstone after the other',
    strategy: 'delete-aware',
    params: { deleteTtlMs: 5 },
    nowMs: 9,
    tree: `${tables(1, 1, 2, OLD)}\n${tables(2, 2, 2)}\n${tables(3, 3, 2)}`,
    picks: [
      'merge L1 R1 (tables 10), L2 R2 (tables 20) -> L2 R2',
      'merge L1 R1 (tables 11), L2 R2 (tables 21) -> L2 R2',
    ],
  },
  {
    what: 'one arrival at a time',
    strategy: 'tiering',
    tree: `${four(0, 91)}\n${four(1, 81)}\n${four(2, 71)}`,
    picks: [
      'merge L0 R94, L0 R93, L0 R92, L0 R91, L1 R84, L1 R83, L1 R82, L1 R81, L2 R74, L2 R73, ' +
        'L2 R72, L2 R71 -> L2 R71',
    ],
  },
  {
    what: 'runs that another strategy left are merged beside an arrival',
    strategy: 'leveling',
    tree: `L0\nR9: 9[a,z] values=10\n${tables(1, 1, 1)}\n${four(3, 31)}\n${tables(4, 5, 9)}`,
    picks: ['merge L0 R9, L1 R1 -> L1 R1', 'merge L3 R34, L3 R33, L3 R32, L3 R31 -> L3 R31'],
  },
  {
    what: 'buckets of similar runs, of one window',
    strategy: 'time-window',
    tree: `${four(0, 91)}\n${fourRuns(81, '[a,z]', 1000)}`,
    picks: [
      'merge L0 R94, L0 R93, L0 R92, L0 R91 -> L0 R91',
      'merge L0 R84, L0 R83, L0 R82, L0 R81 -> L0 R81',
    ],
  },
  {
    what: 'buckets one after the other, and key ranges of the same merge',
    strategy: 'incremental-tiering',
    tree: [
      four(0, 91, '[a,z]', 1),
      ...[4, 3, 2, 1].map((run) => tables(0, run, 2, 'values=30').slice(3)),
    ].join('\n'),
    picks: [
      'merge L0 R94, L0 R93, L0 R92, L0 R91 -> L0 R91',
      'merge L0 R4 (tables 40), L0 R3 (tables 30), L0 R2 (tables 20), L0 R1 (tables 10) -> L0 R1',
      'merge L0 R4 (tables 41), L0 R3 (tables 31), L0 R2 (tables 21), L0 R1 (tables 11) -> L0 R1',
    ],
  },
  {
    what: 'a merge goes on when a step takes the rest of a run',
    strategy: 'incremental-tiering',
    tree: [
      tables(0, 4, 2, 'values=30'),
      ...[3, 2, 1].map((run) => tables(0, run, run === 3 ? 1 : 2, 'values=30').slice(3)),
    ].join('\n'),
    picks: [
      'merge L0 R4 (tables 40), L0 R3, L0 R2 (tables 20), L0 R1 (tables 10) -> L0 R1',
      'merge L0 R4 (tables 41), L0 R2 (tables 21), L0 R1 (tables 11) -> L0 R1',
    ],
  },
  {
    what: 'partitions of the deepest level, and then what arrives above them',
    strategy: 'spooky',
    state: { draining: 1 },
    tree: `L0\nR9: 9[a,z] values=10\n${tables(1, 2, 3)}\n${tables(2, 1, 3, 'values=40')}`,
    picks: [
      'merge L1 R2 (tables 20), L2 R1 (tables 10) -> L2 R1',
      'merge L1 R2 (tables 21), L2 R1 (tables 11) -> L2 R1',
      'merge L1 R2 (tables 22), L2 R1 (tables 12) -> L2 R1',
      'merge L0 R9 -> L1 new',
    ],
  },
  {
    what: 'guards beside a merge that puts tables on top of them',
    strategy: 'fragmented',
    tree: [
      four(0, 91),
      'L1',
      ...[5, 4, 3].map((run) => `R${run}: ${run}0[a,b] values=30; ${run}1[m,n] values=30`),
      tables(2, 1, 6),
    ].join('\n'),
    picks: [
      'merge L0 R94, L0 R93, L0 R92, L0 R91 -> L1 new, L1 R3, L1 new, L1 R3',
      'merge L1 R5 (tables 50), L1 R4 (tables 40), L1 R3 (tables 30) -> L2 new',
    ],
  },
  {
    what: 'buckets of any levels',
    strategy: 'unified',
    params: { base_shard_count: 2 },
    state: { borders: ['6d'], cursors: [] },
    tree: [
      'L0',
      ...[4, 3, 2, 1].map((run) => `R${run}: ${run}0[a,c] values=4; ${run}1[p,s] values=4`),
    ].join('\n'),
    picks: [
      'merge L0 R4 (tables 40), L0 R3 (tables 30), L0 R2 (tables 20), L0 R1 (tables 10) -> L0 R1',
      'merge L0 R4 (tables 41), L0 R3 (tables 31), L0 R2 (tables 21), L0 R1 (tables 11) -> L0 R1',
    ],
  },
  {
    what: 'neighbouring runs on both sides of a job',
    strategy: 'universal',
    params: { max_size_amplification_percent: 100_000 },
    tree: `${four(0, 91)}\n${four(0, 81, '[a,z]', 1000).slice(3)}\nL6\nR1: 1[a,z] bytes=99999`,
    picks: [
      'merge L0 R94, L0 R93, L0 R92, L0 R91 -> L0 R91',
      'merge L0 R84, L0 R83, L0 R82, L0 R81 -> L5 new',
    ],
  },
  {
    what: 'levels that no job works between',
    strategy: 'lsm-bush',
    tree: `${four(0, 91)}\n${tables(1, 1, 9)}`,
    picks: ['move L1 R1 -> L2 new', 'merge L0 R94, L0 R93, L0 R92, L0 R91 -> L1 new'],
  },
  {
    what: 'pairs of levels, by tables in tiered levels',
    strategy: 'composed',
    params: { layout: 'tiering', granularity: ['table'], trigger: ['runs', 'saturation'] },
    tree: `${four(0, 91)}\n${four(2, 81)}\n${tables(3, 1, 9)}`,
    picks: [
      'merge L0 R94, L0 R93, L0 R92, L0 R91 -> L1 new',
      'merge L2 R84 (tables 84), L2 R83 (tables 83), L2 R82 (tables 82), L2 R81 (tables 81) -> L3 new',
    ],
  },
])('$strategy: $what', ({ picks, ...scene }) => {
  test('picks them all', () => expect(sideBySide(scene)).toEqual(picks))
})
