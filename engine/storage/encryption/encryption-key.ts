/**
 * Owns the secret of an encrypted storage: 32 bytes, given as they are or derived from a passphrase
 * by Argon2id, and the keys of files that follow from it by HKDF-SHA256.
 *
 * Invariant: the secret is in memory only. A file holds what the derivation from a passphrase needs
 * (`Derivation`), which is no secret, and a random salt for each key that encrypts anything.
 */

import crypto, { createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto'
import { checkOptions, checkText, checkWhole } from '../../base/arguments.ts'
import { invalidArgument } from '../../base/errors.ts'
import type { SharedLedger } from '../ledger.ts'

export const KEY_BYTES = 32
export const SALT_BYTES = 16
const FILE_KEY_USE = 'varve file key 1'

/** How Argon2id makes the secret from a passphrase. Anybody may know it. */
export interface Derivation {
  readonly memoryKiB: number
  readonly passes: number
  readonly parallelism: number
  /** 16 bytes. */
  readonly salt: Uint8Array
}

/** What a passphrase costs to try: the fields of `Derivation` without the salt. */
export type DerivationCost = Omit<Derivation, 'salt'>

/** The second recommended choice of RFC 9106, for where memory is scarce. */
export const DERIVATION_COST: DerivationCost = { memoryKiB: 64 * 1024, passes: 3, parallelism: 4 }

/** Limits on what a file may ask of its reader. */
const MEMORY_KIB_MAX = 1024 * 1024
const PASSES_MAX = 255
const PARALLELISM_MAX = 255
/** RFC 9106: at least 8 KiB a lane. */
const LANE_KIB_MIN = 8

/** A key as data that can be posted to another thread of the same process. */
export interface SharedKey {
  readonly secret: Uint8Array
  readonly derivation: Derivation | null
}

/** What a thread needs besides the storage below the encryption. */
export interface SharedEncryption {
  readonly key: SharedKey
  /** Counts logical bytes. */
  readonly ledger: SharedLedger
}

/** The secret of a storage. It prints as an object without fields. */
export class EncryptionKey {
  /** How the secret came from a passphrase; null if it was given. */
  readonly derivation: Derivation | null
  readonly #secret: KeyObject

  private constructor(secret: Uint8Array, derivation: Derivation | null) {
    this.#secret = createSecretKey(secret)
    this.derivation = derivation
  }

  /** The key of these 32 bytes, which are copied. `LSM_INVALID_ARGUMENT` for another length. */
  static of(bytes: Uint8Array): EncryptionKey {
    if (bytes instanceof Uint8Array && bytes.length === KEY_BYTES) {
      return new EncryptionKey(bytes, null)
    }
    throw invalidArgument(`an encryption key is ${KEY_BYTES} bytes`)
  }

  /** A new random key. */
  static random(): EncryptionKey {
    return new EncryptionKey(randomBytes(KEY_BYTES), null)
  }

  /**
   * The key that a passphrase gives, with a new random salt unless `derivation` has one. It takes
   * about a second. For a folder that exists, call `passphraseKey`, which reads the folder's salt.
   */
  static fromPassphrase(
    passphrase: string,
    derivation: DerivationCost & Partial<Derivation> = DERIVATION_COST,
  ): EncryptionKey {
    checkText(passphrase, 'passphrase')
    if (passphrase === '') throw invalidArgument('the passphrase is empty')
    const fields = ['memoryKiB', 'passes', 'parallelism', 'salt'] as const
    const { memoryKiB, passes, parallelism, salt } = checkOptions(derivation, fields, 'derivation')
    checkWhole(parallelism, 'parallelism', 1, PARALLELISM_MAX)
    checkWhole(passes, 'passes', 1, PASSES_MAX)
    checkWhole(memoryKiB, 'memoryKiB', LANE_KIB_MIN * parallelism, MEMORY_KIB_MAX)
    const used = { memoryKiB, passes, parallelism, salt: salt ?? randomBytes(SALT_BYTES) }
    if (crypto.argon2Sync === undefined) {
      throw invalidArgument('passphrases need Node 24.7 or later; take a key of 32 bytes')
    }
    const secret = crypto.argon2Sync('argon2id', {
      message: passphrase,
      nonce: used.salt,
      memory: memoryKiB,
      passes,
      parallelism,
      tagLength: KEY_BYTES,
    })
    return new EncryptionKey(secret, used)
  }

  /** The key that another thread shared. */
  static over({ secret, derivation }: SharedKey): EncryptionKey {
    return new EncryptionKey(secret, derivation)
  }

  /** Lets another thread of this process use the key, by `over`. */
  share(): SharedKey {
    return { secret: new Uint8Array(this.#secret.export()), derivation: this.derivation }
  }

  /** The key that goes with a salt of 16 bytes in a file. */
  fileKey(salt: Uint8Array): KeyObject {
    return createSecretKey(
      new Uint8Array(hkdfSync('sha256', this.#secret, salt, FILE_KEY_USE, KEY_BYTES)),
    )
  }
}
