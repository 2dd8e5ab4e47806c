/**
 * Owns the power-loss test of the database. A scripted history is stopped at every storage call,
 * many images are made of what a reboot might find, and each image is opened. Every image must
 * open, and must hold the state after a prefix of the batches, each of them whole. The prefix
 * includes every batch that was acknowledged with `sync`. The database must then take writes that
 * survive another reopen, and the ledger must account for every byte.
 *
 * Many ways to lose power give the same files, and equal files are checked once: a reopened
 * database depends on nothing else, and with as many synced batches the check is the same.
 */

import { createHash } from 'node:crypto'
import { ManualClock } from '../../base/clock.ts'
import { isLsmError } from '../../base/errors.ts'
import { createRandom, deriveSeed } from '../../base/random.ts'
import type { CompactionStrategy } from '../../compaction/strategy.ts'
import type { ValueLogPolicy } from '../../compaction/value-log-policy.ts'
import { Database } from '../../db/database.ts'
import { verifyDatabase } from '../../db/offline/verify.ts'
import type { EngineOptionsInput } from '../../db/options.ts'
import { EncryptedStorage } from '../../storage/encryption/encrypted-storage.ts'
import type { EncryptionKey } from '../../storage/encryption/encryption-key.ts'
import { Ledger, liveBytes } from '../../storage/ledger.ts'
import { MemoryStorage } from '../../storage/memory-storage.ts'
import type { PowerLossChoice } from '../../storage/power-loss.ts'
import { countFolder, folderBytes, type Storage } from '../../storage/storage.ts'
import { WriteBatch } from '../../wal/write-batch.ts'
import { applyExternal, type ExternalWrite, makesTable, writeExternal } from '../external-tables.ts'
import { bytes, text } from '../fixtures.ts'
import { Interleaving, type Schedule } from '../interleavings.ts'
import { FaultStorage, type StorageCall } from './fault-storage.ts'

/** A deleted range is empty unless its end is after the key. */
type Write = ExternalWrite

export type HistoryStep =
  | {
      readonly kind: 'batch'
      readonly sync: boolean
      /** Whether a transaction writes it; others that do not commit run at the same time. */
      readonly isTransaction?: boolean
      readonly writes: readonly Write[]
    }
  /** Two tables, if they can be divided; like a synced batch, it is kept as a whole. */
  | { readonly kind: 'ingest'; readonly writes: readonly Write[] }
  | { readonly kind: 'flush' }
  /** A full merge. */
  | { readonly kind: 'compact' }
  | { readonly kind: 'collect' }
  | { readonly kind: 'reopen' }

export interface PowerCutPlan {
  readonly history: readonly HistoryStep[]
  readonly strategy: () => CompactionStrategy
  readonly options: EngineOptionsInput
  readonly valueLogPolicy?: ValueLogPolicy
  /** Number of random images per storage call, in addition to the systematic ones. */
  readonly randomImages: number
  /** Whether the last append is also torn at every sector and around its ends. */
  readonly tears: boolean
  readonly seed: number
  /** How the jobs of the history run; by default inline. Images are always opened inline. */
  readonly schedule?: Schedule
  /** Wraps the storage that the history runs on, so that a test can plant a bug. */
  readonly wrap?: (storage: Storage) => Storage
  /** The key under which all files are encrypted; by default they are not. */
  readonly key?: EncryptionKey
}

export interface PowerCutReport {
  readonly calls: number
  /** Number of images made. Equal ones are opened once. */
  readonly images: number
  /** Number of manifests started while a database was open, not counting the one of each open. */
  readonly manifestRolls: number
}

const FOLDER = '/db'
const SECTOR_BYTES = 512

/**
 * Puts, deletes (of ranges too) and batches, a third of them synced, with flushes and reopenings
 * between.
 */
export function historyOf(batches: number, seed: number): readonly HistoryStep[] {
  const random = createRandom(seed)
  return Array.from({ length: batches }, (_, index): HistoryStep => {
    if (index % 37 === 36) return { kind: 'flush' }
    if (index % 53 === 52) return { kind: 'reopen' }
    const writes = Array.from({ length: 1 + random.nextBelow(4) }, () => {
      const key = `key${random.nextBelow(40)}`
      const value = `${index}`.padEnd(random.nextBelow(400), 'x')
      const deletes = random.nextBelow(5) === 0
      if (deletes && index % 4 === 0) return [key, { to: `key${random.nextBelow(40)}` }] as const
      return [key, deletes ? null : value] as const
    })
    return { kind: 'batch', sync: random.nextBelow(3) === 0, writes }
  })
}

