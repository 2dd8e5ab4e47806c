/**
 * Owns finding the frames of a file: by the seal at its end, or, if the file was not closed, by
 * walking from frame to frame and authenticating each.
 *
 * Damage. A frame that does not authenticate stays in the list as long as a sound frame follows;
 * the read of it decides (`frame-reader.ts`). Without a sound frame behind it, it is a torn tail,
 * and the file ends before it. If the file's header is lost, a frame behind it that was written
 * after a sync proves rot; otherwise the header never became durable, and the file is empty.
 */

import { corruption, LsmError } from '../../base/errors.ts'
import type { ReadableFile } from '../storage.ts'
import { type EncryptionKey, SALT_BYTES } from './encryption-key.ts'
import {
  decodeFileHeader,
  decodeFrameHeader,
  FILE_HEADER_BYTES_MAX,
  FRAME_HEADER_BYTES,
  FRAME_KIND,
  FRAME_OVERHEAD_BYTES,
  type FrameHeader,
  frameBytesOfWord,
  frameWord,
  isHeaderOf,
  kindOfWord,
  readFrame,
  SEAL_END_BYTES,
  SESSION_PAYLOAD_BYTES,
  sealBytesAtEnd,
  storedName,
  viewOf,
} from './frame-format.ts'
import { FrameList, type Session } from './frame-list.ts'

/** The frames of a file, as far as they were found. */
export interface FoundFrames {
  readonly list: FrameList
  /** The first so many frames are known to have been durable. */
  synced: number
}

/** Files of a database never change these names, so another name is another file's content. */
const LASTING_NAME = /^(\d{6,}\.(sst|blob|log)|MANIFEST-\d{6,})$/

/** Finds the frames of an open file; null if the file is empty. Errors: as `EncryptedStorage`. */
export function findFrames(file: ReadableFile, key: EncryptionKey): FoundFrames | null {
  if (file.bytes === 0) return null
  const start = part(file, 0, Math.min(file.bytes, FILE_HEADER_BYTES_MAX))
  const header = decodeFileHeader(start)
  if (header === null) return withoutHeader(file)
  const { path } = file
  const fileKey = key.fileKey(header.salt)
  if (!isHeaderOf(fileKey, start, header)) {
    throw new LsmError('LSM_WRONG_KEY', `${path}: the file was encrypted with another key`, {
      data: { path },
    })
  }
  const name = storedName(path.slice(path.lastIndexOf('/') + 1))
  if (name !== header.name && LASTING_NAME.test(name) && LASTING_NAME.test(header.name)) {
    throw corruption(`this is the content of ${header.name}`, { path, offset: 0 })
  }
  const empty = () => new FrameList(header.bytes, header.salt, fileKey)
  return bySeal(file, key, empty()) ?? byWalk(file, key, empty())
}

/** The session that the frame at `at` starts, or null if it is not authentic. */
export function readSession(
  bytes: Uint8Array,
  at: number,
  frame: FrameHeader,
  fileSalt: Uint8Array,
  key: EncryptionKey,
): Session | null {
  if (frame.payloadBytes !== SESSION_PAYLOAD_BYTES) return null
  const payloadAt = at + FRAME_HEADER_BYTES
  const salt = bytes.slice(payloadAt, payloadAt + SALT_BYTES)
  const sessionKey = key.fileKey(salt)
  const keptAt = payloadAt + SALT_BYTES
  if (keptAt + 8 > bytes.length) return null
  if (readFrame(bytes, at, frame, sessionKey, fileSalt, SESSION_PAYLOAD_BYTES) === null) return null
  return { key: sessionKey, salt, keptBytes: Number(viewOf(bytes).getBigUint64(keptAt, true)) }
}

/** Null if the file does not end in a sound seal. */
function bySeal(file: ReadableFile, key: EncryptionKey, list: FrameList): FoundFrames | null {
  const room = file.bytes - list.physicalEnd
  if (room < FRAME_OVERHEAD_BYTES + SALT_BYTES + SEAL_END_BYTES) return null
  const sealBytes = sealBytesAtEnd(part(file, file.bytes - SEAL_END_BYTES, SEAL_END_BYTES))
  if (sealBytes === null || sealBytes > room) return null
  const seal = part(file, file.bytes - sealBytes, sealBytes)
  const header = decodeFrameHeader(seal, 0)
  if (header === null || header.kind !== FRAME_KIND.seal) return null
  if (frameBytesOfWord(frameWord(header.kind, header.payloadBytes)) !== sealBytes) return null
  const saltAt = FRAME_HEADER_BYTES
  const sealKey = key.fileKey(seal.subarray(saltAt, saltAt + SALT_BYTES))
  const plain = readFrame(seal, 0, header, sealKey, list.salt, SALT_BYTES)
  if (plain === null || plain.length !== 4 * header.number) return null
  const words = viewOf(plain)
  for (let at = 0; at < plain.length; at += 4) {
    const word = words.getUint32(at, true)
    if (kindOfWord(word) !== FRAME_KIND.session) {
      list.add(word)
      continue
    }
    const bytes = part(file, list.physicalEnd, frameBytesOfWord(word))
    const frame = decodeFrameHeader(bytes, 0)
    const session = frame === null ? null : readSession(bytes, 0, frame, list.salt, key)
    if (session === null) return null
    list.add(word, session)
  }
  list.add(frameWord(header.kind, header.payloadBytes))
  return list.physicalEnd === file.bytes ? { list, synced: header.synced } : null
}

