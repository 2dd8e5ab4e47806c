/**
 * Owns the fingerprint of an operation stream: kinds, key numbers and lengths, folded into two
 * 32-bit lanes (FNV-1a with different primes, avalanched at the end). Equal streams give equal
 * hashes; two strategies are compared only if their hashes agree. They do not resist forgery.
 */
import type { Operation } from '../../workloads/index.ts'

export class TraceHash {
  #a = 0x811c9dc5
  #b = 0x9747b28c

  addOperation(operation: Operation): void {
    const { kind, fieldIndex, keyNumber, valueLength, scanLength } = operation
    this.add(kind + ((fieldIndex + 1) << 3), keyNumber, valueLength + scanLength)
  }

  add(kindIndex: number, keyNumber: number, lengthBytes: number): void {
    const high = (keyNumber / 0x100000000) | 0
    const head = (kindIndex + Math.imul(high, 0x9e3779b1)) | 0
    let a = Math.imul(this.#a ^ head, 0x01000193)
    a = Math.imul(a ^ keyNumber, 0x01000193)
    // The shift moves high bits to low ones; a multiplication alone never does that.
    this.#a = Math.imul(a ^ (a >>> 15) ^ lengthBytes, 0x01000193)
    let b = Math.imul(this.#b ^ lengthBytes, 0x5bd1e995)
    b = Math.imul(b ^ (b >>> 13) ^ keyNumber, 0x5bd1e995)
    this.#b = Math.imul(b ^ head, 0x5bd1e995)
  }

  /** 16 hex digits. */
  digest(): string {
    return hex(this.#a) + hex(this.#b)
  }
}

function hex(lane: number): string {
  let mixed = Math.imul(lane ^ (lane >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return ((mixed ^ (mixed >>> 16)) >>> 0).toString(16).padStart(8, '0')
}
