/**
 * Owns the description of a workload's writes in expected numbers: how many operations of each kind
 * a phase has, and how its updates and deletes spread over the records. A simulation without keys
 * runs this description in place of the stream, which would have billions of operations.
 *
 * Invariant: a description has the shares and the popularity of the stream. If no description is
 * right, the workload has none: `unknownWrites` says what is known.
 */

import { invalidArgument, type LsmError } from '../engine/base/errors.ts'
import type { OPERATION_KIND_NAMES } from './operation.ts'

type KindName = (typeof OPERATION_KIND_NAMES)[number]

/** How updates and deletes spread over records, whose keys are spread evenly over the key space. */
export type KeyPopularity =
  | { readonly kind: 'uniform' }
  /** Record of rank r in proportion to r^−theta. */
  | { readonly kind: 'zipfian'; readonly theta: number; readonly popular: PopularRecords }
  /** YCSB's: ranks of 10^10 items, hashed onto the records. */
  | { readonly kind: 'hashed-zipfian' }
  /** A share of the operations goes to a share of the records. */
  | {
      readonly kind: 'hotspot'
      readonly records: number
      readonly operations: number
      readonly popular: PopularRecords
    }
  /** `percentile` % of the operations fall in this share of the records; the rest falls off. */
  | {
      readonly kind: 'exponential'
      readonly percentile: number
      readonly records: number
      readonly popular: PopularRecords
    }

/** Whether the records that are loaded first, or last, are the most popular. */
export type PopularRecords = 'first' | 'last' | 'any'

/** A load, or a phase after it. */
export interface WritePhase {
  readonly name: string
  readonly operations: number
  /** Share of the operations by kind; they add up to 1. Inserts make new records. */
  readonly shares: Readonly<Partial<Record<KindName, number>>>
  /** Of the records that updates and deletes choose. */
  readonly popularity: KeyPopularity
  /** Whether they also choose records that this phase inserts, or only older ones. */
  readonly choosesInserted: boolean
}

/** The writes of a workload of a certain size. */
export interface WriteShape {
  /** Length of the prefix that all keys share, and the number of values of each further byte. */
  readonly keys: { readonly prefixBytes: number; readonly radix: number }
  /** Whether records are inserted in the order of their keys, or spread over the key space. */
  readonly insertOrder: 'ordered' | 'hashed'
  /** Records that the updates of the first phase may choose, whether they were loaded or not. */
  readonly records: number
  /** Null if the first phase starts with an empty store. */
  readonly load: WritePhase | null
  readonly phases: readonly WritePhase[]
}

/** A phase that inserts new records and does nothing else. */
export function insertPhase(name: string, operations: number): WritePhase {
  return {
    name,
    operations,
    shares: { insert: 1 },
    popularity: { kind: 'uniform' },
    choosesInserted: false,
  }
}

/** For a workload that cannot be described; `known` names what can. */
export function unknownWrites(name: string, what: string, known: string): LsmError {
  return invalidArgument(`${name}: without keys, the simulator does not know ${what}; ${known}`, {
    workload: name,
  })
}
