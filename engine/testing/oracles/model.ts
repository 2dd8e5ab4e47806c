/**
 * Owns the model-based test of the database: scripts of operations, a sorted map as the oracle, and
 * the comparison. A script is plain data, so that a failing one can be shrunk and printed.
 * Invariant: after every step the database answers as the oracle does.
 */

import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import { ManualClock } from '../../base/clock.ts'
import { compareBytes } from '../../base/compare.ts'
import type { CompactionStrategy } from '../../compaction/strategy.ts'
import type { ValueLogPolicy } from '../../compaction/value-log-policy.ts'
import type { Cursor } from '../../db/cursor.ts'
import { Database } from '../../db/database.ts'
import { verifyDatabase } from '../../db/offline/verify.ts'
import type { OpenOptions } from '../../db/open-options.ts'
import type { EngineOptionsInput } from '../../db/options.ts'
import { findOrphans } from '../../db/orphans.ts'
import type { Snapshot } from '../../db/snapshots.ts'
import { recoverManifest } from '../../manifest/recover.ts'
import { Ledger, liveBytes } from '../../storage/ledger.ts'
import { MemoryStorage } from '../../storage/memory-storage.ts'
import { folderBytes, type Storage } from '../../storage/storage.ts'
import { WriteBatch } from '../../wal/write-batch.ts'
import { applyExternal, type ExternalWrite, makesTable, writeExternal } from '../external-tables.ts'
import { bytes, text } from '../fixtures.ts'
import { Interleaving, type Schedule } from '../interleavings.ts'

/**
 * Keys are numbers below `KEY_COUNT`. A put gives the key and the length of the value, a deletion
 * of a range its two ends in any order.
 */
type Write =
  | readonly ['put', key: number, length: number]
  | readonly ['delete', key: number]
  | readonly ['deleteRange', key: number, other: number]

export type Step =
  | Write
  | readonly ['batch', readonly Write[]]
  | readonly ['get', key: number, snapshot: number]
  | readonly ['scan', from: number, to: number, reverse: boolean, snapshot: number]
  | readonly ['walk', seed: number, moves: string, snapshot: number]
  | readonly ['snapshot']
  | readonly ['release', snapshot: number]
  | readonly ['hold']
  | readonly ['flush']
  | readonly ['compact']
  | readonly ['collect']
  | readonly ['ingest', writes: readonly Write[], tables: number]
  | readonly ['reopen', setup: number]

/** Options of an open. A script's reopen picks them by index. */
export interface Setup {
  readonly name: string
  readonly create: () => CompactionStrategy
  readonly options: EngineOptionsInput
  /** Null: none. */
  readonly valueLogPolicy?: ValueLogPolicy
}

const KEY_COUNT = 48

const keyNumber = fc.nat(KEY_COUNT - 1)
const snapshotIndex = fc.integer({ min: -1, max: 3 })
const write: fc.Arbitrary<Write> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constant('put' as const), keyNumber, fc.nat(700)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('delete' as const), keyNumber) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constant('deleteRange' as const), keyNumber, keyNumber),
  },
)

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 30, arbitrary: write },
  {
    weight: 4,
    arbitrary: fc.tuple(fc.constant('batch' as const), fc.array(write, { maxLength: 12 })),
  },
  { weight: 6, arbitrary: fc.tuple(fc.constant('get' as const), keyNumber, snapshotIndex) },
  {
    weight: 3,
    arbitrary: fc.tuple(
      fc.constant('scan' as const),
      keyNumber,
      keyNumber,
      fc.boolean(),
      snapshotIndex,
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(
      fc.constant('walk' as const),
      keyNumber,
      fc.string({ unit: fc.constantFrom('n', 'p', 's', 'r', 'f', 'l'), maxLength: 12 }),
      snapshotIndex,
    ),
  },
  { weight: 1, arbitrary: fc.constant(['snapshot'] as const) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('release' as const), fc.nat(3)) },
  { weight: 1, arbitrary: fc.constant(['hold'] as const) },
  { weight: 1, arbitrary: fc.constant(['flush'] as const) },
  { weight: 1, arbitrary: fc.constant(['collect'] as const) },
  {
    weight: 2,
    arbitrary: fc.tuple(
      fc.constant('ingest' as const),
      fc.array(write, { maxLength: 12 }),
      fc.integer({ min: 1, max: 3 }),
    ),
  },
  { weight: 1, arbitrary: fc.tuple(fc.constant('reopen' as const), fc.nat(1000)) },
)

