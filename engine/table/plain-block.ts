/**
 * Owns the plain form of blocks for cold paths: a few entries with raw keys, read once at open
 * (metaindex, properties). The layout is that of block-builder.ts. In our blocks every entry is a
 * restart; RocksDB's may share prefixes.
 */

import { ByteReader, ByteWriter } from '../base/coding.ts'
import { IdleBuffers } from '../base/idle-buffers.ts'

const RESTART_BYTES = 4

/** For the indexes of tables that are written one after another. */
const idleWriters = new IdleBuffers(() => new ByteWriter(), 2)

/** Builds a block in which every entry is a restart: index, properties, metaindex. */
export class PlainBlockBuilder {
  readonly #writer = idleWriters.take().reset()
  readonly #restarts: number[] = []

  /** Keys must ascend. Copies `key` and `value`. */
  add(key: Uint8Array, value: Uint8Array): void {
    this.#restarts.push(this.#writer.length)
    this.#writer.varint(0).varint(key.length).varint(value.length).raw(key).raw(value)
  }

  /**
   * Owned. Call it once, and add nothing afterwards. A block without entries has one restart, as
   * RocksDB demands.
   */
  finish(): Uint8Array {
    if (this.#restarts.length === 0) this.#restarts.push(0)
    for (const restart of this.#restarts) this.#writer.u32(restart)
    const block = this.#writer.u32(this.#restarts.length).copy()
    idleWriters.give(this.#writer)
    return block
  }
}

/** A reader over the entries of a block, without its restarts. Throws `LSM_CORRUPTION`. */
export function entriesReader(block: Uint8Array, path: string): ByteReader {
  const tail = new ByteReader(block, path, Math.max(0, block.length - RESTART_BYTES))
  const end = block.length - (tail.u32() + 1) * RESTART_BYTES
  const reader = new ByteReader(block, path, 0, end)
  if (end < 0) throw reader.fail('impossible restart count')
  return reader
}

/** Reads a key: the number of bytes shared with `previous`, and the rest. Owned. */
export function readSharedKey(
  reader: ByteReader,
  shared: number,
  unshared: number,
  previous: Uint8Array,
): Uint8Array {
  if (shared > previous.length) throw reader.fail('a key shares more than there is')
  const suffix = reader.raw(unshared)
  const key = new Uint8Array(shared + unshared)
  key.set(previous.subarray(0, shared))
  key.set(suffix, shared)
  return key
}

/** All entries by name. Values are borrowed from `block`. Throws `LSM_CORRUPTION`. */
export function decodePlainBlock(block: Uint8Array, path: string): ReadonlyMap<string, Uint8Array> {
  const reader = entriesReader(block, path)
  const entries = new Map<string, Uint8Array>()
  let key: Uint8Array = new Uint8Array(0)
  while (!reader.done) {
    const shared = reader.varint()
    const unshared = reader.varint()
    const valueBytes = reader.varint()
    key = readSharedKey(reader, shared, unshared, key)
    entries.set(new TextDecoder().decode(key), reader.raw(valueBytes))
  }
  return entries
}
