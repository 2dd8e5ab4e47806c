/**
 * Owns the history of versions on disk: a log that starts with a snapshot and continues with
 * version edits, and CURRENT, which names the live log (LevelDB's and RocksDB's MANIFEST). An edit
 * is durable when `append` returns, or when the work of `appending` is done. Only then may readers
 * see its version, and may its inputs be deleted.
 *
 * A new manifest is written at creation, and when the log has outgrown its snapshot. Power may fail
 * between any two of these steps, and CURRENT still names a whole manifest:
 *
 *   1. write the new log: one snapshot record; fdatasync
 *   2. write the new CURRENT under a temporary name; fdatasync
 *   3. sync the folder, so that neither name can be missing once CURRENT is replaced
 *   4. rename over CURRENT; sync the folder
 *   5. remove the old logs
 *
 * While `appending` waits for a step, `append` may write edits that do not depend on the one under
 * way: they are part of `state` before it is. If a new log is being started then, they go to both
 * logs.
 *
 * Invariant: after any failure the manifest refuses further edits (`LSM_READ_ONLY`). Until the next
 * recovery it is unknown whether the last edit is on disk, so neither its inputs nor its outputs
 * may be deleted.
 */

import { LsmError } from '../base/errors.ts'
import {
  removeStep,
  type SlowWork,
  syncFolderStep,
  syncStep,
  workHere,
} from '../storage/slow-call.ts'
import { type FileTag, joinPath, type Storage } from '../storage/storage.ts'
import { EMPTY_EDIT, type VersionEdit } from '../version/version-edit.ts'
import { LogWriter } from '../wal/log-writer.ts'
import { CURRENT, manifestName, parseName, temporaryName } from './file-names.ts'
import { applyToState, type ManifestState, snapshotOf } from './manifest-state.ts'
import { encodeVersionEdit } from './version-edit-codec.ts'

const MANIFEST_TAG: FileTag = { cause: 'manifest', level: -1 }

/**
 * A log is replaced when it exceeds this plus twice its snapshot, so the cost of rewriting is a
 * constant factor.
 */
const ROLL_BYTES_DEFAULT = 1024 * 1024

export interface ManifestOptions {
  /** Takes the next number from the folder's single file counter. */
  readonly allocate: () => number
  readonly rollBytes?: number
  /**
   * The `loggedSeq` of the last close, if recovery missed writes. It stays valid until the first
   * edit.
   */
  readonly loggedSeq?: number | undefined
}

export class Manifest {
  readonly #storage: Storage
  readonly #folder: string
  readonly #allocate: () => number
  readonly #rollBytes: number
  #state: ManifestState
  #written: ManifestState
  /** Edits that were begun and have not ended. */
  #underWay = 0
  #log: LogWriter | null = null
  /** The new log while it is being started; the old one may still be the live one. */
  #nextLog: LogWriter | null = null
  #snapshotBytes = 0
  #loggedSeq: number | undefined
  #closed = false
  #failure: { readonly cause: unknown } | null = null

  private constructor(
    storage: Storage,
    folder: string,
    state: ManifestState,
    { allocate, rollBytes = ROLL_BYTES_DEFAULT, loggedSeq }: ManifestOptions,
  ) {
    this.#storage = storage
    this.#folder = folder
    this.#state = state
    this.#written = state
    this.#allocate = allocate
    this.#rollBytes = rollBytes
    this.#loggedSeq = loggedSeq
  }

