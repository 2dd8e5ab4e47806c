/**
 * Owns the test of a disk that is full for one call: a scripted history runs once for each storage
 * call, and that call fails. It checks that the failure is reported, that exactly the acknowledged
 * writes are read, that no file is left open, and that after a reopen the history runs to its
 * correct end.
 */

import { expect } from 'vitest'
import { ManualClock } from '../../base/clock.ts'
import { isLsmError } from '../../base/errors.ts'
import { Database } from '../../db/database.ts'
import { Ledger } from '../../storage/ledger.ts'
import { MemoryStorage } from '../../storage/memory-storage.ts'
import type { FileTag, ReadableFile, Storage, WritableFile } from '../../storage/storage.ts'
import { WriteBatch } from '../../wal/write-batch.ts'
import { everyNth, RESTLESS_LOG, restless, text } from '../fixtures.ts'
import { Interleaving, type Schedule } from '../interleavings.ts'
import { TreeCheck } from '../oracles/check-tree.ts'
import { FaultStorage } from './fault-storage.ts'
import { applyWrites, batchOf, type HistoryStep, historyOf } from './power-cuts.ts'

type State = ReadonlyMap<string, string>

const HISTORY: readonly HistoryStep[] = [...historyOf(75, 5), { kind: 'reopen' }, { kind: 'flush' }]

/** Whether large values go to a value log that is collected all the time. */
type Separates = 'in the tree' | 'in a log'

function open(storage: Storage, values: Separates, interleaving: Interleaving): Database {
  const small = { memtableBytes: 4096, blockBytes: 512 }
  const separates = values === 'in a log'
  const clock = new ManualClock(1)
  return Database.open({
    storage,
    folder: '/db',
    strategy: everyNth(3),
    clock,
    timers: clock,
    valueLogPolicy: separates ? restless : null,
    ...interleaving.open(separates ? { ...small, valueLog: RESTLESS_LOG } : small),
  })
}

function after(state: State, step: HistoryStep): State {
  if (step.kind !== 'batch') return state
  const next = new Map(state)
  applyWrites(next, step.writes)
  return next
}

const print = (state: State) => JSON.stringify([...state].sort(([a], [b]) => (a < b ? -1 : 1)))
const stateOf = (db: Database): State =>
  new Map(Array.from(db.scan(), ([key, value]) => [text(key), text(value)]))

/** Counts the open handles. */
class CountingStorage extends MemoryStorage {
  openFiles = 0

  override create(path: string, tag: FileTag): WritableFile {
    return this.#counted(super.create(path, tag))
  }

  override open(path: string, tag: FileTag): ReadableFile {
    return this.#counted(super.open(path, tag))
  }

  override readAll(path: string, tag: FileTag): Uint8Array {
    const bytes = super.readAll(path, tag)
    // The memory storage opened this handle for itself and does not close it.
    this.openFiles--
    return bytes
  }

  #counted<File extends WritableFile | ReadableFile>(file: File): File {
    const close = file.close.bind(file)
    let open = true
    this.openFiles++
    file.close = () => {
      if (open) this.openFiles--
      open = false
      close()
    }
    return file
  }
}

/** Runs the history. At each failure it checks what is left, reopens, and continues. */
class Life {
  readonly #storage: Storage
  readonly #values: Separates
  readonly #interleaving: Interleaving
  #db: Database | null = null
  #state: State = new Map()
  failures = 0

  constructor(storage: Storage, values: Separates, schedule: Schedule) {
    this.#storage = storage
    this.#values = values
    this.#interleaving = new Interleaving(schedule)
  }

  live(): void {
    for (const step of HISTORY) {
      try {
        this.#interleaving.turn()
        this.#take(step)
      } catch (error) {
        this.#recover(step, error)
      }
    }
    const db = this.#db!
    expect(print(stateOf(db))).toBe(print(this.#state))
    new TreeCheck(this.#storage, '/db').check(db.version)
    try {
      db.close()
    } catch (error) {
      expect(error).toMatchObject({ code: 'LSM_IO' })
    }
  }

  #take(step: HistoryStep): void {
    this.#db ??= this.#open()
    if (step.kind === 'flush') this.#db.flush()
    else if (step.kind === 'collect') this.#db.collectValueLog()
    else if (step.kind === 'reopen') {
      const db = this.#db
      this.#db = null
      db.close()
    } else if (step.kind === 'batch') {
      this.#db.writeSync(batchOf(step.writes), { sync: step.sync })
      this.#state = after(this.#state, step)
    }
  }

  #open(): Database {
    return open(this.#storage, this.#values, this.#interleaving)
  }

  #recover(step: HistoryStep, error: unknown): void {
    if (!isLsmError(error, 'LSM_IO') && !isLsmError(error, 'LSM_READ_ONLY')) throw error
    this.failures++
    if (this.#db !== null) {
      expect(print(stateOf(this.#db)), 'what was acknowledged, and only that, is read').toBe(
        print(this.#state),
      )
      expect(() => this.#db!.writeSync(new WriteBatch(), { sync: true })).toThrow(
        expect.objectContaining({ code: 'LSM_READ_ONLY' }),
      )
      this.#db.close()
    }
    this.#db = this.#open()
    const found = print(stateOf(this.#db))
    // The failed write may have reached the log before its sync failed.
    const possible = [this.#state, after(this.#state, step)]
    const now = possible.find((state) => print(state) === found)
    expect(now, `${found} holds what was acknowledged`).toBeDefined()
    this.#state = now!
  }
}

/**
 * Runs the history once for every `every`th call, which fails. Returns the number of calls, of
 * failures reported, and of runs. `schedule`: how jobs run.
 */
export function fillDiskAtEach(
  every: number,
  values: Separates = 'in the tree',
  schedule: Schedule = 'inline',
): { calls: number; told: number; tried: number } {
  const rehearsal = new FaultStorage(new MemoryStorage(new Ledger()))
  new Life(rehearsal, values, schedule).live()
  const { calls } = rehearsal
  let told = 0
  let tried = 0
  for (let call = 1; call <= calls; call += every) {
    const memory = new CountingStorage(new Ledger())
    const storage = new FaultStorage(memory)
    storage.failAt(call, 'ENOSPC', call % 2 === 0 ? 0 : 9)
    const life = new Life(storage, values, schedule)
    try {
      life.live()
    } catch (cause) {
      throw new Error(`call ${call} fails, ${schedule}`, { cause })
    }
    expect(memory.openFiles, `handles left open when call ${call} fails, ${schedule}`).toBe(0)
    told += life.failures
    tried++
  }
  return { calls, told, tried }
}
