/**
 * Owns the result slot of a point lookup. Memtables and tables fill it in place, so that a get
 * allocates nothing until it returns the value. Invariant: the fields are meaningful only if the
 * call that filled them returned true. The value is borrowed from the memtable or block that holds
 * it.
 */

import { ENTRY_KIND } from './internal-key.ts'

export class Lookup {
  seq = 0
  kind: number = ENTRY_KIND.value
  valueBytes: Uint8Array = new Uint8Array(0)
  valueStart = 0
  valueLength = 0

  set(seq: number, kind: number, bytes: Uint8Array, start: number, length: number): void {
    this.seq = seq
    this.kind = kind
    this.valueBytes = bytes
    this.valueStart = start
    this.valueLength = length
  }
}
