/**
 * Owns the bytes of an encrypted file. A file is a header and frames; every append of the engine
 * becomes one or more data frames, in one append to the file below.
 *
 * Header (no header: the file is empty):
 *
 *   +--------+-------------+-------------+--------+------------+------------------+
 *   | magic  | u8 kind of  | u8 lanes    | u8     | u8 bytes   | u32le memory     |
 *   | 8 B    | derivation  |             | passes | of name    | of derivation KiB|
 *   +--------+-------------+-------------+--------+------------+------------------+
 *   | salt of derivation 16 B | salt of file 16 B | name | tag 16 B | u32le crc   |
 *   +-------------------------+-------------------+------+----------+-------------+
 *   |<------------------ authenticated by the tag ------>|
 *   |<------------------ masked crc32c ---------------------------->|
 *
 * Frame:
 *
 *   +--------------------+---------------+---------------+-----------+---------+---------+
 *   | u32le kind·2^30    | u32le number  | u32le frames  | u32le     | payload | tag     |
 *   |       + length     | of this frame | known synced  | crc       | length B| 16 B    |
 *   +--------------------+---------------+---------------+-----------+---------+---------+
 *   |<-- masked crc32c, and with the file's salt authenticated by tag -->|
 *
 * Kinds: 0 data (payload encrypted); 1 session (payload in clear and authenticated: salt of 16 B,
 * u64le logical bytes that are kept of what came before); 2 seal (payload: the session's salt in
 * clear, then encrypted one u32le for each earlier frame, its first word). A seal is followed by
 * u32le its bytes with this ending, and u32le masked crc32c of that. Never renumber.
 *
 * Keys and nonces. The header starts a session, and so does each session frame. A session has a new
 * random salt, so it has a key of its own (HKDF). The nonce of a frame is its number, and within a
 * session numbers only rise, also after a failed append. A writer that opens a file again, or goes
 * on after a truncation, starts a new session. So no nonce is used twice under one key.
 *
 * The checksum tells accidents apart from a wrong key, and finds frames behind damage without a
 * key.
 */

import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto'
import { crc32c, maskCrc } from '../../base/crc32c.ts'
import { type Derivation, SALT_BYTES } from './encryption-key.ts'

const CIPHER = 'aes-256-gcm'
const NONCE_BYTES = 12
export const TAG_BYTES = 16
export const FRAME_HEADER_BYTES = 16
export const FRAME_OVERHEAD_BYTES = FRAME_HEADER_BYTES + TAG_BYTES
/** A longer append is cut into frames of this payload, so that a read decrypts little more. */
export const FRAME_PAYLOAD_BYTES = 8 * 1024
export const SEAL_END_BYTES = 8
export const SESSION_PAYLOAD_BYTES = SALT_BYTES + 8
export const FRAME_KIND = { data: 0, session: 1, seal: 2 } as const
const KIND_UNIT = 2 ** 30

const MAGIC = new TextEncoder().encode('VARVENC1')
const DERIVATION_KIND = { none: 0, argon2id: 1 } as const
const DERIVATION_SALT_OFFSET = 16
const FILE_SALT_OFFSET = DERIVATION_SALT_OFFSET + SALT_BYTES
const NAME_OFFSET = FILE_SALT_OFFSET + SALT_BYTES
const HEADER_END_BYTES = TAG_BYTES + 4
const NAME_BYTES_MAX = 255
export const FILE_HEADER_BYTES_MAX = NAME_OFFSET + NAME_BYTES_MAX + HEADER_END_BYTES
/** No frame has this number. */
const HEADER_NUMBER = 2 ** 32 - 1
export const FRAME_NUMBER_MAX = HEADER_NUMBER - 1

export interface FileHeader {
  readonly derivation: Derivation | null
  readonly salt: Uint8Array
  /** The name (without folder) under which the file was first written. */
  readonly name: string
  readonly bytes: number
}

/** Whether a file starts as an encrypted one does. */
export function hasMagic(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, at) => bytes[at] === byte)
}

