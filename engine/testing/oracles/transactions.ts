/**
 * Owns the model-based test of transactions: scripts of operations of several transactions at the
 * same time (`transaction-steps.ts`), a model of each (`modelled-transaction.ts`), and here the
 * database that they share. Invariant: the model and the database take each step together, and the
 * first difference ends the script.
 */

import { ManualClock } from '../../base/clock.ts'
import { isLsmError } from '../../base/errors.ts'
import { Database } from '../../db/database.ts'
import { Ledger } from '../../storage/ledger.ts'
import { MemoryStorage } from '../../storage/memory-storage.ts'
import type { Isolation } from '../../transaction/validation.ts'
import { WriteBatch } from '../../wal/write-batch.ts'
import { writeExternal } from '../external-tables.ts'
import { bytes, everyNth, RESTLESS_LOG, restless, text } from '../fixtures.ts'
import { Interleaving, type Schedule } from '../interleavings.ts'
import {
  compare,
  compareCursor,
  compareScan,
  ModelledTransaction,
  shown,
} from './modelled-transaction.ts'
import { KEYS, rangeOf, SORTED, type TransactionStep } from './transaction-steps.ts'

export interface ScriptFigures {
  committed: number
  conflicts: number
}

/** Runs a script. Throws at the first answer that differs, and names the step. */
export async function runTransactionScript(
  script: readonly TransactionStep[],
  schedule: Schedule,
): Promise<ScriptFigures> {
  const world = new World(schedule)
  for (const [index, one] of script.entries()) {
    try {
      await world.take(one, `${index}`)
    } catch (error) {
      throw new Error(`step ${index} ${JSON.stringify(one)}, ${schedule}`, { cause: error })
    }
  }
  world.finish()
  return world.figures
}

class World {
  readonly figures: ScriptFigures = { committed: 0, conflicts: 0 }
  readonly #interleaving: Interleaving
  readonly #storage = new MemoryStorage(new Ledger())
  readonly #state = new Map<string, string>()
  /** The number of the latest commit of each key. */
  readonly #commits = new Map<string, number>()
  #commitsMade = 0
  readonly #open: (ModelledTransaction | undefined)[] = []
  #db: Database

  constructor(schedule: Schedule) {
    this.#interleaving = new Interleaving(schedule)
    this.#db = this.#openDatabase()
  }

  async take(one: TransactionStep, name: string): Promise<void> {
    this.#interleaving.turn()
    switch (one[0]) {
      case 'write':
        return this.#write(KEYS[one[1]]!, name.padEnd(one[2], '.'))
      case 'erase':
        return this.#write(KEYS[one[1]]!, null)
      case 'eraseRange':
        return this.#eraseRange(KEYS[one[1]]!, KEYS[one[2]]!)
      case 'ingest':
        return this.#ingest(KEYS[one[1]]!, KEYS[one[2]]!, name.padEnd(one[3], '.'))
      case 'flush':
        return this.#db.flush()
      case 'collect':
        this.#db.collectValueLog()
        return
      case 'reopen':
        this.#db.close()
        this.#open.length = 0
        this.#db = this.#openDatabase()
        return
      case 'getMany':
        return this.#getMany(this.#open[one[1]], one[2])
      case 'commit':
        return this.#commit(one[1], one[2])
      case 'begin':
        this.#open[one[1]] ??= this.#begin(one[2])
        return
      default:
        this.#takeIn(one, name)
    }
  }

