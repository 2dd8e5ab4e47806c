/** Owns the guess which name a mistyped one was meant to be. */

import { distance } from 'fastest-levenshtein'

/**
 * The single candidate that starts with `name`, or the closest one if it is close enough to be
 * meant.
 */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
  const lower = name.toLowerCase()
  const longer = candidates.filter((candidate) => candidate.toLowerCase().startsWith(lower))
  if (lower !== '' && longer.length === 1) return longer[0]
  const ranked = candidates
    .map((candidate) => ({ candidate, edits: distance(lower, candidate.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits)
  const best = ranked[0]
  if (best === undefined) return undefined
  const { candidate, edits } = best
  const editsMax = Math.max(2, Math.ceil(candidate.length / 2))
  return edits <= editsMax && edits < candidate.length ? candidate : undefined
}

/** '; did you mean "tiering"?', or the list of candidates if none is near. */
export function nearestHint(name: string, candidates: readonly string[]): string {
  const near = nearest(name, candidates)
  return near === undefined
    ? `; known: ${candidates.join(', ') || 'none'}`
    : `; did you mean "${near}"?`
}
