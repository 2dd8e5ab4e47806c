/**
 * Owns the model-based test of transactions: scripts of operations of several transactions at the
 * same time, a model that knows the state of each, and the comparison. The model also knows which
 * commits must conflict, so it finds conflicts that are missed and those that have no reason. A
 * script is plain data, so that a failing one can be shrunk and printed.
 */

import fc from 'fast-check'
import { ManualClock } from '../../base/clock.ts'
import { compareBytes } from '../../base/compare.ts'
import { isLsmError } from '../../base/errors.ts'
import { Database } from '../../db/database.ts'
import type { Savepoint, Transaction } from '../../db/transaction.ts'
import { Ledger } from '../../storage/ledger.ts'
import { MemoryStorage } from '../../storage/memory-storage.ts'
import type { Isolation } from '../../transaction/validation.ts'
import { WriteBatch } from '../../wal/write-batch.ts'
import { writeExternal } from '../external-tables.ts'
import { bytes, everyNth, RESTLESS_LOG, restless, text } from '../fixtures.ts'
import { Interleaving, type Schedule } from '../interleavings.ts'

/** `slot` names one of the transactions that are open at the same time. */
export type TransactionStep =
  | readonly ['begin', slot: number, isolation: Isolation]
  | readonly ['get', slot: number, key: number]
  | readonly ['has', slot: number, key: number]
  | readonly [
      'scan',
      slot: number,
      from: number,
      to: number,
      how: { readonly reverse: boolean; readonly limit: number; readonly taken: number },
    ]
  | readonly ['put', slot: number, key: number, length: number]
  | readonly ['delete', slot: number, key: number]
  | readonly ['deleteRange', slot: number, from: number, to: number]
  | readonly ['savepoint', slot: number]
  | readonly ['rollbackTo', slot: number, savepoint: number]
  | readonly ['release', slot: number, savepoint: number]
  | readonly ['rollback', slot: number]
  /** All are queued before any is committed: they form a group. */
  | readonly ['commit', slots: readonly number[], sync: boolean]
  | readonly ['commitSync', slot: number]
  | readonly ['write', key: number, length: number]
  | readonly ['erase', key: number]
  | readonly ['eraseRange', from: number, to: number]
  /** A table with a value of the first key and a deletion of the other, if that is another. */
  | readonly ['ingest', key: number, erased: number, length: number]
  | readonly ['flush']
  | readonly ['collect']
  | readonly ['reopen']

const KEY_COUNT = 16
const SLOTS = 4

const key = fc.nat(KEY_COUNT - 1)
const slot = fc.nat(SLOTS - 1)
const length = fc.nat(200)
const taken = fc.oneof(fc.constant(100), fc.nat(4))

const named = <Name extends string>(name: Name) => fc.constant(name)

const step: fc.Arbitrary<TransactionStep> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.tuple(
      named('begin'),
      slot,
      fc.constantFrom<Isolation[]>('snapshot', 'serializable'),
    ),
  },
  { weight: 6, arbitrary: fc.tuple(named('get'), slot, key) },
  { weight: 2, arbitrary: fc.tuple(named('has'), slot, key) },
  {
    weight: 6,
    arbitrary: fc.tuple(
      named('scan'),
      slot,
      key,
      key,
      fc.record({ reverse: fc.boolean(), limit: taken, taken }),
    ),
  },
  { weight: 14, arbitrary: fc.tuple(named('put'), slot, key, length) },
  { weight: 6, arbitrary: fc.tuple(named('delete'), slot, key) },
  { weight: 3, arbitrary: fc.tuple(named('deleteRange'), slot, key, key) },
  { weight: 2, arbitrary: fc.tuple(named('savepoint'), slot) },
  { weight: 2, arbitrary: fc.tuple(named('rollbackTo'), slot, fc.nat(2)) },
  { weight: 1, arbitrary: fc.tuple(named('release'), slot, fc.nat(2)) },
  { weight: 1, arbitrary: fc.tuple(named('rollback'), slot) },
  {
    weight: 5,
    arbitrary: fc.tuple(
      named('commit'),
      fc.uniqueArray(slot, { minLength: 1, maxLength: SLOTS }),
      fc.boolean(),
    ),
  },
  { weight: 2, arbitrary: fc.tuple(named('commitSync'), slot) },
  { weight: 4, arbitrary: fc.tuple(named('write'), key, length) },
  { weight: 2, arbitrary: fc.tuple(named('erase'), key) },
  { weight: 1, arbitrary: fc.tuple(named('eraseRange'), key, key) },
  { weight: 1, arbitrary: fc.tuple(named('ingest'), key, key, length) },
  { weight: 1, arbitrary: fc.constant(['flush'] as const) },
  { weight: 1, arbitrary: fc.constant(['collect'] as const) },
  { weight: 1, arbitrary: fc.constant(['reopen'] as const) },
)