/** As `historyOf`, with flushes and collections of the value log close together. */
export function historyWithCollections(batches: number, seed: number): readonly HistoryStep[] {
  return historyOf(batches, seed).flatMap((step, index): HistoryStep[] => {
    if (index % 9 === 8) return [step, { kind: 'collect' }]
    if (index % 9 === 4) return [step, { kind: 'flush' }]
    return [step]
  })
}

/** As `historyOf`, with a full merge after every tenth step. */
export function historyWithFullMerges(batches: number, seed: number): readonly HistoryStep[] {
  return historyOf(batches, seed).flatMap((step, index): HistoryStep[] =>
    index % 10 === 9 ? [step, { kind: 'compact' }] : [step],
  )
}

/** As `historyOf`, with most batches as transactions. */
export function historyWithTransactions(batches: number, seed: number): readonly HistoryStep[] {
  return historyOf(batches, seed).map((step, index) =>
    step.kind === 'batch' ? { ...step, isTransaction: index % 4 !== 1 } : step,
  )
}

/** As `historyOf`, with two of three batches as tables that are ingested. */
export function historyWithIngests(batches: number, seed: number): readonly HistoryStep[] {
  return historyOf(batches, seed).map((step, index) =>
    step.kind === 'batch' && index % 3 > 0 && makesTable(step.writes)
      ? { kind: 'ingest', writes: step.writes }
      : step,
  )
}

/** Runs the history once and checks all images before each call. Throws at the first failure. */
export function cutPowerEverywhere(plan: PowerCutPlan): PowerCutReport {
  const memory = new MemoryStorage(new Ledger())
  const states = statesOf(plan.history)
  const progress = { asked: 0, synced: 0 }
  const tears = new TearPoints()
  const checked = new Set<string>()
  let calls = 0
  let images = 0
  let manifests = 0
  const onCall = (call: StorageCall) => {
    calls++
    if (call.operation === 'create' && call.path.includes('MANIFEST')) manifests++
    for (const choice of choicesAt(plan, calls, plan.tears ? tears.points() : [])) {
      images++
      const ledger = new Ledger()
      const lost = memory.powerLoss(choice, ledger)
      const situation = `${progress.synced} ${digestOf(lost)}`
      if (checked.has(situation)) continue
      checked.add(situation)
      countFolder(lost, ledger, FOLDER)
      const image = encrypted(lost, plan)
      try {
        checkImage(image, plan, states, progress.synced, progress.asked)
        checkBooks(image, plan)
        checkLedger(lost, ledger)
      } catch (cause) {
        const at = `before call ${calls} (${call.operation} ${call.path})`
        const how = `${JSON.stringify(choice)}, seed ${plan.seed}, ${plan.schedule ?? 'inline'}`
        throw new Error(`power cut ${at}, ${how}`, { cause })
      }
    }
    tears.note(call)
  }
  const faulty = new FaultStorage(memory, { onCall })
  live(encrypted(plan.wrap?.(faulty) ?? faulty, plan), plan, progress)
  const opens = 1 + plan.history.filter(({ kind }) => kind === 'reopen').length
  return { calls, images, manifestRolls: manifests - opens }
}

/** Of the names and contents of all files. */
function digestOf(image: Storage): string {
  const hash = createHash('sha1')
  for (const name of image.list(FOLDER)) {
    const content = image.readAll(`${FOLDER}/${name}`, { cause: 'open', level: -1 })
    hash.update(`${name} ${content.length} `).update(content)
  }
  return hash.digest('base64')
}

