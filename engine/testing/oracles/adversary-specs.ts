/**
 * Owns the compaction specs that the adversary tries: seeded, for any tree, from correct to absurd.
 * There are four plans. *Closed* includes every table that is in the way, so a merge must be
 * accepted. *Near miss* leaves one of these tables out. *Wild* names tables and places at random.
 * *Flawed* breaks one rule of form on purpose and says which. Invariant: nothing here uses the
 * validator, so a bug in the validator does not hide itself.
 */

import { compareBytes } from '../../base/compare.ts'
import type { Random } from '../../base/random.ts'
import { LEVEL_MAX, type SafetyRule } from '../../compaction/resolved-spec.ts'
import type {
  CompactionSpec,
  InputSlice,
  MergeOutput,
  OutputPlace,
  SoftCuts,
  TableRef,
} from '../../compaction/strategy.ts'
import { hull, overlaps } from '../../version/key-range.ts'
import { type Run, tablesOf } from '../../version/run.ts'
import type { TableId, TableMeta } from '../../version/table-meta.ts'
import { levelAt, runsNewestFirst, type Version } from '../../version/version.ts'

export const PLANS = ['closed', 'near miss', 'wild', 'flawed'] as const
export type Plan = (typeof PLANS)[number]

export interface Offer {
  readonly spec: CompactionSpec
  readonly plan: Plan
  /** The rule that is broken on purpose; null if the resulting data must decide. */
  readonly breaks: SafetyRule | null
}

/** A table and its place. */
export interface Held {
  readonly table: TableMeta
  readonly level: number
  readonly run: Run
  /** Index of the run in the recency order. */
  readonly position: number
}

export function heldTables(version: Version): readonly Held[] {
  return runsNewestFirst(version).flatMap(({ level, run }, position) =>
    Array.from(tablesOf(run), (table) => ({ table, level, run, position })),
  )
}

/** The ids that a spec names, including unknown ones; duplicates once. */
export function namedIds(version: Version, spec: CompactionSpec): ReadonlySet<TableId> {
  const ids = spec.inputs.flatMap(({ level, run, tables }) => {
    if (tables !== 'all') return tables.map(({ id }) => id)
    const named = levelAt(version, level).runs.find((candidate) => candidate.id === run)
    return named === undefined ? [] : Array.from(tablesOf(named), ({ id }) => id)
  })
  return new Set(ids)
}

const COMMON = {
  nextState: null,
  reason: { trigger: 'adversary', formula: '', values: {} },
} as const

export class SpecMaker {
  readonly #random: Random
  /** Ascending. Cuts are at these keys and between them. */
  readonly #keys: readonly Uint8Array[]

  constructor(random: Random, keys: readonly Uint8Array[]) {
    this.#random = random
    this.#keys = keys
  }

