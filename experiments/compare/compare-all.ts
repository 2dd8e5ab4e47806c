/**
 * Owns which sides are compared. Among the sides that may be compared one is the baseline; each of
 * the others is compared with it. A side that cannot be compared is listed with the reason, and the
 * others are compared all the same.
 */
import type { AnyResult } from '../../results/identity.ts'
import { UsageError, unknownName } from '../base/usage-error.ts'
import {
  type CompareOptions,
  type Comparison,
  comparePairs,
  type EstimatedComparison,
} from './comparison.ts'
import { type Family, judge } from './family.ts'
import { METRICS } from './metrics.ts'
import {
  brokenBooks,
  comparableSides,
  labelsOf,
  pairsOf,
  type Side,
  sidesOf,
  titlesOf,
  whyAlone,
} from './pairing.ts'

export interface CompareAllOptions extends CompareOptions {
  /** A strategy, or a design by its label or id; null: the first side of each workload. */
  readonly baseline: string | null
}

export interface Compared {
  readonly comparisons: readonly Comparison[]
  readonly family: Family
  /** One line for each side or result that was not compared, with the reason. */
  readonly leftOut: readonly string[]
}

/** Throws `UsageError` if there is only one design, or if the baseline does not name one side. */
export function compareAll(results: readonly AnyResult[], options: CompareAllOptions): Compared {
  const { across, baseline } = options
  if (results.length === 0) throw new UsageError('no results to compare')
  const broken = results.flatMap((result) => brokenBooks(result) ?? [])
  const all = sidesOf(results, across)
  if (all.length === 1) {
    const { contender, workload } = labelsOf(all).get(all[0]!)!
    throw new UsageError(`${contender} on ${workload}: one design only; name results of another`)
  }
  const sound = results.filter((result) => brokenBooks(result) === null)
  const sides = sidesOf(sound, across)
  const groups = comparableSides(sides, across)
  if (baseline !== null) checkBaseline(baseline, groups)
  const titles = titlesOf(
    groups.filter((group) => group.length > 1),
    across,
  )
  const estimated: EstimatedComparison[] = []
  const leftOut: string[] = [...broken]
  for (const group of groups) {
    const [first, second] = group
    if (second === undefined) {
      const others = sides.filter((side) => side !== first)
      leftOut.push(whyAlone(first!, others, across))
      continue
    }
    const labels = labelsOf(group)
    const workload = titles.get(group)!
    const measure = baseline === null ? first! : baselineOf(baseline, group)
    for (const side of group) {
      if (side === measure) continue
      const { contender } = labels.get(side)!
      const leave = (against: string, why: string) =>
        leftOut.push(`${contender}${against} on ${workload}: ${why}`)
      if (measure === undefined) {
        leave('', `no result of the baseline ${baseline} under these conditions`)
        continue
      }
      const pairing = pairsOf(measure, side, across)
      const against = labels.get(measure)!.contender
      if ('why' in pairing) leave(` with ${against}`, pairing.why)
      else {
        const named = { a: against, b: contender, workload }
        estimated.push(comparePairs(measure, side, { ...pairing, ...named }, options))
      }
    }
  }
  const asked = METRICS.filter(({ flag }) => options.metrics.includes(flag))
  const names = asked.map(({ name }) => name)
  return { ...judge(estimated, names, options.level), leftOut }
}

/**
 * The side a baseline names. A label or an id fits one design, a strategy's name perhaps several.
 */
function baselineOf(name: string, group: readonly Side[]): Side | undefined {
  const labels = labelsOf(group)
  const exact = group.find((side) => side.id === name || labels.get(side)!.contender === name)
  if (exact !== undefined) return exact
  const [first, second] = group.filter((side) => strategyOf(side) === name)
  if (first !== undefined && second !== undefined) {
    const called = (side: Side) => `"${labels.get(side)!.contender}" (${side.id})`
    throw new UsageError(
      `--baseline: ${name} fits ${called(first)} and ${called(second)}; name one of them`,
    )
  }
  return first
}

function checkBaseline(name: string, groups: readonly (readonly Side[])[]): void {
  const labels = groups.flatMap((group) =>
    [...labelsOf(group).values()].map(({ contender }) => contender),
  )
  const names = new Set([...groups.flat().map(strategyOf), ...labels])
  if (names.has(name) || groups.flat().some(({ id }) => id === name)) return
  throw unknownName('value of --baseline', name, [...names])
}

function strategyOf({ results }: Side): string {
  return results[0]!.config.strategy.name
}
