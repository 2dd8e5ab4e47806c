/** Owns what the killed process writes, so that its parent can compute the same. */

import { bytes } from '../fixtures.ts'

export const KILL_OPTIONS = { memtableBytes: 16 * 1024, blockBytes: 512 }

export const KEY_COUNT = 300

/** The entry of write number `index`, from 1. The keys repeat, in a scattered order. */
export function entryAt(index: number): { readonly key: Uint8Array; readonly value: Uint8Array } {
  const key = bytes(`key${(index * 7) % KEY_COUNT}`)
  return { key, value: bytes(`${index}`.padEnd(20 + (index % 100), '.')) }
}
