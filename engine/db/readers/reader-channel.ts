/**
 * Owns what passes from a database to a reading thread: a channel once, then a message for each
 * change of the view. Invariant: messages are numbered without gaps from the channel's view on, so
 * a reader that applies them in order gets every view.
 */

import type { MessagePort } from 'node:worker_threads'
import type { CachePolicy } from '../../cache/cache-policy.ts'
import type { SharedMemTable } from '../../memtable/memtable.ts'
import type { SharedStorage } from '../../storage/storage.ts'
import type { Version } from '../../version/version.ts'
import type { VersionEdit } from '../../version/version-edit.ts'
import type { SharedCells } from './reader-cells.ts'

/**
 * All that another thread needs to read an open database; `openReader` opens it there. It serves
 * one reader, and is posted once, with `port` in the list of what is transferred.
 */
export interface ReaderChannel {
  readonly port: MessagePort
  /** The database's folder, as its storage resolved it. */
  readonly folder: string
  readonly storage: SharedStorage
  /** As the engine options; undefined where they are left out. */
  readonly maxOpenFiles: number | undefined
  readonly openTablesMax: number | undefined
  readonly cacheTableMemory: boolean | undefined
  readonly cachePolicy: CachePolicy | undefined
  readonly directReads: boolean | undefined
  /** The size of the reader's block cache. */
  readonly blockCacheBytes: number
  /** The memory of `VisibleSeq`. */
  readonly visible: SharedArrayBuffer
  /** The cells of `NewestView` and `HeldViews`. */
  readonly newest: SharedCells
  readonly held: SharedCells
  /** The number of the view that follows. */
  readonly view: number
  readonly version: Version
  /** Newest first. */
  readonly memtables: readonly SharedMemTable[]
}

/** The names of a channel's fields. */
export const CHANNEL = [
  'port',
  'folder',
  'storage',
  'maxOpenFiles',
  'openTablesMax',
  'cacheTableMemory',
  'cachePolicy',
  'directReads',
  'blockCacheBytes',
  'visible',
  'newest',
  'held',
  'view',
  'version',
  'memtables',
] as const satisfies readonly (keyof ReaderChannel)[]

/** How a view differs from the one before it. */
export interface ViewMessage {
  readonly view: number
  /** In the order of their installs. */
  readonly edits: readonly VersionEdit[]
  /** Newest first: a new memtable, or the place of an old one in the view before. */
  readonly memtables: readonly (SharedMemTable | number)[]
  /** The size of the reader's block cache from now on. */
  readonly blockCacheBytes: number
}