/** The header of a new file, authenticated by `key`, which belongs to `salt`. */
export function encodeFileHeader(
  key: KeyObject,
  derivation: Derivation | null,
  salt: Uint8Array,
  name: string,
): Uint8Array {
  const nameBytes = new TextEncoder().encode(name).subarray(0, NAME_BYTES_MAX)
  const tagAt = NAME_OFFSET + nameBytes.length
  const bytes = new Uint8Array(tagAt + HEADER_END_BYTES)
  const view = viewOf(bytes)
  bytes.set(MAGIC)
  if (derivation !== null) {
    const { parallelism, passes, memoryKiB, salt: derivationSalt } = derivation
    bytes.set([DERIVATION_KIND.argon2id, parallelism, passes], MAGIC.length)
    view.setUint32(12, memoryKiB, true)
    bytes.set(derivationSalt, DERIVATION_SALT_OFFSET)
  }
  bytes[11] = nameBytes.length
  bytes.set(salt, FILE_SALT_OFFSET)
  bytes.set(nameBytes, NAME_OFFSET)
  const cipher = createCipheriv(CIPHER, key, nonceOf(HEADER_NUMBER))
  cipher.setAAD(bytes.subarray(0, tagAt)).final()
  bytes.set(cipher.getAuthTag(), tagAt)
  view.setUint32(tagAt + TAG_BYTES, checksum(bytes, 0, tagAt + TAG_BYTES), true)
  return bytes
}

/** The header at the start of `bytes`, or null if it is not whole. It is not authenticated yet. */
export function decodeFileHeader(bytes: Uint8Array): FileHeader | null {
  if (bytes.length < NAME_OFFSET + HEADER_END_BYTES || !hasMagic(bytes)) return null
  const view = viewOf(bytes)
  const tagAt = NAME_OFFSET + bytes[11]!
  const crcAt = tagAt + TAG_BYTES
  if (bytes.length < crcAt + 4) return null
  if (view.getUint32(crcAt, true) !== checksum(bytes, 0, crcAt)) return null
  const [kind, parallelism, passes] = bytes.subarray(MAGIC.length)
  const derivation =
    kind === DERIVATION_KIND.none
      ? null
      : {
          memoryKiB: view.getUint32(12, true),
          passes: passes!,
          parallelism: parallelism!,
          salt: bytes.slice(DERIVATION_SALT_OFFSET, FILE_SALT_OFFSET),
        }
  return {
    derivation,
    salt: bytes.slice(FILE_SALT_OFFSET, NAME_OFFSET),
    name: new TextDecoder().decode(bytes.subarray(NAME_OFFSET, tagAt)),
    bytes: crcAt + 4,
  }
}

/** Whether `key` made the sound header at the start of `bytes`. */
export function isHeaderOf(key: KeyObject, bytes: Uint8Array, header: FileHeader): boolean {
  const tagAt = header.bytes - HEADER_END_BYTES
  const decipher = createDecipheriv(CIPHER, key, nonceOf(HEADER_NUMBER))
  decipher.setAAD(bytes.subarray(0, tagAt)).setAuthTag(bytes.subarray(tagAt, tagAt + TAG_BYTES))
  return isAuthentic(() => decipher.final())
}

export interface FrameHeader {
  readonly kind: number
  readonly payloadBytes: number
  readonly number: number
  /** The first so many frames of the file were durable when this one was written. */
  readonly synced: number
}

/** The first word of a frame, which a seal repeats. */
export function frameWord(kind: number, payloadBytes: number): number {
  return kind * KIND_UNIT + payloadBytes
}

export function kindOfWord(word: number): number {
  return Math.floor(word / KIND_UNIT)
}

export function payloadBytesOfWord(word: number): number {
  return word % KIND_UNIT
}

/** The bytes that a frame takes in the file. */
export function frameBytesOfWord(word: number): number {
  const end = kindOfWord(word) === FRAME_KIND.seal ? SEAL_END_BYTES : 0
  return FRAME_OVERHEAD_BYTES + payloadBytesOfWord(word) + end
}

/** The frame header at `at`, or null if its checksum does not match. */
export function decodeFrameHeader(bytes: Uint8Array, at: number): FrameHeader | null {
  if (at + FRAME_HEADER_BYTES > bytes.length) return null
  const view = viewOf(bytes)
  const word = view.getUint32(at, true)
  const kind = kindOfWord(word)
  if (kind > FRAME_KIND.seal) return null
  if (view.getUint32(at + 12, true) !== checksum(bytes, at, at + 12)) return null
  return {
    kind,
    payloadBytes: payloadBytesOfWord(word),
    number: view.getUint32(at + 4, true),
    synced: view.getUint32(at + 8, true),
  }
}

