/**
 * Owns the way from a passphrase to the key of a folder: the salt and the cost of the derivation
 * are in the header of each of its files, and CURRENT is asked first.
 */

import { checkObject, checkText } from '../../base/arguments.ts'
import { isLsmError } from '../../base/errors.ts'
import { joinPath, type Storage } from '../storage.ts'
import { type DerivationCost, EncryptionKey } from './encryption-key.ts'
import {
  decodeFileHeader,
  FILE_HEADER_BYTES_MAX,
  type FileHeader,
  hasMagic,
} from './frame-format.ts'

const CURRENT = 'CURRENT'
/** Tables, logs and segments. */
const DATA_FILE = /^\d{6,}\.(sst|log|blob)$/
const FILES_TRIED_MAX = 8

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

/**
 * Whether the folder's CURRENT file is an encrypted one. Where it is missing or damaged, some of
 * the other files decide.
 */
export function isEncrypted(storage: Storage, folder: string): boolean {
  return encryptedStart(storage, folder) !== null
}

function headerOf(storage: Storage, folder: string): FileHeader | null {
  const start = encryptedStart(storage, folder)
  return start === null ? null : decodeFileHeader(start)
}

/** The first bytes of an encrypted file of the folder; null if there is none. */
function encryptedStart(storage: Storage, name: string): Uint8Array | null {
  checkObject(storage, 'storage', ['resolve', 'list', 'open'])
  checkText(name, 'folder')
  const folder = storage.resolve(name)
  const names = storage.list(folder)
  const others = names.filter((each) => DATA_FILE.test(each)).slice(0, FILES_TRIED_MAX)
  for (const each of names.includes(CURRENT) ? [CURRENT, ...others] : others) {
    const start = startOf(storage, joinPath(folder, each))
    if (hasMagic(start)) return start
    if (each === CURRENT && isPlain(start)) return null
  }
  return null
}

/** Names a manifest, as an unencrypted CURRENT does. */
function isPlain(start: Uint8Array): boolean {
  return new TextDecoder().decode(start).startsWith('MANIFEST-')
}

/** Empty if the file cannot be read. */
function startOf(storage: Storage, path: string): Uint8Array {
  try {
    const file = storage.open(path, { cause: 'open', level: -1 })
    try {
      const bytes = new Uint8Array(Math.min(file.bytes, FILE_HEADER_BYTES_MAX))
      file.read(bytes, bytes.length, 0, 'meta')
      return bytes
    } finally {
      file.close()
    }
  } catch (error) {
    if (!isLsmError(error)) throw error
    return new Uint8Array(0)
  }
}
