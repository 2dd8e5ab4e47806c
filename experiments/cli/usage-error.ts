/**
 * Owns the caller's mistakes: a `UsageError` is one line fit for a terminal that says what was
 * meant, and ends the command with exit code 2.
 */
import { distance } from 'fastest-levenshtein'

export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The candidate closest to `name` when it is close enough to be what was meant. */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
  const lower = name.toLowerCase()
  const ranked = candidates
    .map((candidate) => ({ candidate, edits: distance(lower, candidate.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits)
  const best = ranked[0]
  if (best === undefined) return undefined
  const { candidate, edits } = best
  const editsMax = Math.max(2, Math.ceil(candidate.length / 2))
  return edits <= editsMax && edits < candidate.length ? candidate : undefined
}

/** 'unknown strategy "teiring"; did you mean "tiering"?', or the list when nothing is near. */
export function unknownName(what: string, name: string, candidates: readonly string[]): UsageError {
  const near = nearest(name, candidates)
  const hint =
    near === undefined ? `known: ${candidates.join(', ') || 'none'}` : `did you mean "${near}"?`
  return new UsageError(`unknown ${what} "${name}"; ${hint}`)
}