function byWalk(file: ReadableFile, key: EncryptionKey, list: FrameList): FoundFrames {
  const bytes = part(file, 0, file.bytes)
  const found: FoundFrames = { list, synced: 0 }
  /** Number of frames up to the last sound one. */
  let sound = 0
  /** The first frame whose header is lost. */
  let lost: { readonly number: number; readonly at: number } | null = null
  while (list.physicalEnd < bytes.length) {
    const at = list.physicalEnd
    const number = list.words.length
    const frame = headerAt(bytes, at, number)
    if (frame === null) {
      const next = nextHeader(bytes, at + 1, number + 1)
      if (next === null) break
      lost ??= { number, at }
      found.synced = Math.max(found.synced, next.frame.synced)
      addLost(list, next.at - at, next.frame.number - number)
      continue
    }
    const word = frameWord(frame.kind, frame.payloadBytes)
    if (frame.kind === FRAME_KIND.session) {
      const session = readSession(bytes, at, frame, list.salt, key)
      // Without its key, what follows says nothing.
      if (session === null) break
      list.add(word, session)
      sound = number + 1
    } else {
      const clearBytes = frame.kind === FRAME_KIND.seal ? SALT_BYTES : 0
      const frameKey = list.keyOf(number)
      const isSound = readFrame(bytes, at, frame, frameKey, list.salt, clearBytes) !== null
      list.add(word)
      if (isSound) sound = number + 1
    }
    found.synced = Math.max(found.synced, frame.synced)
  }
  if (lost !== null && lost.number < found.synced) {
    const { number, at } = lost
    const message = `frame ${number} is damaged: it has no sound header`
    throw corruption(message, { path: file.path, offset: at })
  }
  // Frames that only a torn tail follows.
  if (sound < list.words.length && found.synced <= sound) list.cut(sound)
  return found
}

/** The header of frame `number` at `at`, if the whole frame fits into the file. */
function headerAt(bytes: Uint8Array, at: number, number: number): FrameHeader | null {
  const frame = decodeFrameHeader(bytes, at)
  if (frame === null || frame.number !== number) return null
  const end = at + frameBytesOfWord(frameWord(frame.kind, frame.payloadBytes))
  return end <= bytes.length ? frame : null
}

/** The first sound header from `from` on, of a frame with a number from `numberMin` on. */
function nextHeader(
  bytes: Uint8Array,
  from: number,
  numberMin: number,
): { readonly at: number; readonly frame: FrameHeader } | null {
  const view = viewOf(bytes)
  for (let at = from; at + FRAME_OVERHEAD_BYTES <= bytes.length; at++) {
    // Most places are excluded before a checksum is computed.
    const number = view.getUint32(at + 4, true)
    const numberMax = numberMin + (at - from) / FRAME_OVERHEAD_BYTES
    if (number < numberMin || number > numberMax || view.getUint32(at + 8, true) > number) continue
    const frame = headerAt(bytes, at, number)
    if (frame !== null) return { at, frame }
  }
  return null
}

/** Adds `count` frames that take `bytes` in the file and whose headers are lost. */
function addLost(list: FrameList, bytes: number, count: number): void {
  const payloadBytes = bytes - count * FRAME_OVERHEAD_BYTES
  list.add(frameWord(FRAME_KIND.data, Math.max(payloadBytes, 0)))
  for (let added = 1; added < count; added++) list.add(frameWord(FRAME_KIND.data, 0))
}

/** Null if the header of the file never became durable. */
function withoutHeader(file: ReadableFile): null {
  const { path } = file
  const bytes = part(file, 0, file.bytes)
  let next = nextHeader(bytes, 0, 0)
  while (next !== null) {
    if (next.frame.synced > 0) {
      throw corruption('the header of the encrypted file is damaged', { path, offset: 0 })
    }
    next = nextHeader(bytes, next.at + 1, next.frame.number)
  }
  return null
}

function part(file: ReadableFile, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  file.read(bytes, length, offset, 'meta')
  return bytes
}
