/**
 * Owns what running jobs hold, as a strategy sees it: tables they read, and regions of the tree in
 * which no other job may work. A strategy that answers a spec which a running job blocks is told
 * 'not now' by the engine, and then nothing else starts. So it asks here first, and looks for the
 * next best place.
 *
 *   region    the keys of the inputs that go to one output, from the newest to the oldest run of
 *             these inputs and the output; of a drop, a slice's keys from its run to the bottom
 *   held run  a run that a job does not read, but writes into or puts a new run beside
 *
 * A spec may start if none of its regions meets one of a running job, and if the jobs leave a table
 * in every held run. This is the rule of the engine's own reservations, which decide. A mistake
 * here would cost time, never data.
 *
 * Nothing is computed while no job runs. Otherwise it is done once for each list of running jobs.
 */

import { compareBytes } from '../../engine/base/compare.ts'
import type {
  CompactionSpec,
  InputSlice,
  OutputPlace,
  TreeView,
} from '../../engine/compaction/strategy.ts'
import { hull, type KeyRange, overlaps } from '../../engine/version/key-range.ts'
import {
  indexOfTable,
  type Run,
  type RunId,
  rangeOf,
  sliceTables,
} from '../../engine/version/run.ts'
import type { TableId, TableMeta } from '../../engine/version/table-meta.ts'
import { levelAt, runsNewestFirst, type Version } from '../../engine/version/version.ts'
import { placesOf } from './specs.ts'

/** What the running jobs hold. */
export interface Busy {
  /** No job runs. */
  readonly isIdle: boolean
  /** Whether a job reads the table. */
  reads(table: TableId): boolean
  /** Whether a job reads tables of the run. */
  readsRun(run: RunId): boolean
  /** How many tables of the run jobs read. */
  countIn(run: RunId): number
  /** The tables that jobs read in the level. */
  tablesIn(level: number): readonly TableMeta[]
  /** Whether a job writes to the level. */
  writesTo(level: number): boolean
  /** The keys that jobs reserve in the runs of level `from`, or deeper down to level `to`. */
  rangesIn(from: number, to: number): readonly KeyRange[]
  /** Whether a job is in the way of the spec. */
  blocks(spec: CompactionSpec): boolean
}

const IDLE: Busy = {
  isIdle: true,
  reads: () => false,
  readsRun: () => false,
  countIn: () => 0,
  tablesIn: () => [],
  writesTo: () => false,
  rangesIn: () => [],
  blocks: () => false,
}

/** What the jobs in progress of the view hold. */
export function busyOf({ version, inProgress }: TreeView): Busy {
  if (inProgress.length === 0) return IDLE
  let known = busyByJobs.get(inProgress)
  if (known?.version !== version) {
    known = { version, busy: new RunningJobs(version, inProgress) }
    busyByJobs.set(inProgress, known)
  }
  return known.busy
}

const busyByJobs = new WeakMap<
  readonly CompactionSpec[],
  { readonly version: Version; readonly busy: Busy }
>()

/** The spec, if no running job is in its way. */
export function ifFree<Spec extends CompactionSpec>(view: TreeView, spec: Spec | null) {
  return spec === null || busyOf(view).blocks(spec) ? null : spec
}

/** Stretches of neighbours that are free, in their order; all items are one if no job runs. */
export function freeStretches<Item extends { readonly run: Run }>(
  view: TreeView,
  items: readonly Item[],
): readonly (readonly Item[])[] {
  const busy = busyOf(view)
  if (busy.isIdle) return [items]
  const stretches: Item[][] = [[]]
  for (const item of items) {
    if (busy.readsRun(item.run.id)) stretches.push([])
    else stretches.at(-1)!.push(item)
  }
  return stretches.filter((stretch) => stretch.length > 0)
}

/** The free ones of a level's runs. */
export function freeRuns(view: TreeView, runs: readonly Run[]): readonly Run[] {
  const busy = busyOf(view)
  return busy.isIdle ? runs : runs.filter(({ id }) => !busy.readsRun(id))
}

/** Keys and positions; both ends of both belong to it. Runs are numbered from the newest on. */
interface Region {
  readonly range: KeyRange
  readonly newest: number
  readonly oldest: number
}

/** Tables of one run, by index. */
interface Slice {
  readonly level: number
  readonly run: Run
  readonly position: number
  readonly from: number
  readonly to: number
  readonly range: KeyRange
}

/** What one job holds. */
interface Footprint {
  readonly slices: readonly Slice[]
  readonly regions: readonly Region[]
  readonly held: readonly RunId[]
}

class RunningJobs implements Busy {
  readonly isIdle = false
  readonly #version: Version
  readonly #placed: ReadonlyMap<RunId, { readonly run: Run; readonly position: number }>
  readonly #jobs: readonly Footprint[]
  readonly #tables = new Map<number, TableMeta[]>()
  readonly #read = new Set<TableId>()
  readonly #destinations: ReadonlySet<number>
  /** By run, the number of tables that jobs read. */
  readonly #taken = new Map<RunId, number>()