/** Runs the history on `storage`, and counts the batches that were requested and made durable. */
function live(
  storage: Storage,
  plan: PowerCutPlan,
  progress: { asked: number; synced: number },
): void {
  const interleaving = new Interleaving(plan.schedule ?? 'inline')
  let db = open(storage, plan, interleaving)
  for (const step of plan.history) {
    interleaving.turn()
    if (step.kind === 'flush') db.flush()
    else if (step.kind === 'compact') db.compact()
    else if (step.kind === 'collect') db.collectValueLog()
    else if (step.kind === 'reopen') {
      db.close()
      db = open(storage, plan, interleaving)
    } else if (step.kind === 'ingest') {
      progress.asked++
      ingestTables(db, step.writes)
      progress.synced = progress.asked
    } else {
      progress.asked++
      const [first] = step.writes.filter(isWritten)
      if (step.isTransaction === true && first !== undefined) {
        commitBetweenOthers(db, first[0], step.writes, step.sync)
      } else {
        db.writeSync(batchOf(step.writes), { sync: step.sync })
      }
      if (step.sync) progress.synced = progress.asked
    }
  }
  db.close()
}

/** Ingests the writes as two tables, or as one if a deleted range may cross their border. */
function ingestTables(db: Database, writes: readonly Write[]): void {
  const imports = new MemoryStorage(new Ledger())
  const isDivided = writes.every(([, value]) => value === null || typeof value === 'string')
  const keys = [...new Set(writes.map(([key]) => key))].sort()
  const border = isDivided ? keys[keys.length >> 1]! : '~'
  const [low, high] = [
    writes.filter(([key]) => key < border),
    writes.filter(([key]) => key >= border),
  ]
  const parts = [low, high].filter(makesTable)
  const paths = parts.map((part, index) => {
    const path = `/imports/${index}.sst`
    writeExternal(imports, path, part)
    return path
  })
  db.ingest(paths, { storage: imports })
}

/** Whether it is no range without keys. */
function isWritten([key, value]: Write): boolean {
  return value === null || typeof value === 'string' || key < value.to
}

/**
 * Commits the writes as a transaction that took others back, while one is rolled back and one is
 * refused, because it wrote `firstKey` too. Nothing of these may be in any image.
 */
function commitBetweenOthers(
  db: Database,
  firstKey: string,
  writes: readonly Write[],
  sync: boolean,
): void {
  const committed = db.transaction()
  const refused = db.transaction()
  const rolledBack = db.transaction()
  const savepoint = committed.savepoint()
  for (const other of [committed, refused, rolledBack]) {
    other.put(bytes(firstKey), bytes('never committed'))
    other.put(bytes('key99'), bytes('never committed'))
  }
  committed.rollbackTo(savepoint)
  for (const [key, value] of writes.filter(isWritten)) {
    if (value === null) committed.delete(bytes(key))
    else if (typeof value === 'string') committed.put(bytes(key), bytes(value))
    else committed.deleteRange(bytes(key), bytes(value.to))
  }
  committed.commitSync({ sync })
  rolledBack.rollback()
  try {
    refused.commitSync({ sync: true })
  } catch (error) {
    if (isLsmError(error, 'LSM_CONFLICT')) return
    throw error
  }
  throw new Error('two transactions wrote a key at the same time, and both were committed')
}

function open(
  storage: Storage,
  plan: PowerCutPlan,
  interleaving = new Interleaving('inline'),
): Database {
  const clock = new ManualClock(1)
  return Database.open({
    storage,
    folder: FOLDER,
    strategy: plan.strategy(),
    valueLogPolicy: plan.valueLogPolicy ?? null,
    clock,
    timers: clock,
    ...interleaving.open(plan.options),
  })
}

/** The printed state after each prefix of the batches; the empty prefix is first. */
function statesOf(history: readonly HistoryStep[]): readonly string[] {
  const state = new Map<string, string>()
  const states = [print(state)]
  for (const step of history) {
    if (step.kind === 'batch') applyWrites(state, step.writes)
    else if (step.kind === 'ingest') applyExternal(state, step.writes)
    else continue
    states.push(print(state))
  }
  return states
}

function print(entries: Iterable<readonly [string, string]>): string {
  return Array.from(entries, ([key, value]) => `${key}=${value}`)
    .sort()
    .join('\n')
}

function checkImage(
  image: Storage,
  plan: PowerCutPlan,
  states: readonly string[],
  synced: number,
  asked: number,
): void {
  const found = stateIn(image, plan)
  const prefix = states.lastIndexOf(found, asked)
  if (prefix < 0) throw new Error(`no prefix of ${asked} batches gives\n${found}`)
  if (prefix < synced) throw new Error(`${prefix} batches survive, ${synced} were synced`)
  const db = open(image, plan)
  db.writeSync(batchOf([['after', 'the reboot']]), { sync: true })
  db.close()
  if (!stateIn(image, plan).includes('after=the reboot')) throw new Error('a later write is lost')
}