export function scripts(steps: number): fc.Arbitrary<readonly Step[]> {
  return fc.array(step, { minLength: steps, maxLength: steps, size: 'max' })
}

/** As `scripts`, with full merges between. They are few, because each leaves a simple tree. */
export function scriptsWithFullMerges(steps: number): fc.Arbitrary<readonly Step[]> {
  const compact = fc.constant(['compact'] as const)
  const some = fc.oneof({ weight: 80, arbitrary: step }, { weight: 1, arbitrary: compact })
  return fc.array(some, { minLength: steps, maxLength: steps, size: 'max' })
}

/**
 * The bytes of key n. Lengths and shared prefixes vary, and the order differs from the numbers'.
 */
function keyOf(n: number): Uint8Array {
  return bytes(`${'k'.repeat(n % 3)}${(n * 7) % KEY_COUNT}${'-long'.repeat(n % 5)}`)
}

class Oracle {
  now = new Map<string, string>()
  snapshots: Map<string, string>[] = []

  deleteRange(from: Uint8Array, to: Uint8Array): void {
    applyExternal(this.now, [[text(from), { to: text(to) }]])
  }

  /** Sorted entries at a snapshot, or now for −1 and for unknown snapshots. */
  at(snapshot: number): [string, string][] {
    const entries = [...(this.snapshots[snapshot] ?? this.now)]
    return entries.sort(([a], [b]) => compareBytes(bytes(a), bytes(b)))
  }
}

/** Where a script's database lies, and who runs its jobs. */
export interface Place {
  /** Counts in `ledger`, and holds no other folder. */
  readonly storage: Storage
  readonly ledger: Ledger
  readonly folder: string
  readonly scheduling: NonNullable<OpenOptions['scheduling']>
}

function inMemory(): Place {
  const ledger = new Ledger()
  const storage = new MemoryStorage(ledger)
  return { storage, ledger, folder: '/db', scheduling: 'inline' }
}

/**
 * Runs a script under a schedule. Throws at the first answer that differs, and names the step and
 * the schedule.
 */
export function runScript(
  script: readonly Step[],
  setups: readonly Setup[],
  schedule: Schedule = 'inline',
): void {
  const world = new World(setups, inMemory(), schedule)
  for (const [index, one] of script.entries()) world.takeNamed(one, index)
  world.finish()
}

/** As `runScript`, with a turn of the event loop after every few steps, in which jobs may end. */
export async function runScriptIn(
  place: Place,
  script: readonly Step[],
  setups: readonly Setup[],
): Promise<void> {
  const world = new World(setups, place)
  for (const [index, one] of script.entries()) {
    world.takeNamed(one, index)
    if (index % TURN_EVERY === 0) await nextTurn()
  }
  world.finish()
}

const TURN_EVERY = 3

class World {
  readonly #setups: readonly Setup[]
  readonly #place: Place
  readonly #clock = new ManualClock(1)
  readonly #oracle = new Oracle()
  readonly #schedule: Schedule
  readonly #interleaving: Interleaving
  /** Where the tables lie that are ingested. */
  readonly #imports = new MemoryStorage(new Ledger())
  #snapshots: Snapshot[] = []
  /** A cursor at its first entry, and the entries that it must show from there. */
  #held: { readonly cursor: Cursor; readonly entries: readonly [string, string][] } | null = null
  #database: Database
  setup = ''

  constructor(setups: readonly Setup[], place: Place, schedule: Schedule = 'inline') {
    this.#setups = setups
    this.#place = place
    this.#schedule = schedule
    this.#interleaving = new Interleaving(schedule)
    this.#database = this.#open(0)
  }