  constructor(version: Version, specs: readonly CompactionSpec[]) {
    this.#version = version
    this.#placed = new Map(
      runsNewestFirst(version).map(({ run }, position) => [run.id, { run, position }]),
    )
    this.#destinations = new Set(specs.flatMap(placesOf).map(({ level }) => level))
    this.#jobs = specs.map((spec) => this.#footprintOf(spec))
    for (const { level, run, from, to } of this.#jobs.flatMap(({ slices }) => slices)) {
      const tables = sliceTables(run, from, to)
      this.#tables.set(level, [...this.tablesIn(level), ...tables])
      this.#taken.set(run.id, this.countIn(run.id) + tables.length)
      for (const { id } of tables) this.#read.add(id)
    }
  }

  reads(table: TableId): boolean {
    return this.#read.has(table)
  }

  readsRun(run: RunId): boolean {
    return this.#taken.has(run)
  }

  countIn(run: RunId): number {
    return this.#taken.get(run) ?? 0
  }

  tablesIn(level: number): readonly TableMeta[] {
    return this.#tables.get(level) ?? []
  }

  writesTo(level: number): boolean {
    return this.#destinations.has(level)
  }

  rangesIn(from: number, to: number): readonly KeyRange[] {
    const rows = {
      newest: this.#positionBefore(from) + 1 / 2,
      oldest: this.#positionBefore(to + 1),
    }
    const regions = this.#jobs.flatMap((job) => job.regions)
    return regions.filter((region) => share(region, rows)).map(({ range }) => range)
  }

  blocks(spec: CompactionSpec): boolean {
    const own = this.#footprintOf(spec)
    const meetsJob = ({ regions }: Footprint) =>
      regions.some((region) =>
        own.regions.some((mine) => share(region, mine) && overlaps(region.range, mine.range)),
      )
    return this.#jobs.some(meetsJob) || this.#emptiesHeldRun(own)
  }

  /** Whether the jobs and a further one take all tables of a run that one of them holds. */
  #emptiesHeldRun({ slices, held }: Footprint): boolean {
    return [...held, ...this.#jobs.flatMap((job) => job.held)].some((id) => {
      const mine = slices.filter(({ run }) => run.id === id)
      const taken = mine.reduce((sum, { from, to }) => sum + to - from, this.countIn(id))
      return taken >= (this.#placed.get(id)?.run.totals.tables ?? 0)
    })
  }

  #footprintOf(spec: CompactionSpec): Footprint {
    const slices = spec.inputs.flatMap((slice) => this.#resolve(slice) ?? [])
    if (spec.kind === 'drop') {
      const regions = slices.map(({ range, position }) => {
        return { range, newest: position, oldest: Number.POSITIVE_INFINITY }
      })
      return { slices, regions, held: [] }
    }
    const held: RunId[] = []
    const regions: Region[] = []
    for (const [index, place] of placesOf(spec).entries()) {
      const run = 'run' in place ? place.run : place.after
      held.push(...this.#heldBy(place, slices))
      const bounds = spec.kind === 'merge' ? boundsOf(spec.outputs, index) : WHOLE
      const arriving = slices.filter(({ range }) => partWithin(range, bounds) !== null)
      const range = hull(arriving.map((slice) => partWithin(slice.range, bounds)!))
      if (range === null) continue
      const known = run === null ? undefined : this.#placed.get(run)
      const position =
        known === undefined
          ? this.#positionBefore(place.level)
          : known.position + ('run' in place ? 0 : 1 / 2)
      const positions = [position, ...arriving.map((slice) => slice.position)]
      regions.push({ range, newest: Math.min(...positions), oldest: Math.max(...positions) })
    }
    return { slices, regions, held }
  }

  /**
   * The runs that must stay until the job ends: the one that it writes into, or the neighbour by
   * which the engine remembers the place of a new run. None if that is an input. In level 0 it may
   * be either neighbour.
   */
  #heldBy(place: OutputPlace, slices: readonly Slice[]): readonly RunId[] {
    const isInput = (id: RunId) => slices.some(({ run }) => run.id === id)
    if ('run' in place) return isInput(place.run) ? [] : [place.run]
    const { level, after } = place
    const { runs } = levelAt(this.#version, level)
    const older = runs[after === null ? 0 : runs.findIndex(({ id }) => id === after) + 1]
    const neighbours = [after, older?.id ?? null].filter((id) => id !== null)
    if (neighbours.some(isInput)) return []
    return level === 0 ? neighbours : neighbours.filter((id) => id === after)
  }

  /** Null if the version does not hold the tables. */
  #resolve({ level, run: id, tables }: InputSlice): Slice | null {
    const placed = this.#placed.get(id)
    if (placed === undefined) return null
    const { run, position } = placed
    if (tables === 'all') {
      return { level, run, position, from: 0, to: run.totals.tables, range: rangeOf(run)! }
    }
    const from = tables[0] === undefined ? -1 : indexOfTable(run, tables[0])
    if (from === -1) return null
    const to = Math.min(from + tables.length, run.totals.tables)
    const [last] = sliceTables(run, to - 1, to)
    const range = { smallest: tables[0]!.smallest, largest: last!.largest }
    return { level, run, position, from, to, range }
  }

  /** The position of a new newest run of the level. */
  #positionBefore(level: number): number {
    const above = this.#version.levels.slice(0, level)
    return above.reduce((count, { runs }) => count + runs.length, 0) - 1 / 2
  }
}

type Rows = Pick<Region, 'newest' | 'oldest'>

function share(a: Rows, b: Rows): boolean {
  return a.newest <= b.oldest && b.newest <= a.oldest
}

/** Keys from `from` to before `to`; null: no bound. */
interface Bounds {
  readonly from: Uint8Array | null
  readonly to: Uint8Array | null
}

const WHOLE: Bounds = { from: null, to: null }

function boundsOf(
  outputs: readonly { readonly fromKey: Uint8Array | null }[],
  index: number,
): Bounds {
  return { from: outputs[index]!.fromKey, to: outputs[index + 1]?.fromKey ?? null }
}

function partWithin({ smallest, largest }: KeyRange, { from, to }: Bounds): KeyRange | null {
  if (from !== null && compareBytes(largest, from) < 0) return null
  if (to !== null && compareBytes(smallest, to) >= 0) return null
  return {
    smallest: from !== null && compareBytes(smallest, from) < 0 ? from : smallest,
    largest: to !== null && compareBytes(largest, to) >= 0 ? to : largest,
  }
}
