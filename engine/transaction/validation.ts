/**
 * Owns the decision whether a transaction may commit: validation of what it wrote and read against
 * what was committed after its snapshot (Kung and Robinson 1981, backward validation).
 *
 * - `snapshot`: no later commit wrote a key or a range that it wrote. The first committer wins.
 * - `serializable`: also no key and no range that it read. Then all its reads would give the same
 *   answers now, so transactions behave as if each ran alone at its commit. One that wrote nothing
 *   needs no check: it behaves as if it ran alone at its snapshot.
 */

import { LsmError } from '../base/errors.ts'
import type { SeqNum } from '../base/internal-key.ts'
import { printKey } from '../version/text.ts'
import type { CommitHistory, NewerCommit } from './commit-history.ts'
import type { ReadSet } from './read-set.ts'
import type { KeySpan } from './span-set.ts'
import type { WriteSet } from './write-set.ts'

/** What transactions that run at the same time may see of each other. */
export type Isolation = 'snapshot' | 'serializable'

export interface Validated {
  readonly snapshotSeq: SeqNum
  readonly writes: WriteSet
  /** Null under `snapshot`, which does not look at reads. */
  readonly reads: ReadSet | null
}

/**
 * What a commit conflicts with: something that was written or read, or the history, which does not
 * reach back to the snapshot.
 */
export type ConflictAccess = 'write' | 'read' | 'history'

/** A conflict by its kind, and as the error that its transaction gets. */
export interface Conflict {
  readonly access: ConflictAccess
  readonly error: LsmError
}

/** The first conflict found with a commit after the snapshot, or null. */
export function conflictOf(
  { snapshotSeq, writes, reads }: Validated,
  history: CommitHistory,
): Conflict | null {
  if (snapshotSeq < history.floor) return tooOld(snapshotSeq, history.floor)
  for (const key of writes.keys()) {
    const newer = history.newerOf(key, snapshotSeq)
    if (newer !== null) return conflict('write', newer, snapshotSeq)
  }
  for (const { from, to } of writes.ranges) {
    const span = { lower: from, upper: to }
    const newer = history.newerIn(span, snapshotSeq)
    if (newer !== null) return conflict('write', newer, snapshotSeq, span)
  }
  if (reads === null) return null
  for (const key of reads.keys()) {
    const newer = history.newerOf(key, snapshotSeq)
    if (newer !== null) return conflict('read', newer, snapshotSeq)
  }
  for (const span of reads.spans()) {
    const newer = history.newerIn(span, snapshotSeq)
    if (newer !== null) return conflict('read', newer, snapshotSeq, span)
  }
  return null
}

function conflict(
  access: 'write' | 'read',
  { key, seq }: NewerCommit,
  snapshotSeq: SeqNum,
  span?: KeySpan,
): Conflict {
  const accessed = access === 'write' ? 'wrote' : 'read'
  const what = span === undefined ? '' : `${printSpan(span)} with `
  const message =
    `the transaction ${accessed} ${what}the key ${printKey(key)}, which was committed at ${seq}, ` +
    `after its snapshot at ${snapshotSeq}: run it again`
  const data = {
    access,
    key: key.slice(),
    seq,
    snapshotSeq,
    ...(span === undefined ? {} : { range: span }),
  }
  return { access, error: new LsmError('LSM_CONFLICT', message, { data }) }
}

function tooOld(snapshotSeq: SeqNum, floor: SeqNum): Conflict {
  const message =
    `the transaction's snapshot at ${snapshotSeq} is older than the commits kept for its check, ` +
    `which begin after ${floor}: run it again`
  const access = 'history'
  const data = { access, seq: floor, snapshotSeq }
  return { access, error: new LsmError('LSM_CONFLICT', message, { data }) }
}

function printSpan({ lower, upper }: KeySpan): string {
  const from = lower === undefined ? '(' : `[${printKey(lower)}`
  const to = upper === undefined ? ')' : `${printKey(upper)})`
  return `the range ${from},${to}`
}
