/**
 * Promised and blocking writes of every durability, flushes and closes in a random order, while
 * groups wait for their fdatasync, writers are delayed or stopped, and jobs end at any moment.
 */

import { expect, test } from 'vitest'
import { ManualClock } from '../base/clock.ts'
import { createRandom, deriveSeed } from '../base/random.ts'
import { recoverManifest } from '../manifest/recover.ts'
import { SLOWDOWNS } from '../scheduling/admission.ts'
import { Ledger, liveBytes } from '../storage/ledger.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { folderBytes } from '../storage/storage.ts'
import { bytes, everyNth, RESTLESS_LOG, restless, text } from '../testing/fixtures.ts'
import { Interleaving, seeded } from '../testing/interleavings.ts'
import { WriteBatch } from '../wal/write-batch.ts'
import { Database } from './database.ts'
import { findOrphans } from './orphans.ts'

const DURABILITIES = [false, true, 'interval'] as const

class World {
  readonly #random
  readonly #interleaving
  readonly #ledger = new Ledger()
  readonly #storage = new MemoryStorage(this.#ledger)
  readonly #clock = new ManualClock(1000)
  /** What is visible when all writes so far are committed. */
  readonly #oracle = new Map<string, string>()
  #settled: string[] = []
  #promised: { readonly name: string; readonly promise: Promise<void> }[] = []
  #db: Database

  constructor(seed: number) {
    this.#random = createRandom(deriveSeed(seed, 'promised writes'))
    this.#interleaving = new Interleaving(seeded(seed))
    this.#db = this.#open()
  }

  async run(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) {
      this.#interleaving.turn()
      await this.#step(`${step}`)
    }
    await this.#awaitAll()
    this.#check()
    this.#reopen()
    this.#db.close()
    const state = recoverManifest(this.#storage, '/db')!
    expect(findOrphans(this.#storage, '/db', state)).toEqual([])
    expect(liveBytes(this.#ledger.balance())).toBe(folderBytes(this.#storage, '/db'))
  }

  #open(): Database {
    const random = this.#random
    const strategy = { ...everyNth(3), stallLimits: () => ({ slowdownRuns: 2, stopRuns: 4 }) }
    return Database.open({
      storage: this.#storage,
      folder: '/db',
      strategy,
      clock: this.#clock,
      timers: this.#clock,
      valueLogPolicy: restless,
      ...this.#interleaving.open({
        memtableBytes: 4096,
        blockBytes: 512,
        slowdown: SLOWDOWNS[random.nextBelow(SLOWDOWNS.length)]!,
        softDebtBytes: 8192,
        hardDebtBytes: 16_384,
        valueLog: RESTLESS_LOG,
      }),
    })
  }

  async #step(name: string): Promise<void> {
    const random = this.#random
    const die = random.nextBelow(100)
    if (die < 70) this.#write(name)
    else if (die < 85) for (let turn = random.nextBelow(6); turn > 0; turn--) await null
    else if (die < 93) this.#clock.advance(random.nextBelow(200))
    else if (die < 95) this.#db.flush()
    else if (die < 96) this.#db.collectValueLog()
    else if (die < 97) await this.#awaitAll()
    else if (die < 98) this.#reopen()
    if (die >= 93 && die < 98) this.#check()
  }

  #write(name: string): void {
    const random = this.#random
    const batch = new WriteBatch()
    for (let count = 1 + random.nextBelow(3); count > 0; count--) {
      const key = `key${random.nextBelow(30)}`
      if (random.nextBelow(5) === 0) {
        batch.delete(bytes(key))
        this.#oracle.delete(key)
      } else {
        const value = name.padEnd(random.nextBelow(500), '.')
        batch.put(bytes(key), bytes(value))
        this.#oracle.set(key, value)
      }
    }
    const sync = DURABILITIES[random.nextBelow(3)]!
    if (random.nextBelow(4) === 0) {
      this.#db.writeSync(batch, { sync })
      this.#check()
      return
    }
    const promise = this.#db.write(batch, { sync }).then(() => void this.#settled.push(name))
    this.#promised.push({ name, promise })
  }

  /** Every promise settles, without another call, in the order of the calls. */
  async #awaitAll(): Promise<void> {
    const all = Promise.all(this.#promised.map(({ promise }) => promise))
    let isDone = false
    all.then(() => {
      isDone = true
    })
    for (let turn = 0; !isDone; turn++) {
      if (turn > 10_000) throw new Error('writers wait for ever')
      this.#clock.advance(10)
      this.#interleaving.turn()
      await null
    }
    await all
    expect(this.#settled).toEqual(this.#promised.map(({ name }) => name))
    this.#promised = []
    this.#settled = []
  }

  #reopen(): void {
    this.#db.close()
    this.#db = this.#open()
  }

  /** Call it when nothing is queued. */
  #check(): void {
    const found = Array.from(this.#db.scan(), ([key, value]) => [text(key), text(value)])
    const expected = [...this.#oracle].sort(([a], [b]) => (a < b ? -1 : 1))
    expect(found).toEqual(expected)
  }
}

test.each([1, 2, 3, 4, 5, 6])(
  'promised writes settle in order and read back, seed %i',
  async (seed) => {
    await new World(seed).run(300)
  },
)