export function transactionScripts(steps: number): fc.Arbitrary<readonly TransactionStep[]> {
  return fc.array(step, { minLength: steps, maxLength: steps, size: 'max' })
}

/** The order of the keys is not that of their numbers, and some are prefixes of others. */
const KEYS = Array.from({ length: KEY_COUNT }, (_, n) => `${'k'.repeat(n % 3)}${(n * 7) % 16}`)
const SORTED = KEYS.toSorted((a, b) => compareBytes(bytes(a), bytes(b)))

/** The keys from the smaller to the larger, that included; empty if they are equal. */
function rangeOf(a: string, b: string): readonly string[] {
  const [from, to] = [SORTED.indexOf(a), SORTED.indexOf(b)].sort((x, y) => x - y)
  return from === to ? [] : SORTED.slice(from, to! + 1)
}

type State = ReadonlyMap<string, string>

/** What the model knows of one transaction. */
class Modelled {
  readonly isolation: Isolation
  /** How many commits it sees. */
  readonly commitsSeen: number
  readonly #snapshot: State
  /** Null is a deletion. */
  writes = new Map<string, string | null>()
  readonly reads = new Set<string>()
  readonly savepoints: { readonly savepoint: Savepoint; readonly writes: Modelled['writes'] }[] = []
  readonly transaction: Transaction

  constructor(transaction: Transaction, commitsSeen: number, snapshot: State) {
    this.transaction = transaction
    this.isolation = transaction.isolation
    this.commitsSeen = commitsSeen
    this.#snapshot = new Map(snapshot)
  }

  /** The value that the transaction sees, and no trace of the read. */
  seen(name: string): string | undefined {
    const written = this.writes.get(name)
    return written === undefined ? this.#snapshot.get(name) : (written ?? undefined)
  }

  read(name: string): string | undefined {
    if (!this.writes.has(name)) this.reads.add(name)
    return this.seen(name)
  }

  conflicts(commits: ReadonlyMap<string, number>): boolean {
    if (this.writes.size === 0) return false
    const reads = this.isolation === 'serializable' ? this.reads : []
    return [...this.writes.keys(), ...reads].some(
      (name) => (commits.get(name) ?? 0) > this.commitsSeen,
    )
  }
}

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
  readonly #open: (Modelled | undefined)[] = []
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
      readonly ['commit' | 'begin' | 'write' | 'erase' | 'eraseRange' | 'ingest', ...unknown[]]
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
        scan(modelled, [KEYS[one[2]]!, KEYS[one[3]]!], one[4])
        break
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
  #settle(modelled: Modelled, error: unknown): void {
    if (error !== null && !isLsmError(error, 'LSM_CONFLICT')) throw error
    compare(error !== null, modelled.conflicts(this.#commits))
    if (error !== null) {
      this.figures.conflicts++
      return
    }
    this.figures.committed++
    this.#apply(modelled.writes)
  }

  #begin(isolation: Isolation): Modelled {
    const transaction = this.#db.transaction({ isolation })
    return new Modelled(transaction, this.#commitsMade, this.#state)
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
    writeExternal(imports, '/in/1.sst', [
      [erased, null],
      [name, value],
    ])
    this.#db.ingest(['/in/1.sst'], { storage: imports })
    const writes = new Map([
      [erased, null],
      [name, value],
    ])
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

/** Compares a scan, and tells the model which keys it went over. */
function scan(
  modelled: Modelled,
  bounds: readonly [string, string],
  { reverse, limit, taken }: { reverse: boolean; limit: number; taken: number },
): void {
  const [from, to] = bounds.toSorted((a, b) => SORTED.indexOf(a) - SORTED.indexOf(b))
  const range = SORTED.slice(SORTED.indexOf(from!), SORTED.indexOf(to!))
  if (reverse) range.reverse()
  const there = range.filter((name) => modelled.seen(name) !== undefined)
  const wanted = there.slice(0, Math.min(limit, taken))
  const found: unknown[] = []
  const options = { gte: bytes(from!), lt: bytes(to!), reverse, limit }
  using pairs = modelled.transaction.scan(options)
  let isDone = false
  while (found.length < taken && !isDone) {
    const { value, done } = pairs.next()
    if (done === true) isDone = true
    else found.push([text(value[0]), text(value[1])])
  }
  compare(
    found,
    wanted.map((name) => [name, modelled.seen(name)]),
  )
  const isWhole = isDone && wanted.length === there.length && wanted.length < limit
  const last = isWhole ? range.length : range.indexOf(wanted.at(-1) ?? '') + 1
  for (const name of range.slice(0, last)) modelled.reads.add(name)
}

function outcomeOf(work: () => void): unknown {
  try {
    work()
    return null
  } catch (error) {
    return error
  }
}

function shown(value: Uint8Array | undefined): string | undefined {
  return value === undefined ? undefined : text(value)
}

function compare(actual: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)]
  if (a !== b) throw new Error(`the database says ${a}, the model ${b}`)
}
