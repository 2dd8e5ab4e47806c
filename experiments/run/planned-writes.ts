/**
 * Owns the step from a workload's description (`workloads/write-shape.ts`) to the writes of a
 * simulation without keys: its classes of keys, and for each phase the mix of writes and which
 * classes they choose.
 *
 * If records are inserted among updates, each class has two halves: the keys that exist when the
 * run starts, and those that it inserts. So an update meets only keys that exist, and inserts do
 * not count as keys that were updated before.
 */
import {
  exponentialKeys,
  hashedZipfianKeys,
  hotspotKeys,
  type KeyClass,
  type KeyModel,
  uniformKeys,
  zipfianKeys,
} from '../../strategies/simulator/key-model.ts'
import type { KeyChoice, WriteMix } from '../../strategies/simulator/statistical-memtable.ts'
import {
  insertPhase,
  type KeyPopularity,
  type PopularRecords,
  type WritePhase,
  type WriteShape,
} from '../../workloads/index.ts'
import { UsageError } from '../base/usage-error.ts'

export interface PlannedPhase {
  readonly name: string
  readonly operations: number
  /** Expected writes by kind, rounded; a read-modify-write is an update. Reads are not counted. */
  readonly operationsByKind: Readonly<Record<string, number>>
  /** Writes ÷ operations. */
  readonly writeShare: number
  readonly mix: WriteMix
  /** The mix with the keys that operations [from, to) of the phase choose. */
  mixOf(from: number, to: number): WriteMix
}

export interface PlannedWrites {
  readonly model: KeyModel
  /** For each class, the share of its keys that the first phase inserts or chooses. */
  readonly first: readonly number[]
  /** The load first, which may be empty. */
  readonly phases: readonly PlannedPhase[]
}

/** Throws `UsageError` if the phases need different classes of keys. */
export function plannedWrites(name: string, shape: WriteShape): PlannedWrites {
  const { records, load, phases } = shape
  const all = load === null ? phases : [load, ...phases]
  // The first phase inserts the records that later phases choose.
  const [first, ...rest] = all
  const fresh = rest.reduce((sum, phase) => sum + insertsOf(phase), 0)
  const popularity = popularityOf(name, all)
  if (popularity === null) {
    const model = uniformKeys(records + fresh)
    const own = all.map((phase) => planned(phase, null))
    return { model, first: [records / (records + fresh)], phases: withLoad(shape, own) }
  }
  const { classes } = modelOf(popularity, records + fresh)
  const groups = new KeyGroups(classes, records, fresh, popularOf(popularity))
  let before = 0
  const plannedPhases = all.map((phase) => {
    const start = before
    if (phase !== first) before += insertsOf(phase)
    return planned(phase, groups.choices(phase, phase === first, start))
  })
  return {
    model: groups.model,
    first: groups.model.classes.map((_, at) => (at < classes.length ? 1 : 0)),
    phases: withLoad(shape, plannedPhases),
  }
}

function withLoad({ load }: WriteShape, phases: readonly PlannedPhase[]) {
  return load === null ? [planned(insertPhase('load', 0), null), ...phases] : phases
}

/** The keys that operations [from, to) of a phase choose. */
type ChoiceOf = (from: number, to: number) => KeyChoice

function planned(phase: WritePhase, choiceOf: ChoiceOf | null): PlannedPhase {
  const { name, operations, shares } = phase
  const mix = sharesOf(phase)
  const written = { insert: shares.insert, update: updateShareOf(phase), delete: shares.delete }
  const counts = Object.entries(written)
    .filter(([, share = 0]) => share > 0)
    .map(([kind, share = 0]) => [kind, Math.round(operations * share)])
  return {
    name,
    operations,
    operationsByKind: Object.fromEntries(counts),
    writeShare: writeShareOf(phase),
    mix,
    mixOf: (from, to) => (choiceOf === null ? mix : { ...mix, choice: choiceOf(from, to) }),
  }
}

function insertsOf({ operations, shares }: WritePhase): number {
  return operations * (shares.insert ?? 0)
}

function updateShareOf({ shares }: WritePhase): number {
  return (shares.update ?? 0) + (shares['read-modify-write'] ?? 0)
}

function writeShareOf(phase: WritePhase): number {
  const { shares } = phase
  return (shares.insert ?? 0) + updateShareOf(phase) + (shares.delete ?? 0)
}

