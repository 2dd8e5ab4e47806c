/**
 * Owns the shared fixtures of the manifest tests: a folder in memory, a manifest in it with random
 * edits, and the part of its state that must survive.
 */

import { LsmError } from '../../base/errors.ts'
import { createRandom } from '../../base/random.ts'
import { Ledger } from '../../storage/ledger.ts'
import { MemoryStorage } from '../../storage/memory-storage.ts'
import type { Storage } from '../../storage/storage.ts'
import { parseName } from '../file-names.ts'
import { Manifest } from '../manifest.ts'
import { EMPTY_STATE, type ManifestState } from '../manifest-state.ts'
import { type RecoveredManifest, recoverManifest } from '../recover.ts'
import { randomEdit } from './histories.ts'

export const FOLDER = 'db'
export const TAG = { cause: 'meta', level: -1 } as const

export function newStorage(): MemoryStorage {
  const storage = new MemoryStorage(new Ledger())
  storage.makeFolder(FOLDER)
  return storage
}

/** A manifest whose file numbers start at `first`. */
export function create(
  storage: Storage,
  state = EMPTY_STATE,
  first = 1,
  rollBytes = 1e9,
): Manifest {
  let next = Math.max(first, state.nextFileNumber)
  return Manifest.create(storage, FOLDER, state, { allocate: () => next++, rollBytes })
}

/** Appends `count` random edits. Returns the state before the first and after each. */
export function appendEdits(manifest: Manifest, seed: number, count: number): ManifestState[] {
  const random = createRandom(seed)
  const states = [manifest.state]
  for (let i = 0; i < count; i++) states.push(manifest.append(randomEdit(random, manifest.state)))
  return states
}

export function recover(storage: Storage): RecoveredManifest {
  return recoverManifest(storage, FOLDER)!
}

/**
 * The facts that must survive. `nextFileNumber` is left out: it may grow, by files that no edit
 * mentions.
 */
export function facts(state: ManifestState): object {
  const { version, logNumber, nextRunId, lastSeq, strategy } = state
  return { version, logNumber, nextRunId, lastSeq, strategy }
}

export function manifestsIn(storage: Storage): string[] {
  return storage.list(FOLDER).filter((name) => parseName(name)?.kind === 'manifest')
}

/** The error that `action` throws. */
export function refusal(action: () => unknown): LsmError {
  try {
    action()
  } catch (error) {
    if (error instanceof LsmError) return error
    throw error
  }
  throw new Error('nothing was refused')
}
