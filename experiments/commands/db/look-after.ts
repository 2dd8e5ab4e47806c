/**
 * Owns the work of `varve db`: it verifies, prints, exports and copies a database folder that is
 * not open anywhere.
 */
import { existsSync, lstatSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import {
  checkpointFolder,
  describeFolder,
  EncryptedStorage,
  exportDatabase,
  isEncrypted,
  Ledger,
  NodeStorage,
  type ReplayReport,
  type Segments,
  verifyDatabase,
} from '../../../engine/index.ts'
import { formatBytes } from '../../base/units.ts'
import { UsageError, usageOf } from '../../base/usage-error.ts'
import { type Arguments, choiceOf } from '../../cli/arguments.ts'
import { EXIT } from '../../cli/explain.ts'
import { keyOfFile, storageOf } from './folder-key.ts'
import { openFolder } from './open-folder.ts'
import { STATS_FORMATS, statsText } from './stats.ts'

/** Does `varve db checkpoint`; returns the exit code. Throws `UsageError`. */
export function checkpointTo({ operands: [folder, to], flags }: Arguments): number {
  if (lstatSync(to!, { throwIfNoEntry: false })?.isSymbolicLink()) {
    throw new UsageError(`${to} is a symbolic link: name the folder itself`)
  }
  return onDatabase(folder!, () => {
    const source = storageOf(folder!, flags.get('key-file')?.[0])
    const newKey = flags.get('to-key-file')?.[0]
    const target =
      newKey === undefined
        ? source
        : new EncryptedStorage(new NodeStorage(new Ledger()), keyOfFile(newKey))
    return withNewFolder(to!, () => {
      const report = checkpointFolder(source, folder!, to!, target)
      const { tables, tableBytes, lastSeq } = report
      const size = `${tables} tables, ${formatBytes(tableBytes)}`
      print(`${to}: ${size}, ${copiedText(report)}; up to seq ${lastSeq}`)
      tellRest(report, 'the checkpoint leaves out')
      return EXIT.done
    })
  })
}

/** The engine removes its files after a failure; the folder goes too if this command made it. */
function withNewFolder(to: string, work: () => number): number {
  const wasThere = existsSync(to)
  try {
    return work()
  } catch (error) {
    if (!wasThere && existsSync(to)) rmdirSync(to)
    throw error
  }
}

/** Does `varve db export`; returns the exit code. Throws `UsageError`. */
export function exportTo({ operands: [folder, to] }: Arguments): number {
  return onDatabase(folder!, () => exportFolder(folder!, to!))
}

function exportFolder(folder: string, to: string): number {
  const files = new NodeStorage(new Ledger())
  if (isEncrypted(files, folder)) {
    throw new UsageError(`${folder} is encrypted, and RocksDB could not read it`)
  }
  return withNewFolder(to, () => {
    const report = exportDatabase(files, folder, to)
    const { runs, tables, tableBytes } = report
    const size = `${tables} tables in ${runs} runs, ${formatBytes(tableBytes)}`
    print(`${to}: ${size}, ${copiedText(report)}`)
    tellRest(report, 'the export leaves out')
    return EXIT.done
  })
}

/** What a new folder was made of, besides its tables. */
interface NewFolder {
  readonly tablesCopied: number
  readonly segments: number
  readonly replay: ReplayReport
}

function copiedText({ tablesCopied }: NewFolder): string {
  return tablesCopied === 0 ? 'linked' : `${tablesCopied} of them copied`
}

/** Tells of the value log and the logs; `drops` names the step that drops damaged records. */
function tellRest({ segments, replay }: NewFolder, drops: string): void {
  if (segments > 0) print(`  and ${segments} segments of a value log`)
  if (replay.entries > 0) print(`  and ${replay.entries} entries in a write-ahead log`)
  warnOfDamage(replay, drops)
}

export function dump({ operands: [folder], flags }: Arguments): number {
  return onDatabase(folder!, () => dumpFolder(folder!, flags.get('key-file')?.[0]))
}

function dumpFolder(folder: string, keyFile: string | undefined): number {
  const { content, runs, tree } = describeFolder(storageOf(folder, keyFile), folder)
  const { manifest, options, recovery } = content
  const { report } = recovery
  const { totals, levels } = manifest.version
  const facts: [string, string][] = [
    ['manifest', `${manifest.path}, ${manifest.end.validBytes} bytes`],
    ['strategy', options === null ? 'not recorded' : JSON.stringify(options.strategy)],
    ['engine', options === null ? 'not recorded' : JSON.stringify(options.engine)],
    ['tree', `${totals.tables} tables in ${runs} runs on ${levels.length} levels`],
    ['entries', `${totals.entries}, ${totals.tombstones} of them deletions`],
    ['bytes', `${totals.bytes} in tables, ${totals.rawBytes} of keys and values`],
    ...valueLogFacts(manifest.segments),
    ['logs', `${report.logs}, with ${report.batches} batches of ${report.entries} entries`],
    ['sequence', `${manifest.lastSeq} in tables; next file ${manifest.nextFileNumber}`],
  ]
  for (const [name, value] of facts) print(`${name.padEnd(10)}${value}`)
  warnOfDamage(report, 'an open drops')
  if (tree !== '') print(`\n${tree}`)
  return EXIT.done
}

/** Warns of unreadable log records; `drops` names the step that drops them. */
function warnOfDamage({ damage, bytesDropped, lost }: ReplayReport, drops: string): void {
  if (damage === null) return
  warn(`${damage}; ${drops} ${bytesDropped} bytes of logs`)
  if (lost === null) return
  const { seqFrom, seqTo, files } = lost
  const kept = files.length === 0 ? '' : `; an open keeps what may hold them as ${files.join(', ')}`
  warn(`lost: writes from seq ${seqFrom} ${seqTo === null ? 'on' : `to ${seqTo}`}${kept}`)
}

/** Facts of the value log; empty if there is none. */
function valueLogFacts(segments: Segments): [string, string][] {
  if (segments.size === 0) return []
  const states = Map.groupBy(segments.values(), ({ state }) => state)
  const counts = Array.from(states, ([state, { length }]) => `${length} ${state}`).join(', ')
  const sealed = states.get('sealed') ?? []
  const bytes = sealed.reduce((sum, { recordBytes }) => sum + recordBytes, 0)
  return [['value log', `${counts} segments; ${bytes} bytes of records in the sealed`]]
}

/** Does `varve db stats`; returns the exit code. Throws `UsageError`. */
export function stats(given: Arguments): number {
  const [folder] = given.operands
  const format = choiceOf(given, 'format', STATS_FORMATS)
  return onDatabase(folder!, () => {
    const storage = storageOf(folder!, given.flags.get('key-file')?.[0])
    const described = describeFolder(storage, folder!)
    print(statsText(folder!, described, format))
    warnOfDamage(described.content.recovery.report, 'an open drops')
    return EXIT.done
  })
}

/** Does `varve db compact`; returns the exit code. Throws `UsageError`. */
export function compact({ operands: [folder], flags }: Arguments): number {
  return onDatabase(folder!, () => {
    const storage = storageOf(folder!, flags.get('key-file')?.[0])
    const database = openFolder(folder!, storage, () => {})
    try {
      database.compact()
      const { merges, moves } = database.metrics()
      const { totals, levels } = database.version
      const runs = levels.reduce((sum, level) => sum + level.runs.length, 0)
      const size = `${totals.tables} tables in ${runs} runs, ${formatBytes(totals.bytes)}`
      print(`${folder}: ${merges} merges and ${moves} moves; ${size}`)
      return EXIT.done
    } finally {
      database.close()
    }
  })
}

export function verify({ operands: [folder], flags }: Arguments): number {
  return onDatabase(folder!, () => verifyFolder(folder!, flags.get('key-file')?.[0]))
}

export function onDatabase(folder: string, work: () => number): number {
  if (!existsSync(join(folder, 'CURRENT'))) {
    throw new UsageError(`${folder} is not a database: it has no CURRENT file`)
  }
  return usageOf(work)
}

function verifyFolder(folder: string, keyFile: string | undefined): number {
  const report = verifyDatabase(storageOf(folder, keyFile), folder)
  const { tables, tableBytes, segments, logs, batches, faults } = report
  for (const fault of faults) warn(fault.message)
  const values = segments === 0 ? '' : `, ${segments} segments of a value log`
  const checked =
    `${tables} tables (${formatBytes(tableBytes)})${values}, ` + `${logs} logs (${batches} batches)`
  if (faults.length === 0) print(`${folder}: sound; ${checked}`)
  return faults.length === 0 ? EXIT.done : EXIT.failed
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

export function warn(line: string): void {
  process.stderr.write(`db: ${line}\n`)
}