/** Shares of the writes, which add up to 1; of no writes, all are 0. */
function sharesOf(phase: WritePhase): WriteMix {
  const all = writeShareOf(phase)
  const { insert = 0, delete: deletes = 0 } = phase.shares
  const share = (part: number) => (all === 0 ? 0 : part / all)
  return { insert: share(insert), update: share(updateShareOf(phase)), delete: share(deletes) }
}

/** The popularity whose classes serve all phases; null if no phase updates or deletes. */
function popularityOf(name: string, phases: readonly WritePhase[]): KeyPopularity | null {
  const chosen = phases
    .filter((phase) => updateShareOf(phase) + (phase.shares.delete ?? 0) > 0)
    .map(({ popularity }) => popularity)
  const skewed = chosen.filter(({ kind }) => kind !== 'uniform')
  const different = new Set(skewed.map((popularity) => JSON.stringify(popularity)))
  if (different.size > 1) {
    const kinds = skewed.map(({ kind }) => kind).join(' and ')
    throw new UsageError(
      `${name}: without keys, the simulator takes one skew for all phases, beside uniform; ` +
        `here are ${kinds}`,
    )
  }
  return skewed[0] ?? chosen[0] ?? null
}

function modelOf(popularity: KeyPopularity, keys: number): KeyModel {
  switch (popularity.kind) {
    case 'uniform':
      return uniformKeys(keys)
    case 'zipfian':
      return zipfianKeys(keys, popularity.theta)
    case 'hashed-zipfian':
      return hashedZipfianKeys(keys)
    case 'hotspot':
      return hotspotKeys(keys, popularity.records, popularity.operations)
    case 'exponential':
      return exponentialKeys(keys, popularity.percentile, popularity.records)
  }
}

function popularOf(popularity: KeyPopularity): PopularRecords {
  return 'popular' in popularity ? popularity.popular : 'any'
}

/** The classes of the first records, then the same classes of those that are inserted later. */
class KeyGroups {
  readonly model: KeyModel
  readonly #classes: readonly KeyClass[]
  readonly #records: number
  readonly #fresh: number
  readonly #popular: PopularRecords

  constructor(
    classes: readonly KeyClass[],
    records: number,
    fresh: number,
    popular: PopularRecords,
  ) {
    const total = records + fresh
    const groups = fresh === 0 ? [records] : [records, fresh]
    this.#classes = classes
    this.#records = records
    this.#fresh = fresh
    this.#popular = popular
    this.model = {
      keys: total,
      classes: groups.flatMap((size) =>
        classes.map(({ keys, weight }) => ({
          keys: (keys * size) / total,
          weight: (weight * size) / total,
        })),
      ),
    }
  }

  /** `before`: records that earlier phases inserted beside the first ones. */
  choices(phase: WritePhase, isFirst: boolean, before: number): ChoiceOf {
    const { popularity, choosesInserted, shares } = phase
    const total = this.#records + this.#fresh
    const even = this.#classes.map(({ keys }) => keys / total)
    const weights = this.#classes.map(({ weight }) => weight)
    const draws = popularity.kind === 'uniform' ? even : weights
    const none = this.#fresh === 0 ? [] : this.#classes.map(() => 0)
    const all = this.#classes.map(() => 1)
    if (isFirst) {
      const existing = [...all, ...none]
      const isEven = this.#popular === 'any' || (shares.insert ?? 0) === 0
      const constant = { draws: [...draws, ...none], existing, inserts: [...even, ...none] }
      if (isEven) return () => constant
      return (from, to) => ({ ...constant, inserts: [...this.#loaded(from, to), ...none] })
    }
    if (this.#fresh === 0) return () => ({ draws, existing: all, inserts: even })
    const inserts = [...none, ...even]
    const growth = choosesInserted ? (shares.insert ?? 0) : 0
    return (operations) => {
      const known = before + growth * operations
      const old = this.#records / (this.#records + known)
      return {
        draws: [...draws.map((share) => share * old), ...draws.map((share) => share * (1 - old))],
        existing: [...all, ...all.map(() => known / this.#fresh)],
        inserts,
      }
    }
  }

  /** The classes of the records [from, to). The classes are listed from the most popular. */
  #loaded(from: number, to: number): readonly number[] {
    const isLast = this.#popular === 'last'
    const [first, end] = isLast ? [this.#records - to, this.#records - from] : [from, to]
    const total = this.#records + this.#fresh
    let below = 0
    return this.#classes.map(({ keys }) => {
      const start = below
      below += (keys * this.#records) / total
      return Math.max(Math.min(end, below) - Math.max(first, start), 0) / (to - from)
    })
  }
}
