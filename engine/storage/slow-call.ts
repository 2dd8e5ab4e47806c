/**
 * Owns the calls on a storage that may wait long for the device. As data (`SlowCall`) such a call
 * can be made by another thread. As a step (`SlowStep`) it can also be made where it is asked for.
 *
 * Work that needs several of them, one after another, is a generator of steps. So the same work
 * runs at once, or beside other work while it waits for a step: whoever drives the generator goes
 * on when the step is made, or throws the step's failure into it.
 */

import { type FileTag, joinPath, type Storage } from './storage.ts'

/** A call that another thread can make on its handle of the storage. */
export interface SlowCall {
  /** `sync` makes durable what was appended to the file before the call is made. */
  readonly operation: 'sync' | 'syncFolder' | 'remove'
  readonly path: string
}

/** A slow call, and how it is made in this thread. `here` throws its failure. */
export interface SlowStep {
  readonly call: SlowCall
  readonly here: () => void
}

/** Work in slow steps; it returns a result when all of them are made. */
export type SlowWork<Result> = Generator<SlowStep, Result, void>

/** No bytes move, so no account is charged. */
const NO_BYTES: FileTag = { cause: 'open', level: -1 }

/** Makes the call; `storage` may be another handle than that of the thread that asked for it. */
export function makeCall(storage: Storage, { operation, path }: SlowCall): void {
  if (operation === 'remove') storage.remove(path)
  else if (operation === 'syncFolder') storage.syncFolder(path)
  else syncByName(storage, path)
}

/** Syncs a file that is open for writing. */
export function syncStep(file: { readonly path: string; sync(): void }): SlowStep {
  return { call: { operation: 'sync', path: file.path }, here: () => file.sync() }
}

export function syncFolderStep(storage: Storage, folder: string): SlowStep {
  const call = { operation: 'syncFolder', path: folder } as const
  return { call, here: () => storage.syncFolder(folder) }
}

export function removeStep(storage: Storage, folder: string, name: string): SlowStep {
  const path = joinPath(folder, name)
  return { call: { operation: 'remove', path }, here: () => storage.remove(path) }
}

/** Does the work at once. Throws the failure that ends it. */
export function workHere<Result>(work: SlowWork<Result>): Result {
  let next = work.next()
  while (!next.done) {
    try {
      next.value.here()
    } catch (cause) {
      next = work.throw(cause)
      continue
    }
    next = work.next()
  }
  return next.value
}

function syncByName(storage: Storage, path: string): void {
  const file = storage.appendTo(path, NO_BYTES)
  try {
    file.sync()
  } finally {
    file.close()
  }
}
