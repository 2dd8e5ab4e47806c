/**
 * Owns the effects of an operation on a target: the calls it makes, the account that counts its
 * reads, and the data it gives to the two oracles. Answers are checked only after the operation's
 * time has been taken. If the target answers at once, nothing is allocated and no promise is made,
 * except for a merged record. If it answers later, its promise is returned.
 *
 * An update of one field follows YCSB on a store without fields: read, merge, write, with a
 * separate account for the read. It writes nothing if the record is missing. A read-modify-write is
 * a read followed by such an update.
 */
import { ReadCounters } from '../../engine/index.ts'
import { ALL_FIELDS, mergeField, OPERATION_KIND, type Operation } from '../../workloads/index.ts'
import type { Target } from '../base/target.ts'
import type { AnswerOracle } from '../measure/answer-oracle.ts'
import type { LiveOracle } from '../measure/live-sizes.ts'
import { ReadAccounts } from '../measure/read-accounts.ts'
import { ScannedEntries } from '../measure/scanned-entries.ts'

/** The cost of a scan of this many entries is in its blocks, not in its seeks. */
export const LONG_SCAN_ENTRIES_MIN = 64

/** One scan in this many is checked; its time includes copying its entries. */
const CHECKED_SCANS = 32

/** In place of a missing array. */
const NOTHING = new Uint8Array(0)

/** What an operation read and wrote, to be checked when its time has been taken. */
export class Outcome {
  /** The last answer of a get, and the written value; `NOTHING` if there is none. */
  found: Uint8Array | undefined = NOTHING
  written: Uint8Array = NOTHING
  /** The entries of a scan, if they are to be checked. */
  readonly shown = new ScannedEntries()
  /** Null: not decided yet. */
  isShown: boolean | null = null
}

/** Undefined: the operation has ended. */
export type Pending = Promise<void> | undefined

export interface EffectParts {
  readonly target: Target
  readonly liveSizes: LiveOracle
  /** Null: answers are not checked. */
  readonly answers: AnswerOracle | null
}

export class OperationEffects {
  readonly liveSizes: LiveOracle
  readonly reads = new ReadAccounts()
  readonly #target: Target
  readonly #answers: AnswerOracle | null
  readonly #getCounters: ReadCounters
  readonly #scanCounters: ReadCounters
  readonly #lastGets = new ReadCounters()
  readonly #lastScans = new ReadCounters()
  #scans = 0

  constructor({ target, liveSizes, answers }: EffectParts) {
    this.#target = target
    this.liveSizes = liveSizes
    this.#answers = answers
    this.#getCounters = target.getCounters ?? new ReadCounters()
    this.#scanCounters = target.scanCounters ?? new ReadCounters()
  }

