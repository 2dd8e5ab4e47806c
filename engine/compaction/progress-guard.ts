/**
 * Owns the detection of strategies that never come to rest. Within one cascade the tree must
 * settle. Picks are pure, so a sequence that reaches a shape and a state that it had before would
 * continue for ever. A sequence that only varies its state is stopped by a bound far above every
 * honest cascade.
 *
 * The shape is a digest that each edit updates, so that `note` costs as much as the edit: a sum
 * over tables (without their ids, which every rewrite changes), and the totals of every run. A
 * strategy may rewrite one old table after another to make them young, so the digest includes age.
 * But all tables written in the cascade count as equally old; otherwise rewriting the same table
 * for ever would look like progress.
 */

import type { Json } from '../base/json.ts'
import type { Version } from '../version/version.ts'
import type { TablePlacement, VersionEdit } from '../version/version-edit.ts'
import { unsafe } from './resolved-spec.ts'

const JOBS_MIN = 1_000
/** An honest cascade touches each table a few times per level. */
const JOBS_PER_TABLE_AND_LEVEL = 4
/** Keeps sums of digests exact. */
const DIGEST_MODULUS = 2 ** 50

export class ProgressGuard {
  /** The states of the strategy, by the shape of the tree. */
  #seen = new Map<string, Json[]>()
  #startMs = 0
  #digest = 0
  #jobs = 0

  /** Starts a cascade: writes, time or a released snapshot may make any compaction due again. */
  begin(nowMs: number): void {
    this.#startMs = nowMs
    // A cleared map would keep the next contents alive through the table of the last ones.
    this.#seen = new Map()
    this.#jobs = 0
  }

  /** Call it after each compaction. Throws `LSM_UNSAFE_COMPACTION`, rule `progress`. */
  note(edit: VersionEdit, version: Version, state: Json): void {
    this.#jobs++
    const { levels, totals } = version
    const jobsMax = JOBS_MIN + JOBS_PER_TABLE_AND_LEVEL * totals.tables * (levels.length + 1)
    if (this.#jobs > jobsMax) {
      throw unsafe('progress', `${this.#jobs} compactions without rest`)
    }
    for (const placement of edit.added) this.#add(this.#digestOf(placement))
    for (const placement of edit.removed) this.#add(DIGEST_MODULUS - this.#digestOf(placement))
    const shape = `${this.#digest} ${digestOfRuns(version)}`
    const states = this.#seen.get(shape) ?? []
    if (states.some((seen) => JSON.stringify(seen) === JSON.stringify(state))) {
      throw unsafe('progress', 'the tree returned to a shape it had: the strategy would never rest')
    }
    states.push(state)
    this.#seen.set(shape, states)
  }

  #add(digest: number): void {
    this.#digest = (this.#digest + digest) % DIGEST_MODULUS
  }

  #digestOf({ level, table }: TablePlacement): number {
    const { bytes, entries, seqMin, seqMax, createdAtMs, smallest } = table
    const bornMs = Math.min(createdAtMs, this.#startMs)
    let high = mixed(mixed(mixed(level, bytes), entries), bornMs)
    let low = mixed(mixed(high, seqMin), seqMax)
    for (let at = 0; at < smallest.length; at++) {
      high = Math.imul(high ^ smallest[at]!, 0x01000193)
      low = Math.imul(low ^ smallest[at]!, 0x85ebca6b)
    }
    return joined(high, low)
  }
}

/** A digest of the runs in their order, from the totals of each. */
function digestOfRuns({ levels }: Version): number {
  let high = 0
  let low = 0
  for (const { runs } of levels) {
    high = mixed(high, runs.length)
    for (const { totals } of runs) {
      high = mixed(mixed(high, totals.tables), totals.bytes)
      low = mixed(low, high)
    }
  }
  return joined(high, low)
}

/** Combines two 32-bit hashes into one of 50 bits. */
function joined(high: number, low: number): number {
  return (high >>> 14) * 2 ** 32 + (low >>> 0)
}

/** Mixes a fact of up to 53 bits into a 32-bit hash (FNV-1a's step, on both halves). */
function mixed(hash: number, fact: number): number {
  const half = Math.imul(hash ^ (fact | 0), 0x01000193)
  return Math.imul(half ^ (half >>> 15) ^ Math.floor(fact / 2 ** 32), 0x85ebca6b)
}