  /**
   * Starts a new manifest of `state` in `folder`, makes it the current one and removes all others.
   * Every open of a database calls this: an old log may end in a torn edit, so it is never appended
   * to.
   */
  static create(
    storage: Storage,
    folder: string,
    state: ManifestState,
    options: ManifestOptions,
  ): Manifest {
    const manifest = new Manifest(storage, folder, state, options)
    try {
      workHere(manifest.#roll(state))
    } catch (error) {
      manifest.#log?.close()
      throw error
    }
    return manifest
  }

  /** The state after all durable edits. */
  get state(): ManifestState {
    return this.#state
  }

  /** The state after all edits, also after one that `appending` has written and not finished. */
  get written(): ManifestState {
    return this.#written
  }

  /** Size of the live log in bytes. */
  get bytes(): number {
    return this.#log?.bytes ?? 0
  }

  /**
   * Makes `edit` durable and returns the state after it. An edit that does not fit the version is a
   * failed assertion and changes nothing. Throws `LSM_IO` if the disk fails, and `LSM_READ_ONLY`
   * from then on.
   */
  append(edit: VersionEdit): ManifestState {
    return workHere(this.appending(edit))
  }

  /**
   * As `append`, in steps. Two of these works must not be mixed: the first ends before the next
   * begins.
   */
  *appending(edit: VersionEdit): SlowWork<ManifestState> {
    this.#refuseUnlessWritable()
    const before = this.#state
    const isAlone = this.#underWay === 0
    const next = applyToState(this.#written, edit)
    this.#written = next
    this.#loggedSeq = undefined
    this.#underWay++
    try {
      const isLong = this.bytes > this.#rollBytes + 2 * this.#snapshotBytes
      if (isLong && this.#nextLog === null) yield* this.#roll(next)
      else yield* this.#write(edit)
    } catch (cause) {
      this.#failure ??= { cause }
      throw cause
    }
    this.#underWay--
    this.#state = isAlone && this.#state === before ? next : applyToState(this.#state, edit)
    if (this.#underWay === 0) this.#written = this.#state
    return this.#state
  }

  /**
   * Idempotent. Ends the log with an edit that changes nothing. So if an earlier edit is damaged, a
   * sound record follows it, and the damage cannot be mistaken for an append torn by a crash.
   * `loggedSeq` is the newest write that tables and logs hold durably. A recovery that does not
   * reach it has missed writes.
   */
  close(loggedSeq = this.#loggedSeq): void {
    if (this.#closed) return
    this.#closed = true
    try {
      const { lastSeq } = this.#state
      const last = { ...EMPTY_EDIT, lastSeq, ...logged(loggedSeq) }
      if (this.#failure === null) workHere(this.#write(last))
    } finally {
      this.#log?.close()
    }
  }

  *#write(edit: VersionEdit): SlowWork<void> {
    const log = this.#log!
    const nextLog = this.#nextLog
    log.append(encodeVersionEdit(edit))
    nextLog?.append(encodeVersionEdit(edit))
    yield syncStep(log)
    if (nextLog !== null) yield syncStep(nextLog)
  }

  /** Starts a new log with a snapshot of `state`, and makes it the live one. */
  *#roll(state: ManifestState): SlowWork<void> {
    const storage = this.#storage
    const path = (name: string) => joinPath(this.#folder, name)
    const number = this.#allocate()
    const nextFileNumber = Math.max(state.nextFileNumber, number + 1)
    const log = new LogWriter(storage.create(path(manifestName(number)), MANIFEST_TAG), 'meta')
    this.#nextLog = log
    try {
      const snapshot = { ...snapshotOf({ ...state, nextFileNumber }), ...logged(this.#loggedSeq) }
      log.append(encodeVersionEdit(snapshot, true))
      this.#snapshotBytes = log.bytes
      yield syncStep(log)
      const temporary = path(temporaryName(number))
      const current = new TextEncoder().encode(`${manifestName(number)}\n`)
      yield* writeDurably(storage, temporary, current)
      yield syncFolderStep(storage, this.#folder)
      storage.rename(temporary, path(CURRENT))
      yield syncFolderStep(storage, this.#folder)
    } catch (error) {
      log.close()
      throw error
    } finally {
      this.#nextLog = null
    }
    this.#log?.close()
    this.#log = log
    for (const name of storage.list(this.#folder)) {
      const parsed = parseName(name)
      const isOld = parsed?.kind === 'manifest' && parsed.number !== number
      if (isOld) yield removeStep(storage, this.#folder, name)
    }
  }

  #refuseUnlessWritable(): void {
    const data = { path: this.#log?.path }
    if (this.#closed) throw new LsmError('LSM_CLOSED', 'the manifest is closed', { data })
    if (this.#failure === null) return
    const message = `${this.#log?.path}: an earlier edit failed; reopen the database`
    throw new LsmError('LSM_READ_ONLY', message, { data, cause: this.#failure.cause })
  }
}

function logged(loggedSeq: number | undefined): Pick<VersionEdit, 'loggedSeq'> {
  return loggedSeq === undefined ? {} : { loggedSeq }
}

function* writeDurably(storage: Storage, path: string, bytes: Uint8Array): SlowWork<void> {
  const file = storage.create(path, MANIFEST_TAG)
  try {
    file.append(bytes, 'meta')
    yield syncStep(file)
  } finally {
    file.close()
  }
}
