/**
 * Owns fingerprints of files and configurations. Invariant: equal inputs give equal digests on any
 * machine, so nothing here reads a clock, a path or a locale.
 */
import { createHash } from 'node:crypto'
import type { Json } from '../../engine/index.ts'
import { canonicalJson } from '../../results/canonical-json.ts'

/** SHA-256 over the concatenated pieces, which may be borrowed; lower-case hex. */
export function digestOf(pieces: Iterable<Uint8Array | string>): string {
  const hash = createHash('sha256')
  for (const piece of pieces) hash.update(piece)
  return hash.digest('hex')
}

/** SHA-256 over JSON with sorted names, so the order of writing does not matter. */
export function hashOfJson(value: Json): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex')
}