  finish(): void {
    for (const one of this.#open) one?.transaction.rollback()
    this.#compareState()
    this.#db.close()
    this.#db = this.#openDatabase()
    this.#compareState()
    this.#db.close()
  }

  /** A step of one transaction. */
  #takeIn(
    one: Exclude<
      TransactionStep,
      readonly [
        'commit' | 'begin' | 'getMany' | 'write' | 'erase' | 'eraseRange' | 'ingest',
        ...unknown[],
      ]
    >,
    name: string,
  ): void {
    const slot = Number(one[1])
    const modelled = this.#open[slot]
    if (modelled === undefined) return
    const { transaction } = modelled
    switch (one[0]) {
      case 'get':
      case 'has': {
        const expected = modelled.read(KEYS[one[2]]!)
        const named = bytes(KEYS[one[2]]!)
        if (one[0] === 'has') compare(transaction.has(named), expected !== undefined)
        else compare(shown(transaction.get(named)), expected)
        break
      }
      case 'scan':
        compareScan(modelled, [KEYS[one[2]]!, KEYS[one[3]]!], one[4])
        break
      case 'cursor': {
        const [from, to] = one[2].map((index) => (index === null ? null : KEYS[index]!))
        compareCursor(modelled, [from!, to!], one[3], one[4])
        break
      }
      case 'put':
        transaction.put(bytes(KEYS[one[2]]!), bytes(name.padEnd(one[3], '.')))
        modelled.writes.set(KEYS[one[2]]!, name.padEnd(one[3], '.'))
        break
      case 'delete':
        transaction.delete(bytes(KEYS[one[2]]!))
        modelled.writes.set(KEYS[one[2]]!, null)
        break
      case 'deleteRange': {
        const range = rangeOf(KEYS[one[2]]!, KEYS[one[3]]!)
        if (range.length === 0) break
        transaction.deleteRange(bytes(range[0]!), bytes(range.at(-1)!))
        for (const name of range.slice(0, -1)) modelled.writes.set(name, null)
        break
      }
      case 'savepoint':
        modelled.savepoints.push({
          savepoint: transaction.savepoint(),
          writes: new Map(modelled.writes),
        })
        break
      case 'rollbackTo': {
        const to = modelled.savepoints[one[2]]
        if (to === undefined) break
        transaction.rollbackTo(to.savepoint)
        modelled.writes = new Map(to.writes)
        modelled.savepoints.length = one[2] + 1
        break
      }
      case 'release': {
        const released = modelled.savepoints[one[2]]
        if (released === undefined) break
        transaction.release(released.savepoint)
        modelled.savepoints.length = one[2]
        break
      }
      case 'rollback':
        transaction.rollback()
        this.#open[slot] = undefined
        break
      case 'commitSync':
        this.#open[slot] = undefined
        this.#settle(
          modelled,
          outcomeOf(() => transaction.commitSync()),
        )
        break
    }
  }

  async #getMany(
    modelled: ModelledTransaction | undefined,
    keys: readonly number[],
  ): Promise<void> {
    if (modelled === undefined) return
    const names = keys.map((index) => KEYS[index]!)
    const values = modelled.transaction.getMany(names.map(bytes))
    const expected = names.map((name) => modelled.read(name) ?? null)
    compare(
      (await values).map((value) => shown(value) ?? null),
      expected,
    )
  }

  async #commit(slots: readonly number[], sync: boolean): Promise<void> {
    const group = slots.flatMap((slot) => this.#open[slot] ?? [])
    for (const slot of slots) this.#open[slot] = undefined
    const ends = group.map(({ transaction }) => transaction.commit({ sync }))
    const outcomes = await Promise.allSettled(ends)
    // Those without writes are settled first, and do not care.
    for (const [index, modelled] of group.entries()) {
      const outcome = outcomes[index]!
      this.#settle(modelled, outcome.status === 'fulfilled' ? null : outcome.reason)
    }
  }

  /** Compares the end of a commit with what it had to be, and brings the model up to date. */
  #settle(modelled: ModelledTransaction, error: unknown): void {
    if (error !== null && !isLsmError(error, 'LSM_CONFLICT')) throw error
    compare(error !== null, modelled.conflicts(this.#commits))
    if (error !== null) {
      this.figures.conflicts++
      return
    }
    this.figures.committed++
    this.#apply(modelled.writes)
  }

  #begin(isolation: Isolation): ModelledTransaction {
    const transaction = this.#db.transaction({ isolation })
    return new ModelledTransaction(transaction, this.#commitsMade, this.#state)
  }

  #write(name: string, value: string | null): void {
    const batch = new WriteBatch()
    if (value === null) batch.delete(bytes(name))
    else batch.put(bytes(name), bytes(value))
    this.#db.writeSync(batch)
    this.#apply(new Map([[name, value]]))
  }

  #eraseRange(a: string, b: string): void {
    const range = rangeOf(a, b)
    if (range.length === 0) return
    const batch = new WriteBatch()
    batch.deleteRange(bytes(range[0]!), bytes(range.at(-1)!))
    this.#db.writeSync(batch)
    this.#apply(new Map(range.slice(0, -1).map((name) => [name, null])))
  }

  /** All keys in the range of the table count as written. */
  #ingest(name: string, erased: string, value: string): void {
    const imports = new MemoryStorage(new Ledger())
    const writes = new Map([
      [erased, null],
      [name, value],
    ])
    writeExternal(imports, '/in/1.sst', [...writes])
    this.#db.ingest(['/in/1.sst'], { storage: imports })
    this.#apply(writes)
    for (const between of rangeOf(name, erased)) this.#commits.set(between, this.#commitsMade)
  }

  #apply(writes: ReadonlyMap<string, string | null>): void {
    this.#commitsMade++
    for (const [name, value] of writes) {
      this.#commits.set(name, this.#commitsMade)
      if (value === null) this.#state.delete(name)
      else this.#state.set(name, value)
    }
  }

  #compareState(): void {
    const expected = SORTED.flatMap((name) => {
      const value = this.#state.get(name)
      return value === undefined ? [] : [[name, value]]
    })
    compare(
      Array.from(this.#db.scan(), ([k, v]) => [text(k), text(v)]),
      expected,
    )
  }

  #openDatabase(): Database {
    const clock = new ManualClock(1)
    return Database.open({
      storage: this.#storage,
      folder: '/db',
      strategy: everyNth(3),
      clock,
      timers: clock,
      valueLogPolicy: restless,
      ...this.#interleaving.open({ memtableBytes: 4096, blockBytes: 512, valueLog: RESTLESS_LOG }),
    })
  }
}

function outcomeOf(work: () => void): unknown {
  try {
    work()
    return null
  } catch (error) {
    return error
  }
}
