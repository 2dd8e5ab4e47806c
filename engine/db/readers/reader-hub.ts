/**
 * Owns the database's side of its readers in other threads: it tells them each new view, keeps what
 * an old view needs while one of them holds it, and forgets a reader whose thread has ended.
 *
 * Invariants:
 * - A view with a new memtable is published before the first sequence number in that memtable is
 *   visible. So a reader that loads a sequence number, and then finds that its view is the newest,
 *   finds all entries up to that number in this view.
 * - All entries in the tables of a view were visible before the view was published. So a merge has
 *   dropped only entries that a reader of this view, which loads its sequence number later, does
 *   not need.
 * - The newest view is pinned, and so is each older view that a reader holds (`reader-cells.ts`).
 */

import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { checkOptions, checkWhole } from '../../base/arguments.ts'
import { invalidArgument } from '../../base/errors.ts'
import type { BlockCache } from '../../cache/block-cache.ts'
import type { VisibleSeq } from '../../memtable/visible-seq.ts'
import { compactCopy } from '../../scheduling/threads/compact-copy.ts'
import type { Storage } from '../../storage/storage.ts'
import type { VersionEdit } from '../../version/version-edit.ts'
import type { EngineOptions } from '../options.ts'
import type { PinBoard, ReadView } from '../read-view.ts'
import { HeldViews, NewestView, viewAfter } from './reader-cells.ts'
import type { ReaderChannel, ViewMessage } from './reader-channel.ts'

/** Options of `readerChannel`. */
export interface ReaderOptions {
  /**
   * The size of the reader's block cache. Default: the database's `blockCacheBytes` is divided
   * evenly between the database and the readers that leave this out.
   */
  readonly blockCacheBytes?: number
}

const READER_OPTIONS = ['blockCacheBytes'] as const satisfies readonly (keyof ReaderOptions)[]

/** Each reader gets this share of the files that the process may have open. */
const READERS_EXPECTED = 8

export interface ReaderHubParts {
  readonly storage: Storage
  readonly folder: string
  readonly options: Pick<
    EngineOptions,
    | 'blockCacheBytes'
    | 'maxOpenFiles'
    | 'openTablesMax'
    | 'cacheTableMemory'
    | 'cachePolicy'
    | 'directReads'
  >
  readonly cache: BlockCache
  readonly pins: PinBoard
  readonly visible: () => VisibleSeq
  /** The view of this moment. */
  readonly view: () => ReadView
  /** Runs work that may remove files; keeps its failure. */
  readonly attempt: (work: () => void) => void
}

interface Reader {
  readonly port: MessagePort
  readonly held: HeldViews
  /** Undefined: a share of the database's budget. */
  readonly blockCacheBytes: number | undefined
}

/** A view that readers got, and the end of its pin. */
interface PublishedView {
  readonly number: number
  readonly view: ReadView
  readonly unpin: () => void
}

export class ReaderHub {
  readonly #parts: ReaderHubParts
  readonly #newest = new NewestView()
  readonly #readers = new Set<Reader>()
  /** Null while there is no reader. */
  #current: PublishedView | null = null
  /** Views that are not the newest any more, and that a reader may hold. */
  #old: PublishedView[] = []
  #number = 0
  /** Installed since the current view was published. */
  #edits: VersionEdit[] = []

  constructor(parts: ReaderHubParts) {
    this.#parts = parts
  }

