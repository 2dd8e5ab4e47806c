/**
 * Owns random transactions that run at the same time, recorded for `history-checker.ts`. Clients
 * take steps in a drawn order; a step reads, scans, appends to a list, takes writes back to a
 * savepoint, commits or rolls back. Single writes come in between, and so do flushes.
 *
 * Invariant: except in threads, a seed and equal options give an equal history, as long as the
 * engine is the same.
 */

import { setImmediate as nextTurn } from 'node:timers/promises'
import { ManualClock } from '../../base/clock.ts'
import { isLsmError } from '../../base/errors.ts'
import { createRandom, deriveSeed, type Random } from '../../base/random.ts'
import { Database } from '../../db/database.ts'
import type { OpenOptions } from '../../db/open-options.ts'
import type { Savepoint, Transaction } from '../../db/transaction.ts'
import { Ledger } from '../../storage/ledger.ts'
import { MemoryStorage } from '../../storage/memory-storage.ts'
import type { Isolation } from '../../transaction/validation.ts'
import { WriteBatch } from '../../wal/write-batch.ts'
import { bytes, everyNth, RESTLESS_LOG, restless, text } from '../fixtures.ts'
import { Interleaving, type Schedule } from '../interleavings.ts'
import {
  type Anomaly,
  checkHistory,
  type History,
  type RecordedAppend,
  type RecordedTransaction,
} from './history-checker.ts'

export interface HistoryPlan {
  readonly seed: number
  readonly isolation: Isolation
  /** How many transactions end, committed or not. */
  readonly transactions: number
  readonly schedule?: Schedule
  /** Where the database lies and who runs its jobs, if not in memory by `schedule`. */
  readonly place?: Pick<OpenOptions, 'folder' | 'storage' | 'scheduling'>
}

export interface HistoryFigures {
  readonly committed: number
  readonly conflicts: number
  readonly anomalies: readonly Anomaly[]
}

/** A new set of keys begins after so many transactions, because lists grow with each append. */
const ROUND = 80
const CLIENTS = 6
const KEYS = 12
const STEPS_MAX = 8

/** Runs the plan and checks its histories. */
export async function runTransactions(plan: HistoryPlan): Promise<HistoryFigures> {
  const world = new World(plan)
  const figures = { committed: 0, conflicts: 0 }
  const anomalies: Anomaly[] = []
  for (let done = 0; done < plan.transactions; done += ROUND) {
    const round = await world.round(done, Math.min(ROUND, plan.transactions - done))
    anomalies.push(...checkHistory(round))
    figures.committed += round.transactions.filter(({ isCommitted }) => isCommitted).length
    figures.conflicts += round.conflicts
  }
  world.close()
  return { ...figures, anomalies }
}

class World {
  readonly #random: Random
  readonly #interleaving: Interleaving
  readonly #isolation: Isolation
  readonly #db: Database
  #elements = 0
  #names = 0

