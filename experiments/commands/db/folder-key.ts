/**
 * Owns where the commands on folders get a key: from a file, or a passphrase from the environment.
 * Invariant: no secret is read from the command line, which other processes can see.
 */
import { readFileSync } from 'node:fs'
import {
  EncryptedStorage,
  EncryptionKey,
  isEncrypted,
  Ledger,
  NodeStorage,
  passphraseKey,
  type Storage,
} from '../../../engine/index.ts'
import { UsageError } from '../../base/usage-error.ts'

const KEY_BYTES = 32
const HEX_KEY = /^[0-9a-f]{64}\s*$/i

/** The storage that reads `folder`. Throws `UsageError` if a key is missing or not needed. */
export function storageOf(folder: string, keyFile = process.env.VARVE_KEY_FILE): Storage {
  const files = new NodeStorage(new Ledger())
  const passphrase = process.env.VARVE_PASSPHRASE
  if (!isEncrypted(files, folder)) return files
  if (keyFile) return new EncryptedStorage(files, keyOfFile(keyFile))
  if (passphrase) return new EncryptedStorage(files, passphraseKey(files, folder, passphrase))
  throw new UsageError(
    `${folder} is encrypted: give its key by --key-file or $VARVE_KEY_FILE, ` +
      'or its passphrase by $VARVE_PASSPHRASE',
  )
}

/** The key in a file: 32 bytes, or 64 hexadecimal digits. Throws `UsageError`. */
export function keyOfFile(path: string): EncryptionKey {
  let bytes: Uint8Array
  try {
    bytes = readFileSync(path)
  } catch {
    throw new UsageError(`cannot read the key file ${path}`)
  }
  if (bytes.length === KEY_BYTES) return EncryptionKey.of(bytes)
  const text = new TextDecoder().decode(bytes)
  if (HEX_KEY.test(text)) return EncryptionKey.of(Buffer.from(text.trim(), 'hex'))
  throw new UsageError(`${path} is not a key: it must have 32 bytes or 64 hexadecimal digits`)
}