  takeNamed(one: Step, index: number): void {
    try {
      this.take(one, index)
    } catch (error) {
      const at = `step ${index} ${JSON.stringify(one)} under ${this.setup}, ${this.#schedule}`
      throw new Error(at, { cause: error })
    }
  }

  take(one: Step, index: number): void {
    this.#clock.advance(1)
    this.#interleaving.turn()
    switch (one[0]) {
      case 'put':
      case 'delete':
      case 'deleteRange':
        this.#write([one], index)
        break
      case 'batch':
        this.#write(one[1], index)
        break
      case 'get':
        this.#get(one[1], one[2])
        break
      case 'scan':
        this.#scan(one[1], one[2], one[3], one[4])
        break
      case 'walk':
        this.#walk(one[1], one[2], one[3])
        break
      case 'snapshot':
        if (this.#snapshots.length === 4) break
        this.#snapshots.push(this.#database.snapshot())
        this.#oracle.snapshots.push(new Map(this.#oracle.now))
        break
      case 'release':
        this.#snapshots.splice(one[1], 1)[0]?.release()
        this.#oracle.snapshots.splice(one[1], 1)
        break
      case 'hold':
        this.#hold()
        break
      case 'flush':
        this.#database.flush()
        break
      case 'compact':
        this.#database.compact()
        break
      case 'collect':
        this.#database.collectValueLog()
        break
      case 'ingest':
        this.#ingest(one[1], one[2], index)
        break
      case 'reopen':
        this.#database.close()
        this.#snapshots = []
        this.#oracle.snapshots = []
        this.#held = null
        this.#database = this.#open(one[1])
        break
    }
  }

  finish(): void {
    this.#database.flush()
    this.#compare(Array.from(this.#database.scan(), pair), this.#oracle.at(-1))
    for (let n = 0; n < KEY_COUNT; n++) this.#get(n, -1)
    if (this.#held !== null) this.#hold()
    for (const snapshot of this.#snapshots) snapshot.release()
    this.#database.close()
    const { storage, folder, ledger } = this.#place
    this.#compare(verifyDatabase(storage, folder).faults.map(String), [])
    this.#compare(liveBytes(ledger.balance()), folderBytes(storage, folder))
    this.#compare(findOrphans(storage, folder, recoverManifest(storage, folder)!), [])
  }

  #open(index: number): Database {
    const setup = this.#setups[index % this.#setups.length]!
    this.setup = setup.name
    const { storage, folder, scheduling } = this.#place
    return Database.open({
      storage,
      folder,
      scheduling,
      strategy: setup.create(),
      valueLogPolicy: setup.valueLogPolicy ?? null,
      clock: this.#clock,
      timers: this.#clock,
      ...this.#interleaving.open(setup.options),
    })
  }

  #write(writes: readonly Write[], index: number): void {
    const batch = new WriteBatch()
    for (const [at, one] of writes.entries()) {
      const key = keyOf(one[1])
      if (one[0] === 'delete') {
        batch.delete(key)
        this.#oracle.now.delete(text(key))
      } else if (one[0] === 'deleteRange') {
        const [from, to] = [key, keyOf(one[2])].sort(compareBytes)
        if (compareBytes(from!, to!) === 0) continue
        batch.deleteRange(from!, to!)
        this.#oracle.deleteRange(from!, to!)
      } else {
        const value = `${index}.${at}`.padEnd(one[2], 'x')
        batch.put(key, bytes(value))
        this.#oracle.now.set(text(key), value)
      }
    }
    this.#database.writeSync(batch)
  }

  /** Divides the writes into tables that do not overlap; ranges go to the first. */
  #ingest(writes: readonly Write[], count: number, index: number): void {
    const external = writes.map((one, at): ExternalWrite => {
      const key = text(keyOf(one[1]))
      if (one[0] === 'put') return [key, `${index}.${at}`.padEnd(one[2], 'i')]
      if (one[0] === 'delete') return [key, null]
      const [from, to] = [key, text(keyOf(one[2]))].sort()
      return [from!, { to: to! }]
    })
    const isDivided = external.every(([, value]) => value === null || typeof value === 'string')
    const keys = [...new Set(external.map(([key]) => key))].sort()
    const part = (key: string) =>
      isDivided ? Math.floor((keys.indexOf(key) * count) / keys.length) : 0
    const parts = [...Map.groupBy(external, ([key]) => part(key))].filter(([, rows]) =>
      makesTable(rows),
    )
    if (parts.length === 0) return
    const paths = parts.map(([at, rows]) => {
      const path = `/imports/${index}-${at}.sst`
      writeExternal(this.#imports, path, rows)
      return path
    })
    applyExternal(this.#oracle.now, external)
    this.#database.ingest(paths, { storage: this.#imports })
    for (const path of paths) this.#imports.remove(path)
  }

  #get(n: number, snapshot: number): void {
    const key = keyOf(n)
    const expected = (this.#oracle.snapshots[snapshot] ?? this.#oracle.now).get(text(key))
    const actual = this.#database.get(key, this.#at(snapshot))
    this.#compare(actual === undefined ? undefined : text(actual), expected)
    this.#compare(this.#database.has(key, this.#at(snapshot)), expected !== undefined)
  }

  #scan(a: number, b: number, reverse: boolean, snapshot: number): void {
    const [low, high] = [keyOf(a), keyOf(b)]
    const options = { gte: low, lt: high, reverse, ...this.#at(snapshot) }
    const expected = this.#oracle
      .at(snapshot)
      .filter(([k]) => compareBytes(bytes(k), low) >= 0 && compareBytes(bytes(k), high) < 0)
    if (reverse) expected.reverse()
    this.#compare(Array.from(this.#database.scan(options), pair), expected)
  }

  #walk(start: number, moves: string, snapshot: number): void {
    const entries = this.#oracle.at(snapshot)
    const target = keyOf(start)
    const atOrAfter = entries.findIndex(([k]) => compareBytes(bytes(k), target) >= 0)
    const atOrBefore = entries.findLastIndex(([k]) => compareBytes(bytes(k), target) <= 0)
    using cursor = this.#database.cursor({}, this.#at(snapshot))
    let at = -1
    for (const move of moves) {
      if (move === 'f') [at] = [entries.length > 0 ? 0 : -1, cursor.seekToFirst()]
      else if (move === 'l') [at] = [entries.length - 1, cursor.seekToLast()]
      else if (move === 's') [at] = [atOrAfter, cursor.seek(target)]
      else if (move === 'r') [at] = [atOrBefore, cursor.seekForPrev(target)]
      else if (at < 0) continue
      else if (move === 'n') [at] = [at + 1 < entries.length ? at + 1 : -1, cursor.next()]
      else [at] = [at - 1, cursor.prev()]
      const actual = cursor.valid ? pair([cursor.key(), cursor.value()]) : undefined
      this.#compare(actual, entries[at])
    }
  }

  /** Opens a cursor, or walks the open one to its end. */
  #hold(): void {
    if (this.#held === null) {
      const cursor = this.#database.cursor()
      cursor.seekToFirst()
      this.#held = { cursor, entries: this.#oracle.at(-1) }
      return
    }
    const { cursor, entries } = this.#held
    this.#held = null
    const seen: [string, string][] = []
    for (; cursor.valid; cursor.next()) seen.push(pair([cursor.key(), cursor.value()]))
    cursor.close()
    this.#compare(seen, entries)
  }

  #at(snapshot: number): { snapshot?: Snapshot } {
    const held = this.#snapshots[snapshot]
    return held === undefined ? {} : { snapshot: held }
  }

  #compare(actual: unknown, expected: unknown): void {
    const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)]
    if (a !== b) throw new Error(`the database says ${a}, the oracle ${b}`)
  }
}

function pair([key, value]: readonly [Uint8Array, Uint8Array]): [string, string] {
  return [text(key), text(value)]
}