  constructor({ seed, isolation, schedule = 'inline', place }: HistoryPlan) {
    this.#random = createRandom(deriveSeed(seed, 'transactions'))
    this.#interleaving = new Interleaving(schedule)
    this.#isolation = isolation
    const clock = new ManualClock(1)
    this.#db = Database.open({
      storage: new MemoryStorage(new Ledger()),
      folder: '/db',
      strategy: everyNth(3),
      clock,
      timers: clock,
      valueLogPolicy: restless,
      ...this.#interleaving.open({ memtableBytes: 16_384, valueLog: RESTLESS_LOG }),
      ...place,
    })
  }

  close(): void {
    this.#db.close()
  }

  async round(number: number, count: number): Promise<History & { readonly conflicts: number }> {
    const keys = Array.from({ length: KEYS }, (_, at) => `${number}/${String(at).padStart(2, '0')}`)
    const transactions: RecordedTransaction[] = []
    const clients: Client[] = []
    let conflicts = 0
    const begin = () => {
      const recorded = { name: `T${this.#names++}`, operations: [], isCommitted: false }
      transactions.push(recorded)
      const transaction = this.#db.transaction({ isolation: this.#isolation })
      return new Client(transaction, recorded, keys, this.#random, () => this.#elements++)
    }
    while (transactions.length < count || clients.length > 0) {
      this.#interleaving.turn()
      const random = this.#random
      if (random.nextBelow(4) === 0) await null
      if (random.nextBelow(100) === 0) await nextTurn()
      if (random.nextBelow(40) === 0) transactions.push(this.#singleWrite(keys))
      if (random.nextBelow(300) === 0) this.#db.flush()
      if (clients.length < CLIENTS && transactions.length < count) clients.push(begin())
      const at = random.nextBelow(clients.length)
      const client = clients[at]
      if (client === undefined) continue
      if (!client.isBusy) client.step()
      if (!client.isEnded) continue
      if (client.hasConflict) conflicts++
      clients.splice(at, 1)
    }
    const listed = [...this.#db.scan({ gte: bytes(keys[0]!), lte: bytes(keys.at(-1)!) })]
    const final = new Map(listed.map(([key, value]) => [text(key), elementsOf(value)]))
    const erased = new WriteBatch()
    for (const key of final.keys()) erased.delete(bytes(key))
    this.#db.writeSync(erased)
    return { transactions, final, conflicts }
  }

  /** A read and a write at one moment, without a transaction. */
  #singleWrite(keys: readonly string[]): RecordedTransaction {
    const key = keys[this.#random.nextBelow(KEYS)]!
    const element = `e${this.#elements++}`
    // A blocking write first finishes those under way, so that none comes between read and write.
    this.#db.writeSync(new WriteBatch())
    const elements = elementsOf(this.#db.get(bytes(key)))
    const batch = new WriteBatch()
    batch.put(bytes(key), listOf([...elements, element]))
    this.#db.writeSync(batch)
    return {
      name: `W${this.#names++}`,
      operations: [
        { kind: 'read', key, elements, isMissed: false },
        { kind: 'append', key, element, undoneAt: null },
      ],
      isCommitted: true,
    }
  }
}

/** One transaction, and what it still does. */
class Client {
  readonly #transaction: Transaction
  readonly #recorded: RecordedTransaction
  readonly #keys: readonly string[]
  readonly #random: Random
  readonly #nextElement: () => number
  #stepsLeft: number
  #savepoint: { readonly at: number; readonly savepoint: Savepoint } | null = null
  isBusy = false
  isEnded = false
  hasConflict = false

  constructor(
    transaction: Transaction,
    recorded: RecordedTransaction,
    keys: readonly string[],
    random: Random,
    nextElement: () => number,
  ) {
    this.#transaction = transaction
    this.#recorded = recorded
    this.#keys = keys
    this.#random = random
    this.#nextElement = nextElement
    this.#stepsLeft = 1 + random.nextBelow(STEPS_MAX)
  }

  step(): void {
    if (this.#stepsLeft-- === 0) {
      this.#finish()
      return
    }
    const die = this.#random.nextBelow(100)
    if (die < 35) this.#append()
    else if (die < 60) this.#read(this.#key())
    else if (die < 80) this.#scan()
    else if (this.#savepoint === null) {
      this.#savepoint = {
        at: this.#recorded.operations.length,
        savepoint: this.#transaction.savepoint(),
      }
    } else this.#rollBack(this.#savepoint)
  }

  #finish(): void {
    const transaction = this.#transaction
    const die = this.#random.nextBelow(10)
    if (die === 0) {
      transaction.rollback()
      this.isEnded = true
      return
    }
    this.isBusy = true
    const ended = (error?: unknown) => {
      if (error !== undefined && !isLsmError(error, 'LSM_CONFLICT')) throw error
      this.#recorded.isCommitted = error === undefined
      this.hasConflict = error !== undefined
      this.isEnded = true
    }
    if (die < 7) {
      transaction.commit({ sync: die < 4 }).then(() => ended(), ended)
      return
    }
    try {
      transaction.commitSync()
      ended()
    } catch (error) {
      ended(error)
    }
  }

  #append(): void {
    const key = this.#key()
    const elements = this.#read(key)
    const element = `e${this.#nextElement()}`
    this.#transaction.put(bytes(key), listOf([...elements, element]))
    this.#recorded.operations.push({ kind: 'append', key, element, undoneAt: null })
  }

  #read(key: string): readonly string[] {
    const elements = elementsOf(this.#transaction.get(bytes(key)))
    this.#recorded.operations.push({ kind: 'read', key, elements, isMissed: false })
    return elements
  }

  /** Records a read for each key that the scan went over. */
  #scan(): void {
    const random = this.#random
    const [a, b] = [random.nextBelow(KEYS), random.nextBelow(KEYS)]
    const range = this.#keys.slice(Math.min(a, b), Math.max(a, b) + 1)
    const reverse = random.nextBelow(2) === 1
    const limit = random.nextBelow(3) === 0 ? 1 + random.nextBelow(3) : Number.POSITIVE_INFINITY
    const bounds = { gte: bytes(range[0]!), lte: bytes(range.at(-1)!) }
    const entries = [...this.#transaction.scan({ ...bounds, reverse, limit })]
    const found = new Map(entries.map(([key, value]) => [text(key), elementsOf(value)]))
    const ordered = reverse ? range.toReversed() : range
    const last = found.size === limit ? text(entries.at(-1)![0]) : ordered.at(-1)!
    for (const key of ordered) {
      const elements = found.get(key) ?? []
      const isMissed = !found.has(key)
      this.#recorded.operations.push({ kind: 'read', key, elements, isMissed })
      if (key === last) break
    }
  }

  #rollBack({ at, savepoint }: { readonly at: number; readonly savepoint: Savepoint }): void {
    this.#transaction.rollbackTo(savepoint)
    const { operations } = this.#recorded
    for (const one of operations.slice(at)) {
      if (one.kind === 'append') undo(one, operations.length)
    }
  }

  #key(): string {
    return this.#keys[this.#random.nextBelow(KEYS)]!
  }
}

function undo(write: RecordedAppend, at: number): void {
  write.undoneAt ??= at
}

function elementsOf(value: Uint8Array | undefined): readonly string[] {
  return value === undefined ? [] : text(value).split(' ')
}

function listOf(elements: readonly string[]): Uint8Array {
  return bytes(elements.join(' '))
}
