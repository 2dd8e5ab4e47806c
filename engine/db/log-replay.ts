/**
 * Owns the reading of the write-ahead logs whose entries are not in tables yet: which batches an
 * open replays, and why it stops. It changes nothing. Open, verify, dump and export all use it, so
 * they all report the same.
 *
 * Invariant: the returned batches continue the manifest's last sequence number without a gap, and
 * none is returned twice: copies at the beginning of a log are skipped. If a batch does not follow
 * the previous one, or points to a value that is missing, neither that batch nor a later one of its
 * log is returned. The mode `skip-any-corrupted` is the exception: it leaves out what is damaged,
 * and gives the batches behind it the sequence numbers of what is missing.
 */

import { corruption, isLsmError, type LsmError } from '../base/errors.ts'
import { parseName, walName } from '../manifest/file-names.ts'
import type { ManifestState } from '../manifest/manifest-state.ts'
import type { RecoveredManifest } from '../manifest/recover.ts'
import { joinPath, type Storage } from '../storage/storage.ts'
import { LogReader, type LogRecoveryMode } from '../wal/log-reader.ts'
import { WriteBatch } from '../wal/write-batch.ts'
import type { Orphan } from './orphans.ts'
import type { ReplayFault, SegmentRecovery } from './values/segment-recovery.ts'

/** The state that the replay must continue; with `loggedSeq` if the manifest records it. */
export type FolderState = Pick<ManifestState, 'logNumber' | 'lastSeq'> &
  Partial<Pick<RecoveredManifest, 'loggedSeq'>>

export interface ReplayedBatch {
  readonly batch: WriteBatch
  /** When its oldest separated value was first written, ms; null if it has none. */
  readonly writtenAtMs: number | null
}

export interface Replay {
  /** Numbers of the logs found, oldest first. */
  readonly logs: readonly number[]
  /** Those that may hold batches which are not replayed, although no crash explains it. */
  readonly unreplayed: readonly number[]
  readonly batches: readonly ReplayedBatch[]
  readonly entries: number
  /** The newest sequence number after the replay. */
  readonly lastSeq: number
  /** The newest sequence number in any sound batch, replayed or not. */
  readonly lastSeqSeen: number
  readonly bytesDropped: number
  /** Whether the log that the manifest names exists and its first batch follows the manifest. */
  readonly continuesManifest: boolean
  /** The newest write at a clean close, if the replay does not reach it; else null. */
  readonly missedSeq: number | null
  /** In the order found; at most one per log, and one for the folder, unless damage is skipped. */
  readonly faults: readonly ReplayFault[]
  /** What is missing between the batches, ascending; only where damage is skipped. */
  readonly gaps: readonly SeqGap[]
}

/** Sequence numbers that no returned batch had when it was written; both ends are missing. */
export interface SeqGap {
  readonly from: number
  readonly to: number
}

/**
 * Reads the logs of `folder`. Throws a fault that `mode` does not allow (`LSM_CORRUPTION`):
 * `absolute` allows none, `tolerate-corrupted-tail` only what a crash leaves. Damage inside a log
 * is judged by `LogReader`.
 */
export function readLogs(
  storage: Storage,
  folder: string,
  { logNumber, lastSeq, loggedSeq = null }: FolderState,
  mode: LogRecoveryMode,
  segments: SegmentRecovery,
  orphans: readonly Orphan[],
): Replay {
  const logs = liveLogs(storage, folder, logNumber)
  const replay = new ReplayBuilder(mode, lastSeq, segments)
  // The edit that names the first log is written before any table or segment.
  const stray = orphans.find(({ kind }) => kind === 'table' || kind === 'segment')
  if (logNumber === 0 && stray !== undefined) {
    const path = joinPath(folder, stray.name)
    replay.note(replay.broken(corruption('the manifest names no log, but there is data', { path })))
  }
  // A log exists before the manifest names it, and is removed after the manifest names a later one.
  if (logNumber > 0 && logs[0] !== logNumber) {
    const path = joinPath(folder, walName(logNumber))
    replay.note(
      replay.broken(corruption('the log is missing, and the manifest names it', { path })),
    )
  }
  for (const number of logs) {
    const path = joinPath(folder, walName(number))
    const bytes = storage.readAll(path, { cause: 'recovery', level: -1 })
    replay.readLog(number, bytes, path)
  }
  if (loggedSeq !== null) replay.expect(loggedSeq, folder)
  return { logs, ...replay.result() }
}

