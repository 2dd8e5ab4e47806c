/**
 * Owns the adversary: a strategy that picks the specs of `adversary-specs.ts`, on a real database
 * that is written to, deleted from and read at snapshots meanwhile. For every spec it checks:
 *
 *   refused   the error is `LSM_UNSAFE_COMPACTION` with a rule (the one that was broken on purpose,
 *             if any); the tree is unchanged, every read is right, and the folder opens again
 *   accepted  exactly the named tables went where the spec says; every get, scan and snapshot read
 *             equals the oracle; the invariants of the whole tree hold for the entries in its files
 *
 * Invariant: a run is a function of its seed, and every finding names the seed.
 */

import { assert } from '../../base/assert.ts'
import { ManualClock } from '../../base/clock.ts'
import { isLsmError } from '../../base/errors.ts'
import { createRandom, deriveSeed, type Random } from '../../base/random.ts'
import type { SafetyRule } from '../../compaction/resolved-spec.ts'
import type { CompactionSpec } from '../../compaction/strategy.ts'
import { type Retention, validateSpec } from '../../compaction/validate-spec.ts'
import { Database } from '../../db/database.ts'
import type { Snapshot } from '../../db/snapshots.ts'
import { Ledger } from '../../storage/ledger.ts'
import { MemoryStorage } from '../../storage/memory-storage.ts'
import type { TableMeta } from '../../version/table-meta.ts'
import { printKey, printVersion } from '../../version/text.ts'
import type { Version } from '../../version/version.ts'
import { WriteBatch } from '../../wal/write-batch.ts'
import { bytes, strategyOf } from '../fixtures.ts'
import { Interleaving, type Schedule } from '../interleavings.ts'
import { compareCursor, compareReads, KEYS, type State } from './adversary-oracle.ts'
import { heldTables, namedIds, type Offer, SpecMaker } from './adversary-specs.ts'
import { TreeCheck } from './check-tree.ts'
import { checkWhereabouts } from './whereabouts.ts'

export interface AdversaryReport {
  offered: number
  accepted: number
  /** By 'kind, plan': numbers of specs [accepted, offered]. */
  readonly shares: Record<string, [accepted: number, offered: number]>
  /** By rule. */
  readonly refusals: Record<string, number>
  /** Number of pairs of specs that may run at the same time. */
  pairs: number
}

/**
 * Tries `worlds` × `specs` specs. Throws at the first finding, and names seed, world, spec and
 * schedule.
 */
export function runAdversary(
  seed: number,
  worlds: number,
  specs: number,
  schedule: Schedule = 'inline',
): AdversaryReport {
  const report: AdversaryReport = { offered: 0, accepted: 0, shares: {}, refusals: {}, pairs: 0 }
  for (let index = 0; index < worlds; index++) {
    const world = new World(deriveSeed(seed, 'adversary', index), report, schedule)
    try {
      for (let step = 0; step < specs; step++) world.step()
      world.finish()
    } catch (cause) {
      const told = cause instanceof Error ? cause.message : String(cause)
      const message = `seed ${seed}, world ${index}, ${schedule}: ${told}\n${world.describe()}`
      throw new Error(message, { cause })
    }
  }
  return report
}

const FOLDER = '/db'

/** The rules that a spec of correct form can break. All others are rules of form. */
const RULES_OF_SUBSTANCE: ReadonlySet<SafetyRule> = new Set([
  'recency',
  'destination-disjoint',
  'drop-retention',
  'drop-oldest',
  'progress',
])

class World {
  readonly #report: AdversaryReport
  readonly #random: Random
  readonly #maker: SpecMaker
  readonly #retention: Retention
  readonly #storage = new MemoryStorage(new Ledger())
  readonly #clock = new ManualClock(1_000_000)
  readonly #check = new TreeCheck(this.#storage, FOLDER)
  readonly #gone: TableMeta[] = []
  readonly #now: State = KEYS.map(() => undefined)
  #snapshots: { readonly snapshot: Snapshot; readonly state: State }[] = []
  readonly #interleaving: Interleaving
  #armed = false
  #offer: Offer | null = null
  #before: Version | null = null
  #db: Database

