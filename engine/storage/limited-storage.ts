/**
 * Owns the rate limit on what background jobs write: a Storage over another one, for a worker. An
 * append on the account of a flush, a merge or the value log's collection waits for the limiter
 * first. Everything else passes.
 */

import type { Cause, Section } from './ledger.ts'
import type { RateLimiter, WritePriority } from './rate-limiter.ts'
import type { FileTag, Storage, WritableFile } from './storage.ts'

const PRIORITIES: { readonly [cause in Cause]?: WritePriority } = {
  flush: 'flush',
  compaction: 'compaction',
  'vlog-gc': 'compaction',
}

/** All that a file needs of a limiter. */
type Limiter = Pick<RateLimiter, 'acquire'>

/** `storage` with limited background writes. Such a write blocks, so only a worker may use it. */
export function limitedStorage(storage: Storage, limiter: Limiter): Storage {
  const limited = (file: WritableFile, { cause }: FileTag) => {
    const priority = PRIORITIES[cause]
    return priority === undefined ? file : new LimitedFile(file, limiter, priority)
  }
  return {
    openFilesMax: storage.openFilesMax,
    resolve: (folder) => storage.resolve(folder),
    create: (path, tag) => limited(storage.create(path, tag), tag),
    appendTo: (path, tag) => limited(storage.appendTo(path, tag), tag),
    open: (path, tag) => storage.open(path, tag),
    readAll: (path, tag) => storage.readAll(path, tag),
    list: (folder, what) => storage.list(folder, what),
    size: (path) => storage.size(path),
    rename: (from, to) => storage.rename(from, to),
    link: (from, to) => storage.link(from, to),
    truncate: (path, bytes) => storage.truncate(path, bytes),
    remove: (path) => storage.remove(path),
    makeFolder: (folder) => storage.makeFolder(folder),
    syncFolder: (folder) => storage.syncFolder(folder),
    lock: (folder, purpose) => storage.lock(folder, purpose),
  }
}

class LimitedFile implements WritableFile {
  readonly path: string
  readonly #file: WritableFile
  readonly #limiter: Limiter
  readonly #priority: WritePriority

  constructor(file: WritableFile, limiter: Limiter, priority: WritePriority) {
    this.path = file.path
    this.#file = file
    this.#limiter = limiter
    this.#priority = priority
  }

  get bytes(): number {
    return this.#file.bytes
  }

  append(bytes: Uint8Array, section: Section): void {
    if (bytes.length > 0) this.#limiter.acquire(bytes.length, this.#priority)
    this.#file.append(bytes, section)
  }

  sync(): void {
    this.#file.sync()
  }

  syncAsync(): Promise<void> {
    return this.#file.syncAsync()
  }

  close(): void {
    this.#file.close()
  }
}
