/**
 * Owns the result slot of a point lookup: filled in place by memtables and tables, so that a get
 * allocates nothing until it hands out the value. Invariant: the fields mean something only when the
 * call that filled them returned true; the value is borrowed from where it was found.
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