  /** A spec for `version`, which must hold tables. `gone`: tables that it held earlier. */
  offer(version: Version, gone: readonly TableMeta[]): Offer {
    const plan = this.#pick(['closed', 'closed', 'near miss', 'wild', 'flawed'] as const)
    if (plan === 'flawed') return { plan, ...this.#flawed(version, gone) }
    return { plan, breaks: null, spec: this.#spec(version, plan) }
  }

  #spec(version: Version, plan: Plan): CompactionSpec {
    const kind = this.#pick(['merge', 'merge', 'move', 'drop'] as const)
    if (kind === 'drop') return this.#drop(version, plan)
    const held = heldTables(version)
    const places = Array.from({ length: kind === 'move' ? 1 : 1 + this.#below(3) }, () =>
      this.#place(version),
    )
    const chosen = this.#someOf(held)
    if (plan !== 'wild') takeAlong(version, held, chosen, places)
    if (plan === 'near miss') chosen.delete(this.#pick([...chosen]))
    if (chosen.size === 0) chosen.add(this.#pick(held).table.id)
    const inputs = this.#slices(held, chosen)
    if (kind === 'move') return { kind, inputs, place: places[0]!, ...COMMON }
    return { kind, inputs, outputs: this.#outputs(places), ...COMMON }
  }

  /**
   * Closed: every older table that overlaps is included, so that no old entry becomes visible
   * again.
   */
  #drop(version: Version, plan: Plan): CompactionSpec {
    const held = heldTables(version)
    const chosen = this.#someOf(held)
    if (plan !== 'wild') {
      for (const { table, position } of held) {
        const under = held.some(
          (other) =>
            chosen.has(other.table.id) && other.position < position && overlaps(other.table, table),
        )
        if (under) chosen.add(table.id)
      }
    }
    if (plan === 'near miss' && chosen.size > 1) chosen.delete(this.#pick([...chosen]))
    return { kind: 'drop', inputs: this.#slices(held, chosen), ...COMMON }
  }

  /** One to three tables from anywhere. */
  #someOf(held: readonly Held[]): Set<TableId> {
    return new Set(Array.from({ length: 1 + this.#below(3) }, () => this.#pick(held).table.id))
  }

  /** The chosen tables as contiguous slices, in any order of slices. */
  #slices(held: readonly Held[], chosen: ReadonlySet<TableId>): InputSlice[] {
    const slices: { level: number; run: number; tables: TableMeta[] | 'all' }[] = []
    let open: TableMeta[] | null = null
    let openRun: Run | null = null
    for (const { table, level, run } of held) {
      if (!chosen.has(table.id)) open = null
      else if (open !== null && openRun === run) open.push(table)
      else {
        open = [table]
        openRun = run
        slices.push({ level, run: run.id, tables: open })
      }
    }
    for (const slice of slices) {
      const whole = held.filter(({ run }) => run.id === slice.run).length
      if (slice.tables.length === whole && this.#chance(0.5)) slice.tables = 'all'
    }
    return this.#chance(0.3) ? slices.reverse() : slices
  }

  #place(version: Version): OutputPlace {
    const runs = runsNewestFirst(version)
    const { level, run } = this.#pick(runs)
    switch (this.#below(4)) {
      case 0:
        return { level, run: run.id }
      case 1:
        return { level, after: run.id }
      case 2:
        return { level: Math.min(this.#below(version.levels.length + 2), LEVEL_MAX), after: null }
      default:
        return this.#chance(0.05) ? { level: LEVEL_MAX, after: null } : { level, run: run.id }
    }
  }

  #outputs(places: readonly OutputPlace[]): MergeOutput[] {
    const starts = this.#someKeys(places.length - 1)
    return places.slice(0, starts.length + 1).map((place, index) => ({
      place,
      fromKey: index === 0 ? null : starts[index - 1]!,
      targetTableBytes: this.#pick([null, null, 64, 80, 200]),
      cutKeys: this.#someKeys(this.#below(3)),
      softCuts: this.#chance(0.5) ? null : this.#softCuts(this.#someKeys(this.#below(6))),
      filter: { bitsPerKey: this.#pick([0, 6.5, 10]) },
    }))
  }

  #softCuts(keys: readonly Uint8Array[]): SoftCuts {
    return {
      keys,
      overlapBytes: keys.map(() => this.#pick([0, 60, 200])),
      endsFrom: this.#pick([[1], [64], [40, 100, 160]]),
      overlapBytesMax: this.#pick([null, 1, 150, 400]),
      skippedBytesMin: this.#pick([null, 1, 100]),
    }
  }

  /** Up to `count` keys, ascending and distinct, some of them between the keys in use. */
  #someKeys(count: number): Uint8Array[] {
    const keys = Array.from({ length: count }, () => {
      const key = this.#pick(this.#keys)
      return this.#chance(0.3) ? Uint8Array.of(...key, 0) : key
    }).sort(compareBytes)
    return keys.filter((key, at) => at === 0 || compareBytes(keys[at - 1]!, key) !== 0)
  }

  /** A correct spec, except for one flaw of form. */
  #flawed(version: Version, gone: readonly TableMeta[]): Omit<Offer, 'plan'> {
    for (;;) {
      const spec = this.#spec(version, 'closed')
      let made: Omit<Offer, 'plan'> | null = null
      const flaw = this.#below(13)
      if (flaw === 0) {
        const nextState = this.#pick([undefined, 1n, () => null]) as never
        made = { breaks: 'form', spec: { ...spec, nextState } }
      } else if (flaw < 5) made = this.#flawedInputs(version, spec, gone)
      else if (flaw < 9 && spec.kind !== 'drop') made = this.#flawedPlace(version, spec)
      else if (spec.kind === 'merge') made = this.#flawedOutputs(spec)
      if (made !== null) return made
    }
  }

  #flawedInputs(
    version: Version,
    spec: CompactionSpec,
    gone: readonly TableMeta[],
  ): Omit<Offer, 'plan'> | null {
    const [first, ...others] = spec.inputs
    if (first === undefined) return null
    const listed = heldTables(version).filter(({ run }) => run.id === first.run)
    const all = listed.map(({ table }) => table)
    const named: readonly TableRef[] = first.tables === 'all' ? all : first.tables
    const withInputs = (...inputs: InputSlice[]) => ({
      breaks: 'inputs-exist' as const,
      spec: { ...spec, inputs },
    })
    const withTables = (tables: TableRef[]) => withInputs({ ...first, tables }, ...others)
    const unsorted = (tables: TableRef[]) => ({
      ...withTables(tables),
      breaks: 'inputs-contiguous' as const,
    })
    switch (this.#below(9)) {
      case 0:
        return withInputs()
      case 1:
        return withInputs({ ...first, run: 100_000 }, ...others)
      case 2:
        return withInputs({ ...first, level: first.level + this.#pick([1, -1, 0.5]) }, ...others)
      case 3:
        return withInputs(...spec.inputs, this.#pick(spec.inputs))
      case 4:
        return withTables([])
      case 5:
        return withTables([...named, { id: 100_000, smallest: this.#pick(this.#keys) }])
      case 6:
        return gone.length === 0 ? null : withTables([this.#pick(gone), ...named.slice(1)])
      case 7:
        return all.length < 3 ? null : unsorted([all[0]!, all[2]!])
      default:
        return all.length < 2 ? null : unsorted(all.toReversed())
    }
  }

  #flawedPlace(
    version: Version,
    spec: Extract<CompactionSpec, { kind: 'merge' | 'move' }>,
  ): Omit<Offer, 'plan'> {
    const { level, run } = this.#pick(runsNewestFirst(version))
    const other = level === LEVEL_MAX ? level - 1 : level + 1
    const { place, breaks } = this.#pick<{ place: OutputPlace; breaks: SafetyRule }>([
      {
        place: { level: this.#pick([-1, 0.5, LEVEL_MAX + 1, 1000, Number.NaN]), after: null },
        breaks: 'form',
      },
      { place: { level: level + 0.5, after: run.id }, breaks: 'form' },
      { place: { level, after: 100_000 }, breaks: 'place-exists' },
      { place: { level, run: 100_000 }, breaks: 'place-exists' },
      { place: { level: other, after: run.id }, breaks: 'place-exists' },
      { place: { level: other, run: run.id }, breaks: 'place-exists' },
    ])
    if (spec.kind === 'move') return { breaks, spec: { ...spec, place } }
    const at = this.#below(spec.outputs.length)
    const outputs = spec.outputs.with(at, { ...spec.outputs[at]!, place })
    return { breaks, spec: { ...spec, outputs } }
  }

  #flawedOutputs(spec: Extract<CompactionSpec, { kind: 'merge' }>): Omit<Offer, 'plan'> {
    const [first] = spec.outputs as [MergeOutput]
    const low = this.#keys[2]!
    const high = this.#keys.at(-2)!
    const [ordered, formed] = ['outputs-ordered', 'form'] as const
    const [outputs, breaks] = this.#pick<readonly [readonly MergeOutput[], SafetyRule]>([
      [[], ordered],
      [[{ ...first, fromKey: low }], ordered],
      [[first, { ...first, fromKey: null }], ordered],
      [[first, { ...first, fromKey: high }, { ...first, fromKey: low }], ordered],
      [[first, { ...first, fromKey: low }, { ...first, fromKey: low }], ordered],
      [[{ ...first, targetTableBytes: this.#pick([0, -1, 1, Number.NaN]) }], formed],
      [[{ ...first, filter: { bitsPerKey: this.#pick([-1, Number.NaN, 1 / 0]) } }], formed],
      [[{ ...first, softCuts: this.#softCuts([high, low]) }], formed],
      [[{ ...first, softCuts: { ...this.#softCuts([low]), endsFrom: [] } }], formed],
      [[{ ...first, cutKeys: [high, low] }], ordered],
      [[{ ...first, cutKeys: [low, low] }], ordered],
    ])
    return { breaks, spec: { ...spec, outputs } }
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[this.#below(items.length)]!
  }

  #below(bound: number): number {
    return this.#random.nextBelow(bound)
  }

  #chance(probability: number): boolean {
    return this.#random.nextDouble() < probability
  }
}

/**
 * Adds to `chosen` every table that a chosen one could pass on its way, or that would stay at the
 * place of the result, until no table is in the way.
 */
function takeAlong(
  version: Version,
  held: readonly Held[],
  chosen: Set<TableId>,
  places: readonly OutputPlace[],
): void {
  const joined = new Set(places.flatMap((place) => ('run' in place ? [place.run] : [])))
  const ends = places.map((place) => positionOf(version, place))
  for (;;) {
    const inside = held.filter(({ table }) => chosen.has(table.id))
    const passed = [...ends, ...inside.map(({ position }) => position)]
    const [newest, oldest] = [Math.min(...passed), Math.max(...passed)]
    const span = hull(inside.map(({ table }) => table))!
    const inTheWay = held.filter(
      ({ table, run, position }) =>
        !chosen.has(table.id) &&
        ((joined.has(run.id) && overlaps(span, table)) ||
          (position >= newest &&
            position <= oldest &&
            inside.some((input) => overlaps(input.table, table)))),
    )
    if (inTheWay.length === 0) return
    for (const { table } of inTheWay) chosen.add(table.id)
  }
}

/** In units of runs. A new run is between its neighbours. */
function positionOf(version: Version, place: OutputPlace): number {
  const runs = runsNewestFirst(version)
  const at = (id: number | null) => runs.findIndex(({ run }) => run.id === id)
  if ('run' in place) return at(place.run)
  if (place.after !== null) return at(place.after) + 0.5
  return runs.filter(({ level }) => level < place.level).length - 0.5
}
