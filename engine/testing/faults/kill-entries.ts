/** Owns what the killed process writes and where, so that its parent can compute the same. */

import { EncryptedStorage } from '../../storage/encryption/encrypted-storage.ts'
import { EncryptionKey } from '../../storage/encryption/encryption-key.ts'
import { Ledger } from '../../storage/ledger.ts'
import { NodeStorage } from '../../storage/node-storage.ts'
import type { Storage } from '../../storage/storage.ts'
import { bytes } from '../fixtures.ts'

export const KILL_OPTIONS = { memtableBytes: 16 * 1024, blockBytes: 512 }

export const KEY_COUNT = 300

/** The entry of write number `index`, from 1. The keys repeat, in a scattered order. */
export function entryAt(index: number): { readonly key: Uint8Array; readonly value: Uint8Array } {
  const key = bytes(`key${(index * 7) % KEY_COUNT}`)
  return { key, value: bytes(`${index}`.padEnd(20 + (index % 100), '.')) }
}

/** The storage of the killed process and of its parent. */
export function killStorage(keyed: 'plain' | 'encrypted'): Storage {
  const storage = new NodeStorage(new Ledger())
  if (keyed === 'plain') return storage
  return new EncryptedStorage(storage, EncryptionKey.of(new Uint8Array(32).fill(3)))
}
