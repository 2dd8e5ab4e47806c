/**
 * Owns the sizes of the memtables of RocksDB and LevelDB. Both count the bytes of an arena, and our
 * engine counts raw bytes of keys and values. From the mean entry follows the arena that holds as
 * many entries as our memtable.
 *
 * Sources: RocksDB 7.8 memtable/inlineskiplist.h, memory/arena.cc, `MemTable::ShouldFlushNow`;
 * LevelDB 1.20 util/arena.cc, db/skiplist.h, db/memtable.cc.
 */

/** Blocks of LevelDB's arena. RocksDB gets the same, so that a memtable ends near its limit. */
export const ARENA_BLOCK_BYTES = 4096

/** The trailer of a key and two lengths. */
const HEADER_BYTES = 8 + 2
const POINTER_BYTES = 8
/** One node of a skiplist in this many has a pointer more. */
const BRANCHING = 4
const HEIGHT_MAX = 12

/**
 * A node has the entry and a pointer for each level, and is aligned to 16 bytes. A memtable is full
 * when it has its last block, and three quarters of it are used.
 */
export function rocksDbArenaBytes(rawBytes: number, entryBytes: number): number {
  const bytes = meanOverHeights(
    (height) => Math.ceil((entryBytes + HEADER_BYTES + POINTER_BYTES * height) / 16) * 16,
  )
  const blocks = blocksFor(rawBytes / entryBytes, bytes)
  return Math.round(blocks + 1 / 4) * ARENA_BLOCK_BYTES
}

/**
 * The entry lies in front of its node, which is aligned to 8 bytes and has a pointer to it and one
 * for each level. LevelDB adds a pointer to the account of each block.
 */
export function levelDbArenaBytes(rawBytes: number, entryBytes: number): number {
  const aligned = Math.ceil((entryBytes + HEADER_BYTES) / POINTER_BYTES) * POINTER_BYTES
  const bytes = meanOverHeights((height) => aligned + POINTER_BYTES * (1 + height))
  const blocks = blocksFor(rawBytes / entryBytes, bytes)
  return Math.round(blocks * (ARENA_BLOCK_BYTES + POINTER_BYTES))
}

/** Half an entry of each block stays unused, unless entries have blocks of their own. */
function blocksFor(entries: number, bytes: number): number {
  const hasBlock = bytes > ARENA_BLOCK_BYTES / 4
  const used = hasBlock ? ARENA_BLOCK_BYTES : ARENA_BLOCK_BYTES - bytes / 2
  return (entries * bytes) / used
}

function meanOverHeights(bytesOf: (height: number) => number): number {
  let mean = 0
  let reached = 1
  for (let height = 1; height < HEIGHT_MAX; height++) {
    mean += reached * (1 - 1 / BRANCHING) * bytesOf(height)
    reached /= BRANCHING
  }
  return mean + reached * bytesOf(HEIGHT_MAX)
}