  /** `outcome` takes what is to be checked; it belongs to the operation until it has ended. */
  apply(
    operation: Operation,
    value: Uint8Array,
    fieldNames: readonly Uint8Array[],
    outcome: Outcome,
  ): Pending {
    switch (operation.kind) {
      case OPERATION_KIND.read:
        return this.#read(operation, outcome)
      case OPERATION_KIND.update:
        return this.#update(operation, value, fieldNames, outcome)
      case OPERATION_KIND.insert:
        return this.#put(operation, value, outcome)
      case OPERATION_KIND.scan:
        return this.#scan(operation, outcome)
      case OPERATION_KIND.readModifyWrite: {
        const reading = this.#read(operation, outcome)
        if (reading === undefined) return this.#update(operation, value, fieldNames, outcome)
        return reading.then(() => this.#update(operation, value, fieldNames, outcome))
      }
      case OPERATION_KIND.delete: {
        const pending = this.#target.delete(operation.key) ?? undefined
        this.liveSizes.delete(operation.keyNumber)
        return pending
      }
    }
  }

  /**
   * Compares the results of the operation that has just ended, number `done`, with what was
   * written. Every kind reads before it writes. Of two reads of one key, the first is not checked.
   */
  check(operation: Operation, outcome: Outcome, done: number): void {
    this.checkReads(operation, outcome, done)
    this.noteWrite(operation, outcome)
  }

  /** The part of `check` that compares what was read. */
  checkReads({ key }: Operation, outcome: Outcome, done: number): void {
    const { found, shown } = outcome
    if (found !== NOTHING) this.#answers?.checkGet(key, found, done)
    outcome.found = NOTHING
    if (outcome.isShown) this.#answers?.checkScan(key, shown, done)
    outcome.isShown = null
  }

  /** In place of `checkReads`, if a write that overlapped may have changed what was read. */
  leaveReads(outcome: Outcome): void {
    if (outcome.found !== NOTHING || outcome.isShown) this.#answers?.leave()
    outcome.found = NOTHING
    outcome.isShown = null
  }

  /** Whether the entries of the next scan are to be checked. Asked once for each scan. */
  showsScan(): boolean {
    return this.#answers !== null && this.#scans++ % CHECKED_SCANS === 0
  }

  /** The part of `check` that remembers what was written. */
  noteWrite({ key, keyNumber, kind }: Operation, outcome: Outcome): void {
    const { written } = outcome
    if (written !== NOTHING) this.#answers?.put(key, keyNumber, written)
    else if (kind === OPERATION_KIND.delete) this.#answers?.delete(key)
    outcome.written = NOTHING
  }

  #read(operation: Operation, outcome: Outcome): Pending {
    const found = this.#target.get(operation.key)
    if (found instanceof Promise) {
      return found.then((value) => this.#countGet(operation, value, outcome))
    }
    this.#countGet(operation, found, outcome)
    return undefined
  }

  #countGet(operation: Operation, found: Uint8Array | undefined, outcome: Outcome): void {
    outcome.found = found
    if (found === undefined) this.reads.getMiss.take(this.#getCounters, this.#lastGets, 0)
    else {
      const bytes = operation.keyLength + found.length
      this.reads.getHit.take(this.#getCounters, this.#lastGets, bytes)
    }
  }

  #update(
    operation: Operation,
    value: Uint8Array,
    fieldNames: readonly Uint8Array[],
    outcome: Outcome,
  ): Pending {
    if (operation.fieldIndex === ALL_FIELDS) return this.#put(operation, value, outcome)
    const name = fieldNames[operation.fieldIndex]!
    const record = this.#target.get(operation.key)
    if (!(record instanceof Promise)) return this.#merge(operation, record, name, value, outcome)
    return record.then((found) => this.#merge(operation, found, name, value, outcome))
  }

  #merge(
    operation: Operation,
    record: Uint8Array | undefined,
    name: Uint8Array,
    value: Uint8Array,
    outcome: Outcome,
  ): Pending {
    outcome.found = record
    const bytes = record === undefined ? 0 : operation.keyLength + record.length
    this.reads.updateRead.take(this.#getCounters, this.#lastGets, bytes)
    if (record === undefined) return undefined
    return this.#put(operation, mergeField(record, name, value), outcome)
  }

  #put(operation: Operation, value: Uint8Array, outcome: Outcome): Pending {
    const pending = this.#target.put(operation.key, value) ?? undefined
    outcome.written = value
    this.liveSizes.put(operation.keyNumber, operation.keyLength + value.length)
    return pending
  }

  #scan(operation: Operation, outcome: Outcome): Pending {
    outcome.isShown ??= this.showsScan()
    if (outcome.isShown) outcome.shown.clear()
    const sink = outcome.isShown ? outcome.shown : null
    const scanned = this.#target.scan(operation.key, operation.scanLength, sink)
    if (scanned instanceof Promise) return scanned.then(() => this.#countScan(operation))
    this.#countScan(operation)
    return undefined
  }

  #countScan({ scanLength }: Operation): void {
    const { shortScan, longScan } = this.reads
    const account = scanLength < LONG_SCAN_ENTRIES_MIN ? shortScan : longScan
    account.take(this.#scanCounters, this.#lastScans, this.#target.scannedBytes)
  }
}