  constructor(seed: number, report: AdversaryReport, schedule: Schedule) {
    this.#report = report
    this.#interleaving = new Interleaving(schedule)
    this.#random = createRandom(seed)
    this.#maker = new SpecMaker(this.#random, KEYS)
    this.#retention = {
      maxAgeMs: this.#chance(0.3) ? 3_000 : null,
      maxBytes: this.#chance(0.3) ? 6_000 : null,
    }
    this.#db = this.#open()
  }

  describe(): string {
    const spec = JSON.stringify(this.#offer, (name, value) => {
      if (value instanceof Uint8Array) return printKey(value)
      if (typeof value === 'bigint') return `${value}n`
      return name === 'smallest' || name === 'largest' || name === 'id' || !Array.isArray(value)
        ? value
        : value.map((item) => (isTable(item) ? `${item.id}` : item))
    })
    return `${spec}\nover\n${this.#before === null ? '' : printVersion(this.#before)}`
  }

  step(): void {
    this.#clock.advance(this.#random.nextBelow(200))
    this.#write()
    this.#turnSnapshots()
    // The flush itself picks nothing, so that the spec is the only one.
    this.#db.flush()
    this.#check.check(this.#db.version)
    if (this.#db.version.totals.tables === 0) return
    // This cursor stays open during the compaction: it must continue to see the same entries.
    using cursor = this.#db.cursor()
    cursor.seekToFirst()
    const held = [...this.#now]
    this.#armed = true
    let refusal: unknown = null
    try {
      this.#db.flush()
    } catch (error) {
      refusal = error
    }
    const offer = this.#offer!
    const key = `${offer.spec.kind}, ${offer.plan}`
    this.#report.shares[key] ??= [0, 0]
    const share = this.#report.shares[key]
    share[1]++
    this.#report.offered++
    this.#tryPair(offer.spec)
    if (refusal === null && this.#chance(0.3)) compareCursor(cursor, held)
    if (refusal === null) {
      share[0]++
      this.#report.accepted++
      this.#judgeAccepted(offer)
      if (this.#chance(0.1)) this.#reopen()
    } else {
      this.#judgeRefused(offer, refusal)
      this.#reopen()
    }
  }

  finish(): void {
    this.#reopen()
    this.#db.close()
  }

  #open(): Database {
    return Database.open({
      storage: this.#storage,
      folder: FOLDER,
      strategy: strategyOf('adversary', () => this.#pickOnce(this.#db.version)),
      clock: this.#clock,
      ...this.#interleaving.open({
        memtableBytes: 64 * 1024,
        blockBytes: 64,
        retentionMaxAgeMs: this.#retention.maxAgeMs,
        retentionMaxBytes: this.#retention.maxBytes,
      }),
    })
  }

  #pickOnce(version: Version): CompactionSpec | null {
    if (!this.#armed) return null
    this.#armed = false
    this.#before = version
    this.#offer = this.#maker.offer(version, this.#gone)
    return this.#offer.spec
  }

  /** A few puts and deletes of neighbouring keys and ranges, so that tables overlap in part. */
  #write(): void {
    const random = this.#random
    const first = random.nextBelow(KEYS.length)
    for (let count = random.nextBelow(4); count > 0; count--) {
      const batch = new WriteBatch()
      const indexes = Array.from(
        { length: 1 + random.nextBelow(4) },
        () => (first + random.nextBelow(9)) % KEYS.length,
      )
      const seq = this.#db.lastSeq + 1
      for (const [at, index] of indexes.entries()) {
        const deletes = random.nextBelow(4) === 0
        const value = deletes ? null : `${seq + at}`.padEnd(random.nextBelow(60), '.')
        if (value === null) batch.delete(KEYS[index]!)
        else batch.put(KEYS[index]!, bytes(value))
        this.#now[index] = { seq: seq + at, value, atMs: this.#clock.nowMs() }
      }
      if (this.#chance(0.25)) this.#deleteRange(batch, first)
      this.#db.writeSync(batch)
      if (this.#chance(0.2)) this.#takeSnapshot()
    }
  }

  /** Adds a deletion of the range from key `first` to one of the next keys. */
  #deleteRange(batch: WriteBatch, first: number): void {
    const seq = this.#db.lastSeq + 1 + batch.count
    const end = Math.min(first + 1 + this.#random.nextBelow(12), KEYS.length - 1)
    if (end === first) return
    batch.deleteRange(KEYS[first]!, KEYS[end]!)
    for (let index = first; index < end; index++) {
      this.#now[index] = { seq, value: null, atMs: this.#clock.nowMs() }
    }
  }

  #turnSnapshots(): void {
    if (this.#chance(0.4)) this.#takeSnapshot()
    while (this.#snapshots.length > 3 || (this.#snapshots.length > 0 && this.#chance(0.3))) {
      const at = this.#random.nextBelow(this.#snapshots.length)
      this.#snapshots.splice(at, 1)[0]!.snapshot.release()
    }
  }

  #takeSnapshot(): void {
    this.#snapshots.push({ snapshot: this.#db.snapshot(), state: [...this.#now] })
  }

  #judgeRefused({ spec, breaks, plan }: Offer, refusal: unknown): void {
    if (!isLsmError(refusal, 'LSM_UNSAFE_COMPACTION')) throw refusal
    const rule = String(refusal.data.rule) as SafetyRule
    this.#report.refusals[rule] = (this.#report.refusals[rule] ?? 0) + 1
    if (breaks !== null) assert(rule === breaks, `rule ${rule} refuses what breaks ${breaks}`)
    else assert(RULES_OF_SUBSTANCE.has(rule), `rule ${rule} refuses a spec of sound form`)
    const honest = plan === 'closed' && spec.kind === 'merge' && rule !== 'progress'
    assert(!honest, `rule ${rule} refuses a merge with nothing in the way`)
    // The rule `progress` is checked after the job, so the tree may have changed.
    const untouched = this.#db.version === this.#before || rule === 'progress'
    assert(untouched, 'a refused spec changes nothing')
    this.#check.check(this.#db.version)
    this.#compareAll()
  }

  #judgeAccepted({ spec, breaks }: Offer): void {
    assert(breaks === null, `a spec that breaks ${breaks} is accepted`)
    const [before, after] = [this.#before!, this.#db.version]
    assert(printVersion(before) !== printVersion(after), 'an accepted spec changes the tree')
    checkWhereabouts(before, after, spec)
    const named = namedIds(before, spec)
    const taken = heldTables(before).filter(({ table }) => named.has(table.id))
    if (spec.kind === 'drop') {
      this.#forget(
        before.totals.bytes,
        taken.map(({ table }) => table),
      )
    }
    if (spec.kind !== 'move') this.#gone.push(...taken.map(({ table }) => table))
    this.#check.check(after)
    this.#compareAll()
  }

  /**
   * Entries of dropped tables are gone at every moment. The retention options must allow the drop.
   */
  #forget(bytesBefore: number, dropped: readonly TableMeta[]): void {
    const { maxAgeMs, maxBytes } = this.#retention
    const bytesDropped = dropped.reduce((sum, table) => sum + table.bytes, 0)
    const largest = Math.max(...dropped.map((table) => table.bytes))
    const surplus = maxBytes !== null && bytesBefore - bytesDropped + largest > maxBytes
    const lost = new Set(
      dropped.flatMap((table) => this.#check.entriesOf(table).map(({ seq }) => seq)),
    )
    for (const state of [this.#now, ...this.#snapshots.map((held) => held.state)]) {
      state.forEach((written, index) => {
        if (written === undefined || !lost.has(written.seq)) return
        const expired = maxAgeMs !== null && this.#clock.nowMs() - written.atMs > maxAgeMs
        assert(expired || surplus, `seq ${written.seq} is dropped, which nobody agreed to`)
        delete state[index]
      })
    }
  }

  /** Checks that two specs which may run at the same time do not take the same table. */
  #tryPair(running: CompactionSpec): void {
    const version = this.#before!
    const other = this.#maker.offer(version, this.#gone).spec
    const accepts = (spec: CompactionSpec, inProgress: readonly CompactionSpec[]) => {
      try {
        const nowMs = this.#clock.nowMs()
        validateSpec({ version, inProgress, retention: this.#retention, nowMs }, spec)
        return true
      } catch (error) {
        if (isLsmError(error, 'LSM_UNSAFE_COMPACTION')) return false
        throw error
      }
    }
    if (!accepts(running, []) || !accepts(other, [running])) return
    const taken = namedIds(version, running)
    for (const id of namedIds(version, other)) {
      assert(!taken.has(id), `two jobs take table ${id}`)
    }
    this.#report.pairs++
  }

  #reopen(): void {
    const version = printVersion(this.#db.version)
    this.#db.close()
    this.#snapshots = []
    this.#db = this.#open()
    assert(printVersion(this.#db.version) === version, 'the tree is reopened as it was')
    this.#check.check(this.#db.version)
    this.#compareAll()
  }

  #compareAll(): void {
    compareReads(this.#db, this.#now)
    for (const { snapshot, state } of this.#snapshots) compareReads(this.#db, state, snapshot)
  }

  #chance(probability: number): boolean {
    return this.#random.nextDouble() < probability
  }
}

function isTable(item: unknown): item is TableMeta {
  return typeof item === 'object' && item !== null && 'seqMax' in item
}
