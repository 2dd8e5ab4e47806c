/**
 * Owns what is compared with what: of the sides that share a workload the first is the measure, and
 * each of the others is held against it.
 */
import { UsageError } from '../cli/usage-error.ts'
import { type CompareOptions, type Comparison, compareSides } from './comparison.ts'
import {
  type ResultFile,
  type Side,
  sharesWorkload,
  sidesOf,
  text,
  workloadDifference,
} from './pairing.ts'

/** Throws `UsageError` where nothing can be compared. */
export function compareAll(
  files: readonly ResultFile[],
  options: CompareOptions,
): readonly Comparison[] {
  const sides = sidesOf(files)
  const groups: Side[][] = []
  for (const side of sides) {
    const group = groups.find(([first]) => sharesWorkload(first!, side))
    if (group === undefined) groups.push([side])
    else group.push(side)
  }
  if (groups.every(({ length }) => length === 1)) throw nothingToCompare(sides)
  return groups.flatMap(([first, ...others]) =>
    others.map((other) => compareSides(first!, other, options)),
  )
}

function nothingToCompare([first, second]: readonly Side[]): UsageError {
  if (first === undefined) return new UsageError('no results to compare')
  if (second === undefined) {
    return new UsageError(`${first.label}: one configuration only; name results of another`)
  }
  const { path, a, b } = workloadDifference(first, second)!
  const where = `${path} is ${text(a)} and ${text(b)}`
  return new UsageError(`${first.label} and ${second.label}: different workloads, ${where}`)
}
