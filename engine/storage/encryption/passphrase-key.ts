/**
 * Owns the way from a passphrase to the key of a folder: the salt and the cost of the derivation
 * are in the header of the folder's CURRENT file.
 */

import { joinPath, type Storage } from '../storage.ts'
import { type DerivationCost, EncryptionKey } from './encryption-key.ts'
import {
  decodeFileHeader,
  FILE_HEADER_BYTES_MAX,
  type FileHeader,
  hasMagic,
} from './frame-format.ts'

const CURRENT = 'CURRENT'

/**
 * The key that `passphrase` gives for a folder of `storage`, the storage below the encryption. A
 * folder without a database gets a new salt, at the given cost. Another passphrase than the
 * folder's gives another key, which the open refuses with `LSM_WRONG_KEY`.
 */
export function passphraseKey(
  storage: Storage,
  folder: string,
  passphrase: string,
  cost?: DerivationCost,
): EncryptionKey {
  const derivation = headerOf(storage, folder)?.derivation
  return EncryptionKey.fromPassphrase(passphrase, derivation ?? cost)
}

/** Whether the folder's CURRENT file is an encrypted one. */
export function isEncrypted(storage: Storage, folder: string): boolean {
  return hasMagic(startOfCurrent(storage, folder))
}

function headerOf(storage: Storage, folder: string): FileHeader | null {
  return decodeFileHeader(startOfCurrent(storage, folder))
}

function startOfCurrent(storage: Storage, name: string): Uint8Array {
  const folder = storage.resolve(name)
  if (!storage.list(folder).includes(CURRENT)) return new Uint8Array(0)
  const file = storage.open(joinPath(folder, CURRENT), { cause: 'open', level: -1 })
  try {
    const bytes = new Uint8Array(Math.min(file.bytes, FILE_HEADER_BYTES_MAX))
    file.read(bytes, bytes.length, 0, 'meta')
    return bytes
  } finally {
    file.close()
  }
}
