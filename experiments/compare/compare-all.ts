/**
 * Owns what is compared with what. Of the sides that may be compared one is the baseline, and each of
 * the others is held against it. What cannot be compared is listed with the reason; it keeps nothing
 * else from being compared.
 */
import type { AnyResult } from '../../results/identity.ts'
import { UsageError, unknownName } from '../cli/usage-error.ts'
import { type CompareOptions, type Comparison, comparePairs } from './comparison.ts'
import { brokenBooks, comparableSides, pairsOf, type Side, sidesOf, whyAlone } from './pairing.ts'

export interface CompareAllOptions extends CompareOptions {
  /** A strategy, or a design by its label or id; null: the first side of each workload. */
  readonly baseline: string | null
}

export interface Compared {
  readonly comparisons: readonly Comparison[]
  /** One line for each side or result that was not compared, with the reason. */
  readonly leftOut: readonly string[]
}

/** Throws `UsageError` where there is one design alone, and for a baseline that names no one side. */
export function compareAll(results: readonly AnyResult[], options: CompareAllOptions): Compared {
  const { across, baseline } = options
  if (results.length === 0) throw new UsageError('no results to compare')
  const broken = results.flatMap((result) => brokenBooks(result) ?? [])
  const all = sidesOf(results, across)
  const [only, second] = all
  if (second === undefined) {
    throw new UsageError(`${only!.label}: one design only; name results of another`)
  }
  if (baseline !== null) checkBaseline(baseline, all)
  const sides = sidesOf(
    results.filter((result) => brokenBooks(result) === null),
    across,
  )
  const comparisons: Comparison[] = []
  const leftOut: string[] = [...broken]
  for (const group of comparableSides(sides, across)) {
    const leave = (side: Side, why: string) =>
      leftOut.push(`${side.label} on ${side.workload}: ${why}`)
    const measure = baseline === null ? group[0]! : (baselineOf(baseline, group) ?? null)
    if (group.length === 1) {
      const others = sides.filter((side) => side !== group[0])
      leave(group[0]!, whyAlone(group[0]!, others, across))
      continue
    }
    for (const side of group) {
      if (side === measure) continue
      if (measure === null) {
        leave(side, `no result of the baseline ${baseline} under these conditions`)
        continue
      }
      const pairing = pairsOf(measure, side, across)
      if ('why' in pairing) leave(side, `${pairing.why} against ${measure.label}`)
      else comparisons.push(comparePairs(measure, side, pairing, options))
    }
  }
  return { comparisons, leftOut }
}

/** A label or an id names one design; a strategy's name may fit several of one group. */
function baselineOf(name: string, group: readonly Side[]): Side | undefined {
  const exact = group.find(({ id, label }) => label === name || id === name)
  if (exact !== undefined) return exact
  const [first, second] = group.filter(({ strategy }) => strategy === name)
  if (first !== undefined && second !== undefined) {
    throw new UsageError(
      `--baseline: ${name} fits "${first.label}" (${first.id}) and "${second.label}" ` +
        `(${second.id}); name one of them`,
    )
  }
  return first
}

function checkBaseline(name: string, sides: readonly Side[]): void {
  const names = sides.flatMap(({ id, label, strategy }) => [strategy, label, id])
  if (names.includes(name)) return
  const shown = [...new Set(sides.flatMap(({ strategy, label }) => [strategy, label]))]
  throw unknownName('value of --baseline', name, shown)
}
