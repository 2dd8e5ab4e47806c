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
  /**
   * The operation's last answer and its written value, to be checked later; `NOTHING` if there is
   * none.
   */
  #found: Uint8Array | undefined = NOTHING
  #written: Uint8Array = NOTHING
  readonly #shown = new ScannedEntries()
  #isShown = false
  #scans = 0

  constructor({ target, liveSizes, answers }: EffectParts) {
    this.#target = target
    this.liveSizes = liveSizes
    this.#answers = answers
    this.#getCounters = target.getCounters ?? new ReadCounters()
    this.#scanCounters = target.scanCounters ?? new ReadCounters()
  }

  apply(operation: Operation, value: Uint8Array, fieldNames: readonly Uint8Array[]): Pending {
    switch (operation.kind) {
      case OPERATION_KIND.read:
        return this.#read(operation)
      case OPERATION_KIND.update:
        return this.#update(operation, value, fieldNames)
      case OPERATION_KIND.insert:
        return this.#put(operation, value)
      case OPERATION_KIND.scan:
        return this.#scan(operation)
      case OPERATION_KIND.readModifyWrite: {
        const reading = this.#read(operation)
        if (reading === undefined) return this.#update(operation, value, fieldNames)
        return reading.then(() => this.#update(operation, value, fieldNames))
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
  check(operation: Operation, done: number): void {
    const answers = this.#answers
    if (answers === null) return
    const { key, keyNumber } = operation
    if (this.#found !== NOTHING) {
      answers.checkGet(key, this.#found, done)
      this.#found = NOTHING
    }
    if (this.#written !== NOTHING) {
      answers.put(key, keyNumber, this.#written)
      this.#written = NOTHING
    } else if (operation.kind === OPERATION_KIND.delete) answers.delete(key)
    if (this.#isShown) {
      answers.checkScan(key, this.#shown, done)
      this.#isShown = false
    }
  }

  #read(operation: Operation): Pending {
    const found = this.#target.get(operation.key)
    if (found instanceof Promise) return found.then((value) => this.#countGet(operation, value))
    this.#countGet(operation, found)
    return undefined
  }

  #countGet(operation: Operation, found: Uint8Array | undefined): void {
    this.#found = found
    if (found === undefined) this.reads.getMiss.take(this.#getCounters, this.#lastGets, 0)
    else {
      const bytes = operation.keyLength + found.length
      this.reads.getHit.take(this.#getCounters, this.#lastGets, bytes)
    }
  }

  #update(operation: Operation, value: Uint8Array, fieldNames: readonly Uint8Array[]): Pending {
    if (operation.fieldIndex === ALL_FIELDS) return this.#put(operation, value)
    const name = fieldNames[operation.fieldIndex]!
    const record = this.#target.get(operation.key)
    if (!(record instanceof Promise)) return this.#merge(operation, record, name, value)
    return record.then((found) => this.#merge(operation, found, name, value))
  }

  #merge(
    operation: Operation,
    record: Uint8Array | undefined,
    name: Uint8Array,
    value: Uint8Array,
  ): Pending {
    this.#found = record
    const bytes = record === undefined ? 0 : operation.keyLength + record.length
    this.reads.updateRead.take(this.#getCounters, this.#lastGets, bytes)
    if (record === undefined) return undefined
    return this.#put(operation, mergeField(record, name, value))
  }

  #put(operation: Operation, value: Uint8Array): Pending {
    const pending = this.#target.put(operation.key, value) ?? undefined
    this.#written = value
    this.liveSizes.put(operation.keyNumber, operation.keyLength + value.length)
    return pending
  }

  #scan(operation: Operation): Pending {
    this.#isShown = this.#answers !== null && this.#scans++ % CHECKED_SCANS === 0
    if (this.#isShown) this.#shown.clear()
    const sink = this.#isShown ? this.#shown : null
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

/** In place of a missing array. */
const NOTHING = new Uint8Array(0)
