/**
 * Owns lookups in a closed database: what a get would find after the logs are replayed. Invariant:
 * it only reads, with its own table handles and cache.
 */

import type { Lookup } from '../../base/lookup.ts'
import { ReadCounters } from '../../base/read-counters.ts'
import { BlockCache } from '../../cache/block-cache.ts'
import { MemTable } from '../../memtable/memtable.ts'
import { OpenFiles } from '../../storage/open-files.ts'
import type { Storage } from '../../storage/storage.ts'
import type { Version } from '../../version/version.ts'
import type { ReplayedBatch } from '../log-replay.ts'
import { MemTableInserter } from '../memtable-inserter.ts'
import { Reads } from '../reads.ts'
import { TableHandles } from '../table-handles.ts'

const CACHE_BYTES = 8 * 1024 * 1024

export class NewestEntries {
  readonly #version: Version
  readonly #handles: TableHandles
  readonly #reads: Reads
  readonly #memtables: readonly [MemTable]

  constructor(
    storage: Storage,
    folder: string,
    version: Version,
    batches: readonly ReplayedBatch[],
  ) {
    this.#version = version
    this.#handles = new TableHandles(new OpenFiles(storage), folder, new BlockCache(CACHE_BYTES))
    this.#reads = new Reads(this.#handles, { gets: new ReadCounters(), scans: new ReadCounters() })
    const capacityBytes = batches.reduce((sum, { batch }) => sum + batch.rawBytes, 0)
    const memtable = new MemTable({ capacityBytes, seed: 0 })
    this.#memtables = [memtable]
    const lastSeq = (batches[0]?.batch.seq ?? 1) - 1
    const inserter = new MemTableInserter({ memtable, lastSeq })
    for (const { batch } of batches) inserter.insert(batch, 0)
  }

  /**
   * The newest entry of `key`, which may be a tombstone, or null. Borrowed until the next call.
   * Throws `LSM_CORRUPTION` or `LSM_IO`.
   */
  find(key: Uint8Array): Lookup | null {
    return this.#reads.find(this.#memtables, this.#version, key, Number.MAX_SAFE_INTEGER)
  }

  close(): void {
    this.#handles.close()
  }
}