/** Checks, after an open and a close, that every pointer leads to its value. */
function checkBooks(image: Storage, plan: PowerCutPlan): void {
  if (plan.valueLogPolicy === undefined) return
  const { faults } = verifyDatabase(image, FOLDER)
  if (faults.length > 0) throw faults[0]
}

/** Checks that the ledger accounts for every byte. */
function checkLedger(image: Storage, ledger: Ledger): void {
  const [said, found] = [liveBytes(ledger.balance()), folderBytes(image, FOLDER)]
  if (said !== found) throw new Error(`the ledger says ${said} bytes, ${found} are there`)
}

function encrypted(storage: Storage, { key }: PowerCutPlan): Storage {
  return key === undefined ? storage : new EncryptedStorage(storage, key)
}

/** The state by a scan. Checks that a get of every key agrees. */
function stateIn(image: Storage, plan: PowerCutPlan): string {
  const db = open(image, plan)
  const entries = Array.from(db.scan(), ([key, value]) => [text(key), text(value)] as const)
  for (const [key, value] of entries) {
    const got = db.get(bytes(key))
    if (got === undefined || text(got) !== value) throw new Error(`get and scan differ at ${key}`)
  }
  db.close()
  return print(entries)
}

/** Does in the sorted map what the batch of these writes does in the database. */
export function applyWrites(state: Map<string, string>, writes: readonly Write[]): void {
  for (const [key, value] of writes) {
    if (value === null) state.delete(key)
    else if (typeof value === 'string') state.set(key, value)
    else {
      for (const other of [...state.keys()]) {
        if (key <= other && other < value.to) state.delete(other)
      }
    }
  }
}

export function batchOf(writes: readonly Write[]): WriteBatch {
  const batch = new WriteBatch()
  for (const [key, value] of writes) {
    if (value === null) batch.delete(bytes(key))
    else if (typeof value === 'string') batch.put(bytes(key), bytes(value))
    else if (key < value.to) batch.deleteRange(bytes(key), bytes(value.to))
  }
  return batch
}

function choicesAt(
  plan: PowerCutPlan,
  call: number,
  tears: readonly number[],
): readonly PowerLossChoice[] {
  const choices: PowerLossChoice[] = [
    { bytes: 'lost', names: 'lost' },
    { bytes: 'lost', names: 'kept' },
    { bytes: 'kept', names: 'lost' },
    { bytes: 'kept', names: 'kept' },
  ]
  for (let image = 0; image < plan.randomImages; image++) {
    const seed = deriveSeed(plan.seed, `call ${call}`, image)
    const kind = image % 2 === 0 ? 'seeded' : 'sectors'
    choices.push({ bytes: { kind, seed }, names: { kind: 'subset', seed } })
  }
  for (const [index, keptBytes] of tears.entries()) {
    const rest = (['lost', 'zeros', 'garbage'] as const)[index % 3]!
    const seed = deriveSeed(plan.seed, `tear ${call}`, index)
    choices.push({ bytes: { kind: 'torn', keptBytes, rest, seed }, names: 'kept' })
  }
  return choices
}

/** Where the last append may be torn: how many bytes of the file's unsynced part are kept. */
class TearPoints {
  readonly #unsynced = new Map<string, number>()
  #last: { readonly from: number; readonly to: number } | null = null

  note({ operation, path, bytes = 0 }: StorageCall): void {
    this.#last = null
    if (operation === 'sync') this.#unsynced.set(path, 0)
    if (operation !== 'append') return
    const from = this.#unsynced.get(path) ?? 0
    this.#unsynced.set(path, from + bytes)
    this.#last = { from, to: from + bytes }
  }

  points(): readonly number[] {
    if (this.#last === null) return []
    const { from, to } = this.#last
    const points = new Set([from, from + 1, to - 1, to])
    if (from > 0) points.add(from - 1)
    for (let at = from + SECTOR_BYTES; at < to; at += SECTOR_BYTES) points.add(at)
    return [...points]
  }
}