  /** The channel of a new reader. `LSM_INVALID_ARGUMENT` if the storage serves only this thread. */
  open(options: ReaderOptions = {}): ReaderChannel {
    const { blockCacheBytes } = checkOptions(options, READER_OPTIONS, 'readerChannel')
    if (blockCacheBytes !== undefined) checkWhole(blockCacheBytes, 'blockCacheBytes')
    const { storage, folder, options: engine, visible } = this.#parts
    const shared = storage.share?.(READERS_EXPECTED)
    if (shared === undefined) {
      throw invalidArgument('readers need a storage that threads can share, as NodeStorage')
    }
    const { port1, port2 } = new MessageChannel()
    const reader: Reader = { port: port1, held: new HeldViews(), blockCacheBytes }
    // A message says only that the reader has let go of a view.
    port1.on('message', () => this.#parts.attempt(() => this.collect()))
    port1.on('close', () => this.#parts.attempt(() => this.#forget(reader)))
    // A program that has nothing left to do may end, although readers could follow.
    port1.unref()
    if (this.#current === null) this.#publish()
    const { number, view } = this.#current!
    this.#readers.add(reader)
    this.#shareCache()
    return {
      port: port2,
      folder,
      storage: shared,
      maxOpenFiles: engine.maxOpenFiles,
      openTablesMax: engine.openTablesMax,
      cacheTableMemory: engine.cacheTableMemory,
      cachePolicy: engine.cachePolicy,
      directReads: engine.directReads,
      blockCacheBytes: blockCacheBytes ?? this.#parts.cache.capacityBytes,
      visible: visible().memory,
      newest: this.#newest.cells,
      held: reader.held.cells,
      view: number,
      version: compactCopy(view.version),
      memtables: view.memtables.map((memtable) => memtable.share()),
    }
  }

  /** Called after each install. */
  installed(edit: VersionEdit): void {
    if (this.#current !== null) this.#edits.push(edit)
  }

  /** Publishes the view of this moment if it is a new one. */
  update(): void {
    if (this.#current === null) return
    const { generation, memtables } = this.#current.view
    const now = this.#parts.view()
    if (now.generation !== generation || now.memtables !== memtables) this.#publish()
  }

  /** Releases the old views that no reader holds. This may remove files. */
  collect(): void {
    const isHeld = ({ number }: PublishedView) =>
      this.#readers.values().some(({ held }) => held.has(number))
    const free: PublishedView[] = []
    const kept: PublishedView[] = []
    for (const view of this.#old) {
      if (isHeld(view)) kept.push(view)
      else free.push(view)
    }
    this.#old = kept
    for (const { unpin } of free) unpin()
  }

  /** Readers refuse reads from now on. What they hold stays in the folder until the next open. */
  close(): void {
    this.#newest.close()
    this.#current = null
    for (const { port } of this.#readers) port.close()
    this.#readers.clear()
  }
  #publish(): void {
    const { pins, visible, view: viewNow } = this.#parts
    const view = viewNow()
    const number = viewAfter(this.#number)
    const before = this.#current
    const placesBefore = before?.view.memtables ?? []
    const published = { number, view, unpin: pins.pinFrom(view, visible().load()) }
    const change = {
      view: number,
      edits: this.#edits.map(changeOfTree),
      memtables: view.memtables.map((memtable) => {
        const place = placesBefore.indexOf(memtable)
        return place < 0 ? memtable.share() : place
      }),
    }
    for (const { port, blockCacheBytes } of this.#readers) {
      const message: ViewMessage = {
        ...change,
        blockCacheBytes: blockCacheBytes ?? this.#parts.cache.capacityBytes,
      }
      port.postMessage(message)
    }
    this.#newest.publish(number)
    this.#number = number
    this.#edits = []
    this.#current = published
    if (before !== null) this.#old.push(before)
  }

  /** The thread of the reader has ended, or the reader was closed. */
  #forget(reader: Reader): void {
    if (!this.#readers.delete(reader)) return
    if (this.#readers.size === 0 && this.#current !== null) {
      this.#old.push(this.#current)
      this.#current = null
      this.#edits = []
    }
    this.#shareCache()
    this.collect()
  }

  /** Divides the budget of block caches again, and tells the readers. */
  #shareCache(): void {
    const { cache, options } = this.#parts
    let sharers = 1
    for (const { blockCacheBytes } of this.#readers) if (blockCacheBytes === undefined) sharers++
    cache.resize(Math.floor(options.blockCacheBytes / sharers))
    if (this.#current !== null) this.#publish()
  }
}

/** The parts of an edit that change what a read finds. */
function changeOfTree({ newRuns, removed, added, segments }: VersionEdit): VersionEdit {
  return compactCopy({ newRuns, removed, added, ...(segments === undefined ? {} : { segments }) })
}