/** Numbers of the logs to replay, in the order they were written. */
function liveLogs(storage: Storage, folder: string, logNumber: number): readonly number[] {
  return storage
    .list(folder)
    .map(parseName)
    .flatMap((name) => (name?.kind === 'wal' && name.number >= logNumber ? [name.number] : []))
    .sort((a, b) => a - b)
}

class ReplayBuilder {
  readonly #mode: LogRecoveryMode
  readonly #segments: SegmentRecovery
  readonly #batches: ReplayedBatch[] = []
  readonly #faults: ReplayFault[] = []
  readonly #unreplayed: number[] = []
  /** Logs whose last append is torn. */
  readonly #torn: number[] = []
  #entries = 0
  #bytesDropped = 0
  readonly #firstSeq: number
  #lastSeq: number
  #lastSeqSeen: number
  #gaps: readonly SeqGap[] = []
  #continuesManifest = true
  #missedSeq: number | null = null

  constructor(mode: LogRecoveryMode, lastSeq: number, segments: SegmentRecovery) {
    this.#mode = mode
    this.#segments = segments
    this.#firstSeq = lastSeq + 1
    this.#lastSeq = lastSeq
    this.#lastSeqSeen = lastSeq
  }

  /** A log that is not the one that should come next. */
  broken(error: LsmError): ReplayFault {
    if (this.#batches.length === 0 && this.#faults.length === 0) this.#continuesManifest = false
    return { error, isCrash: false }
  }

  note(fault: ReplayFault): void {
    const { error, isCrash } = fault
    if (this.#mode === 'absolute') throw error
    if (this.#mode === 'tolerate-corrupted-tail' && !isCrash) throw error
    this.#faults.push(fault)
  }

  get #skips(): boolean {
    return this.#mode === 'skip-any-corrupted'
  }

  /**
   * Takes the batches before the first fault. Of the rest it notes only how far it reaches, unless
   * damage is skipped.
   */
  readLog(number: number, bytes: Uint8Array, path: string): void {
    const reader = new LogReader(bytes, path, this.#mode)
    let stoppedAt: number | null = null
    /** The sequence number that the next copy has. */
    let copiesFrom: number | null = null
    while (reader.next()) {
      const { recordOffset } = reader
      const batch = batchOf(reader, path)
      if (!isLsmError(batch)) {
        if (recordOffset === 0 && this.#announcesCopies(batch)) copiesFrom = batch.seq
        if (batch.seq === copiesFrom && this.#isKnown(batch)) {
          copiesFrom += batch.count
          continue
        }
      }
      copiesFrom = null
      if (stoppedAt === null) {
        if (this.#skips && !isLsmError(batch)) {
          if (this.#isKnown(batch)) continue
          this.#passGap(batch, path, recordOffset, reader.skipped !== null)
        }
        const fault = isLsmError(batch)
          ? { error: batch, isCrash: false }
          : this.#faultOf(batch, path, recordOffset)
        if (fault === null) {
          this.#take(batch as WriteBatch)
          continue
        }
        this.note(fault)
        if (this.#skips) this.#leaveOut(number, reader.record)
        else stoppedAt = recordOffset
      }
      if (!isLsmError(batch)) this.#see(batch)
    }
    const end = reader.end!
    if (stoppedAt !== null) {
      this.#bytesDropped += bytes.length - stoppedAt
      this.#unreplayed.push(number)
      return
    }
    if (end.damage === null) return
    const { reason, offset, inLastAppend } = end.damage
    const { bytesDropped } = end
    const data = { path, offset, bytesDropped, inLastAppend }
    const error = corruption(`${reason}: ${bytesDropped} bytes are lost`, data)
    this.note({ error, isCrash: inLastAppend })
    this.#bytesDropped += bytesDropped
    if (inLastAppend) this.#torn.push(number)
    else if (this.#unreplayed.at(-1) !== number) this.#unreplayed.push(number)
  }

  /** Passes over what is missing before the batch. It is a fault if no damage explains it. */
  #passGap({ seq }: WriteBatch, path: string, offset: number, isExplained: boolean): void {
    const expected = this.#lastSeq + 1
    if (seq <= expected) return
    if (!isExplained && this.#gaps.length === 0) this.note(this.#brokenAt(seq, path, offset))
    this.#gaps = [...this.#gaps, { from: expected, to: seq - 1 }]
    this.#lastSeq = seq - 1
  }

  /** Whether the batch is one that was missing. A copy of it may come in a later log. */
  #isMissing({ seq, count }: WriteBatch): boolean {
    return count > 0 && this.#gaps.some(({ from, to }) => from <= seq && seq + count - 1 <= to)
  }

  /** Goes on without the record, which is sound but holds no batch that can be replayed. */
  #leaveOut(log: number, record: Uint8Array): void {
    this.#bytesDropped += record.length
    if (this.#unreplayed.at(-1) !== log) this.#unreplayed.push(log)
  }

  /**
   * Checks that the replay reaches `loggedSeq`, the newest write when the database was closed. All
   * writes were durable then, so no crash explains a missing one, even if the end of a log looks
   * torn.
   */
  expect(loggedSeq: number, path: string): void {
    if (this.#lastSeq >= loggedSeq) return
    this.#missedSeq = loggedSeq
    this.#lastSeqSeen = Math.max(this.#lastSeqSeen, loggedSeq)
    this.#unreplayed.push(...this.#torn)
    const message = `the logs end at seq ${this.#lastSeq}; the database was closed at seq ${loggedSeq}`
    const where = { path, expected: loggedSeq, actual: this.#lastSeq }
    const [first] = this.#faults
    const error = first?.error ?? corruption(message, where)
    if (this.#mode !== 'point-in-time' && !this.#skips) throw error
    if (first === undefined) this.#faults.push({ error, isCrash: false })
  }

  result(): Omit<Replay, 'logs'> {
    if (this.#skips) this.#closeGaps()
    return {
      unreplayed: this.#unreplayed,
      batches: this.#batches,
      entries: this.#entries,
      lastSeq: this.#lastSeq,
      lastSeqSeen: this.#lastSeqSeen,
      bytesDropped: this.#bytesDropped,
      continuesManifest: this.#continuesManifest,
      missedSeq: this.#missedSeq,
      faults: this.#faults,
      gaps: this.#gaps,
    }
  }

  /** Orders the batches, and numbers them without a gap: a later open would stop at one. */
  #closeGaps(): void {
    if (this.#lastSeqSeen > this.#lastSeq) {
      this.#gaps = [...this.#gaps, { from: this.#lastSeq + 1, to: this.#lastSeqSeen }]
    }
    this.#batches.sort((a, b) => a.batch.seq - b.batch.seq)
    let seq = this.#firstSeq
    for (const { batch } of this.#batches) {
      batch.setSeq(seq)
      seq += batch.count
    }
    this.#lastSeq = seq - 1
  }

  /**
   * Whether this first batch of a log says that the next ones are copies of the last batches of the
   * log before (`log-rotation.ts`).
   */
  #announcesCopies({ seq, count }: WriteBatch): boolean {
    return count === 0 && seq <= this.#lastSeq
  }

  /** Whether the batch was replayed, or is in a table. */
  #isKnown(batch: WriteBatch): boolean {
    return batch.seq + batch.count - 1 <= this.#lastSeq && !this.#isMissing(batch)
  }

  #faultOf(batch: WriteBatch, path: string, offset: number): ReplayFault | null {
    const follows = batch.seq === this.#lastSeq + 1
    if (follows || this.#isMissing(batch)) return this.#segments.check(batch)
    return this.#brokenAt(batch.seq, path, offset)
  }

  #brokenAt(seq: number, path: string, offset: number): ReplayFault {
    const expected = this.#lastSeq + 1
    const where = { path, offset, expected, actual: seq }
    return this.broken(corruption(`batch of seq ${seq}, expected seq ${expected}`, where))
  }

  #take(batch: WriteBatch): void {
    const { seq, count } = batch
    this.#batches.push({ batch, writtenAtMs: this.#segments.writtenAtMs })
    this.#entries += count
    if (seq > this.#lastSeq) this.#lastSeq += count
    else this.#gaps = this.#gaps.flatMap((gap) => withoutBatch(gap, seq, seq + count - 1))
    this.#see(batch)
  }

  #see({ seq, count }: WriteBatch): void {
    this.#lastSeqSeen = Math.max(this.#lastSeqSeen, seq + count - 1)
  }
}

/** What is left of a gap without the numbers of a batch. */
function withoutBatch({ from, to }: SeqGap, first: number, last: number): readonly SeqGap[] {
  if (last < from || to < first) return [{ from, to }]
  const parts = [
    { from, to: first - 1 },
    { from: last + 1, to },
  ]
  return parts.filter((part) => part.from <= part.to)
}

/** The batch of the current record, or the error that decoding it gives. */
function batchOf({ record, recordOffset }: LogReader, path: string): WriteBatch | LsmError {
  try {
    return WriteBatch.from(record, 'write batch')
  } catch (error) {
    if (!isLsmError(error)) throw error
    return corruption(error.message, { path, offset: recordOffset })
  }
}
