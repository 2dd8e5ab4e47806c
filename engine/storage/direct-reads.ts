/**
 * Owns reads of real files around the page cache (`O_DIRECT`), so that a measurement counts what
 * the device does. Such a read needs an offset, a length and a memory address that are multiples of
 * the device's logical block. So it reads whole blocks into an aligned scratch buffer and copies
 * what was asked for. The last block of a file may be cut short; the system then returns less.
 *
 *   file   ├────────┼────────┼────────┼───┤ end
 *   asked       ├───────────────────┤
 *   read   ├────────┼────────┼────────┤       into the scratch buffer
 *
 * Invariants: a scratch buffer has one user at a time; a read returns once its bytes are copied. A
 * synchronous read allocates nothing.
 *
 * Node has no call that aligns memory. A resizable ArrayBuffer is aligned nevertheless: V8 reserves
 * whole pages for it, so that it can grow in place. A test looks for its bytes in the memory of the
 * process, and `checkDirectReads` tries a read on the file system in question.
 */

import { closeSync, constants, openSync, readSync, read as readWithCallback } from 'node:fs'
import { copyRange } from '../base/copy.ts'
import { invalidArgument } from '../base/errors.ts'
import { IdleBuffers } from '../base/idle-buffers.ts'
import { errnoOf } from './io-error.ts'

/** A multiple of every usual logical block: 512 B or 4 KiB. */
export const DIRECT_BLOCK_BYTES = 4096
/** The size of a scratch buffer. A longer read is made in pieces of this size. */
const PIECE_BYTES = 256 * 1024
/** Asynchronous reads at once, each with a scratch buffer; Node has four threads by default. */
const ASYNC_READS_MAX = 16

/** How the bytes of an open file are read: up to `length` from `offset`, 0 at the file's end. */
export interface FileReads {
  read(fd: number, target: Uint8Array, start: number, length: number, offset: number): number
  readAsync(
    fd: number,
    target: Uint8Array,
    start: number,
    length: number,
    offset: number,
  ): Promise<number>
}

/** Reads through the page cache. */
export const bufferedReads: FileReads = {
  read: (fd, target, start, length, offset) => readSync(fd, target, start, length, offset),
  readAsync: (fd, target, start, length, offset) =>
    new Promise((resolve, reject) => {
      readWithCallback(fd, target, start, length, offset, (error, count) => {
        if (error === null) resolve(count)
        else reject(error)
      })
    }),
}

const scratches = new IdleBuffers(alignedScratch, ASYNC_READS_MAX)
let asyncReads = 0
/** Asynchronous reads that wait for a scratch buffer. */
const waiting: (() => void)[] = []

/** Reads around the page cache. The file must be opened with `directFlag`. */
export const directReads: FileReads = {
  read(fd, target, start, length, offset) {
    const skipped = offset % DIRECT_BLOCK_BYTES
    const scratch = scratches.take()
    try {
      const count = readSync(fd, scratch, 0, wholeBlocks(skipped + length), offset - skipped)
      return copied(scratch, skipped, count, target, start, length)
    } finally {
      scratches.give(scratch)
    }
  },

  async readAsync(fd, target, start, length, offset) {
    const skipped = offset % DIRECT_BLOCK_BYTES
    while (asyncReads >= ASYNC_READS_MAX) {
      await new Promise<void>((resolve) => waiting.push(resolve))
    }
    asyncReads++
    const scratch = scratches.take()
    try {
      const bytes = wholeBlocks(skipped + length)
      const count = await bufferedReads.readAsync(fd, scratch, 0, bytes, offset - skipped)
      return copied(scratch, skipped, count, target, start, length)
    } finally {
      scratches.give(scratch)
      asyncReads--
      waiting.shift()?.()
    }
  },
}

/** A buffer for direct reads: its address is a multiple of a page's size. */
export function alignedScratch(): Uint8Array {
  return new Uint8Array(
    new ArrayBuffer(PIECE_BYTES, { maxByteLength: PIECE_BYTES }),
    0,
    PIECE_BYTES,
  )
}

/** The flag with which files are opened for direct reads; undefined where the system has none. */
export const directFlag: number | undefined = constants.O_DIRECT

/**
 * Tries a direct read of `file`, which is not empty. `LSM_INVALID_ARGUMENT` where the system or the
 * file system of `folder` has no direct reads.
 */
export function checkDirectReads(folder: string, file: string): void {
  if (directFlag === undefined) {
    throw refused(`${process.platform} has no O_DIRECT`)
  }
  try {
    const fd = openSync(file, constants.O_RDONLY | directFlag)
    try {
      directReads.read(fd, new Uint8Array(1), 0, 1, 0)
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    if (errnoOf(error) !== 'EINVAL') throw error
    throw refused(`the file system of ${folder} refuses O_DIRECT`)
  }
}

function refused(why: string) {
  return invalidArgument(
    `engine option directReads: ${why}; leave the option out, or use a folder on ext4, xfs or btrfs`,
    { option: 'directReads' },
  )
}

/** The length of a read of `bytes` from a block's start, or as much as fits a scratch buffer. */
function wholeBlocks(bytes: number): number {
  return Math.min(Math.ceil(bytes / DIRECT_BLOCK_BYTES) * DIRECT_BLOCK_BYTES, PIECE_BYTES)
}

/** Copies what was asked for out of the `count` bytes read. Returns the number of copied bytes. */
function copied(
  scratch: Uint8Array,
  skipped: number,
  count: number,
  target: Uint8Array,
  start: number,
  length: number,
): number {
  const bytes = Math.max(Math.min(count - skipped, length), 0)
  copyRange(target, start, scratch, skipped, bytes)
  return bytes
}