/**
 * Writes a frame to target[at, …): `clear` stays readable and is authenticated, `plain` is
 * encrypted. Returns the index behind the frame.
 */
export function writeFrame(
  target: Uint8Array,
  at: number,
  { kind, number, synced }: Omit<FrameHeader, 'payloadBytes'>,
  key: KeyObject,
  fileSalt: Uint8Array,
  clear: Uint8Array,
  plain: Uint8Array,
): number {
  const view = viewOf(target)
  const payloadAt = at + FRAME_HEADER_BYTES
  view.setUint32(at, frameWord(kind, clear.length + plain.length), true)
  view.setUint32(at + 4, number, true)
  view.setUint32(at + 8, synced, true)
  view.setUint32(at + 12, checksum(target, at, at + 12), true)
  target.set(clear, payloadAt)
  const cipher = createCipheriv(CIPHER, key, nonceOf(number))
  cipher.setAAD(authenticated(target, at, fileSalt, clear))
  const tagAt = payloadAt + clear.length + plain.length
  if (plain.length > 0) target.set(cipher.update(plain), payloadAt + clear.length)
  cipher.final()
  target.set(cipher.getAuthTag(), tagAt)
  return tagAt + TAG_BYTES
}

/**
 * The decrypted payload of the whole frame at `at`, without its first `clearBytes`, which are in
 * clear; null if it was not written so. Owned.
 */
export function readFrame(
  bytes: Uint8Array,
  at: number,
  { number, payloadBytes }: Pick<FrameHeader, 'number' | 'payloadBytes'>,
  key: KeyObject,
  fileSalt: Uint8Array,
  clearBytes = 0,
): Uint8Array | null {
  const payloadAt = at + FRAME_HEADER_BYTES
  const tagAt = payloadAt + payloadBytes
  const cipherAt = payloadAt + clearBytes
  if (tagAt + TAG_BYTES > bytes.length || cipherAt > tagAt) return null
  const decipher = createDecipheriv(CIPHER, key, nonceOf(number))
  decipher.setAAD(authenticated(bytes, at, fileSalt, bytes.subarray(payloadAt, cipherAt)))
  decipher.setAuthTag(bytes.subarray(tagAt, tagAt + TAG_BYTES))
  const plain = decipher.update(bytes.subarray(cipherAt, tagAt))
  return isAuthentic(() => decipher.final()) ? plain : null
}

/** The end of a seal that takes `frameBytes` with it. */
export function writeSealEnd(target: Uint8Array, at: number, frameBytes: number): void {
  viewOf(target).setUint32(at, frameBytes, true)
  viewOf(target).setUint32(at + 4, checksum(target, at, at + 4), true)
}

/** The bytes of the seal that ends where `bytes` end, or null. */
export function sealBytesAtEnd(bytes: Uint8Array): number | null {
  const at = bytes.length - SEAL_END_BYTES
  if (at < 0) return null
  const view = viewOf(bytes)
  if (view.getUint32(at + 4, true) !== checksum(bytes, at, at + 4)) return null
  return view.getUint32(at, true)
}

/** The longest name is cut, so names are compared in this form. */
export function storedName(name: string): string {
  return new TextDecoder().decode(new TextEncoder().encode(name).subarray(0, NAME_BYTES_MAX))
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function checksum(bytes: Uint8Array, start: number, end: number): number {
  return maskCrc(crc32c(bytes, start, end))
}

function nonceOf(number: number): Uint8Array {
  const nonce = new Uint8Array(NONCE_BYTES)
  viewOf(nonce).setUint32(NONCE_BYTES - 4, number)
  return nonce
}

function authenticated(
  bytes: Uint8Array,
  at: number,
  fileSalt: Uint8Array,
  clear: Uint8Array,
): Uint8Array {
  const whole = new Uint8Array(FRAME_HEADER_BYTES + fileSalt.length + clear.length)
  whole.set(bytes.subarray(at, at + FRAME_HEADER_BYTES))
  whole.set(fileSalt, FRAME_HEADER_BYTES)
  whole.set(clear, FRAME_HEADER_BYTES + fileSalt.length)
  return whole
}

/** Node throws from `final` if the tag does not match. */
function isAuthentic(final: () => unknown): boolean {
  try {
    final()
    return true
  } catch {
    return false
  }
}
