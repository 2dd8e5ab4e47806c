/**
 * Owns the opening of a folder for the shell: under the strategy and the engine options that the
 * folder's record names, or as a new database where that was asked for.
 */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Database, type DatabaseEvent, readOptionsRecord } from '../../../engine/index.ts'
import { STRATEGIES } from '../../../strategies/index.ts'
import { open } from '../../../strategies/open.ts'
import { UsageError, usageOf } from '../../base/usage-error.ts'
import { storageOf } from '../db/folder-key.ts'

/** Whether the folder holds a database. Throws `UsageError` if it holds something else. */
export function holdsDatabase(folder: string): boolean {
  if (existsSync(join(folder, 'CURRENT'))) return true
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    throw new UsageError(`${folder} is not a database: it has files, but no CURRENT file`)
  }
  return false
}

/**
 * Opens the folder, and creates it if it is missing; an encrypted one with its key. Throws
 * `UsageError` or `LsmError`.
 */
export function openFolder(
  folder: string,
  onEvent: (event: DatabaseEvent) => void,
  keyFile?: string,
): Database {
  const storage = storageOf(folder, keyFile)
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
