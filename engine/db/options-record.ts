/**
 * Owns `OPTIONS.json`: the strategy, parameters, options and seed of a folder's last open. People
 * read it, and an open compares it to report a change. A change is allowed, so the record never
 * makes an open fail unless it is damaged. Invariant: the file is replaced as a whole, and only if
 * it changes.
 */

import { z } from 'zod'
import { corruption, invalidArgument } from '../base/errors.ts'
import { joinPath, type Storage } from '../storage/storage.ts'
import { checkPlace, type OpenSettings } from './open-options.ts'
import { engineOptionsSchema } from './options.ts'

/** The name of the record's file. */
export const OPTIONS_RECORD = 'OPTIONS.json'
const TEMPORARY = 'OPTIONS.json.tmp'

const schema = z.object({
  format: z.literal(1),
  strategy: z.object({ name: z.string(), parameters: z.json() }),
  engine: engineOptionsSchema,
  seed: z.int(),
})

/** What a folder was last opened with. */
export type OptionsRecord = z.output<typeof schema>

/**
 * The record, or null if the folder has none. Errors: `LSM_CORRUPTION` if it cannot be read,
 * `LSM_INVALID_ARGUMENT`.
 */
export function readOptionsRecord(storage: Storage, folder: string): OptionsRecord | null {
  checkPlace(storage, folder)
  if (!storage.list(folder).includes(OPTIONS_RECORD)) return null
  const path = joinPath(folder, OPTIONS_RECORD)
  const text = new TextDecoder().decode(storage.readAll(path, { cause: 'meta', level: -1 }))
  try {
    return schema.parse(JSON.parse(text))
  } catch (cause) {
    throw corruption('not an options record of format 1', { path, cause: String(cause) })
  }
}

/**
 * Writes the record if it differs from `known`. `LSM_INVALID_ARGUMENT` if the record could not be
 * read back, because then the folder could never be opened again.
 */
function writeOptionsRecord(
  storage: Storage,
  folder: string,
  record: OptionsRecord,
  known: OptionsRecord | null,
): void {
  const text = `${JSON.stringify(record, null, 2)}\n`
  const problem = schema.safeParse(JSON.parse(text)).error?.issues[0]
  if (problem !== undefined) {
    throw invalidArgument(`open option ${problem.path.join('.')}: ${problem.message}`)
  }
  if (known !== null && `${JSON.stringify(known, null, 2)}\n` === text) return
  const temporary = joinPath(folder, TEMPORARY)
  if (storage.list(folder).includes(TEMPORARY)) storage.remove(temporary)
  const file = storage.create(temporary, { cause: 'meta', level: -1 })
  try {
    file.append(new TextEncoder().encode(text), 'meta')
    file.sync()
  } finally {
    file.close()
  }
  storage.rename(temporary, joinPath(folder, OPTIONS_RECORD))
  storage.syncFolder(folder)
}

/** Records what the folder is opened with, and reports a change of strategy since `known`. */
export function recordOptions(settings: OpenSettings, known: OptionsRecord | null): void {
  const { storage, folder, strategy, options, seed, clock, onEvent } = settings
  const parameters = settings.strategyParameters as OptionsRecord['strategy']['parameters']
  const now = { name: strategy.name, parameters }
  const from = describeStrategy(known?.strategy ?? now)
  const to = describeStrategy(now)
  if (from !== to) onEvent({ kind: 'strategy-change', atMs: clock.nowMs(), from, to })
  writeOptionsRecord(storage, folder, { format: 1, strategy: now, engine: options, seed }, known)
}

function describeStrategy({ name, parameters }: OptionsRecord['strategy']): string {
  return parameters === null ? name : `${name} ${JSON.stringify(parameters)}`
}
