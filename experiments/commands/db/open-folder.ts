/**
 * Owns the opening of a folder for a command: under the strategy and the engine options that the
 * folder's record names, or as a new database where that was asked for.
 */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Database,
  type DatabaseEvent,
  EncryptedStorage,
  Ledger,
  NodeStorage,
  readOptionsRecord,
  type Storage,
} from '../../../engine/index.ts'
import { STRATEGIES } from '../../../strategies/index.ts'
import { open } from '../../../strategies/open.ts'
import { UsageError, usageOf } from '../../base/usage-error.ts'
import { keyOfFile, storageOf } from './folder-key.ts'

/** Whether the folder holds a database. Throws `UsageError` if it holds something else. */
export function holdsDatabase(folder: string): boolean {
  if (existsSync(join(folder, 'CURRENT'))) return true
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    throw new UsageError(`${folder} is not a database: it has files, but no CURRENT file`)
  }
  return false
}

/**
 * The storage of the folder: encrypted if the folder is, or if it is new and there is a key. Throws
 * `UsageError`.
 */
export function storageFor(folder: string, keyFile: string | undefined): Storage {
  if (existsSync(join(folder, 'CURRENT'))) return storageOf(folder, keyFile)
  const files = new NodeStorage(new Ledger())
  return keyFile === undefined ? files : new EncryptedStorage(files, keyOfFile(keyFile))
}

/** Opens the folder, and creates it if it is missing. Throws `UsageError` or `LsmError`. */
export function openFolder(
  folder: string,
  storage: Storage,
  onEvent: (event: DatabaseEvent) => void,
): Database {
  const record = existsSync(folder) ? readOptionsRecord(storage, folder) : null
  if (record === null) return usageOf(() => open(folder, { storage, onEvent }))
  const { strategy, engine, seed } = record
  if (!STRATEGIES.has(strategy.name)) {
    throw new UsageError(
      `${folder} was written under the strategy ${strategy.name}, which is not one of Varve's own`,
    )
  }
  return usageOf(() =>
    open(folder, {
      storage,
      strategy: strategy.name,
      strategyParameters: strategy.parameters,
      options: engine,
      seed,
      onEvent,
    }),
  )
}
