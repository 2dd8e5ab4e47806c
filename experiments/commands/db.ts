/**
 * Owns the command `npm run varve`: looks after a database folder that nobody has open. Exit codes:
 * 0 done, 1 failure or damage, 2 a mistake in the arguments; errors are one line each on stderr.
 */
import { existsSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import {
  describeFolder,
  exportDatabase,
  Ledger,
  NodeStorage,
  type ReplayReport,
  type Segments,
  verifyDatabase,
} from '../../engine/index.ts'
import { formatBytes } from '../base/units.ts'
import { UsageError, unknownName, usageOf } from '../base/usage-error.ts'
import { readArguments } from '../cli/arguments.ts'
import { EXIT } from '../cli/explain.ts'
import { runCommand } from '../cli/run-command.ts'

interface Command {
  readonly operands: readonly string[]
  readonly help: readonly string[]
  /** Returns the exit code. */
  readonly run: (...operands: string[]) => number
}

const COMMANDS: Readonly<Record<string, Command>> = {
  export: {
    operands: ['<folder>', '<to>'],
    help: [
      'Links tables and value log into the new folder <to>, so that RocksDB opens it:',
      'each run a level of its own, newest first, from level 1 on. What is',
      'still in the write-ahead log goes along, in a log RocksDB replays.',
      '<to> must be missing or empty; <folder> is not changed. Tables are',
      'copied where a link is not possible, as to another device.',
    ],
    run: exportTo,
  },
  dump: {
    operands: ['<folder>'],
    help: ['Prints what the folder holds: facts, then its tree, table by table.'],
    run: dump,
  },
  verify: {
    operands: ['<folder>'],
    help: [
      'Reads every byte: checksums of manifest, logs, tables and value log, the order',
      'of entries, where pointers lead, and counts against what is recorded. Names each damaged file',
      'with the offset. A write torn by a crash counts: an open repairs it.',
    ],
    run: verify,
  },
}

export const FLAGS = {
  debug: { value: null, help: 'show the stack of an error' },
  help: { value: null, help: 'show this help' },
} as const

function main(argv: readonly string[]): number {
  if (argv.length === 0 || argv.includes('--help') || argv.includes('-h')) {
    print(helpText())
    return EXIT.done
  }
  const [name, ...operands] = readArguments('varve', argv, FLAGS).operands
  const known = Object.keys(COMMANDS)
  if (name === undefined) throw new UsageError(`no command; known: ${known.join(', ')}`)
  if (!Object.hasOwn(COMMANDS, name)) throw unknownName('command', name, known)
  const command = COMMANDS[name]!
  if (operands.length !== command.operands.length) {
    throw new UsageError(`${name} takes ${command.operands.join(' ')} (see --help)`)
  }
  const [folder] = operands
  if (!existsSync(join(folder!, 'CURRENT'))) {
    throw new UsageError(`${folder} holds no database: it has no CURRENT file`)
  }
  return usageOf(() => command.run(...operands))
}

function helpText(): string {
  const commands = Object.entries(COMMANDS).flatMap(([name, { operands, help }]) => [
    `  npm run varve -- ${name} ${operands.join(' ')}`,
    ...help.map((line) => `      ${line}`),
    '',
  ])
  return [
    'Looks after a database folder. The folder must not be open elsewhere.',
    '',
    ...commands,
    'Exit codes: 0 done, 1 failure or damage, 2 a mistake in the arguments.',
  ].join('\n')
}

function exportTo(folder: string, to: string): number {
  const wasThere = existsSync(to)
  try {
    const report = exportDatabase(storage(), folder, to)
    const { runs, tables, tableBytes, tablesCopied, segments, replay } = report
    const copied = tablesCopied === 0 ? 'linked' : `${tablesCopied} of them copied`
    print(`${to}: ${tables} tables in ${runs} runs, ${formatBytes(tableBytes)}, ${copied}`)
    if (segments > 0) print(`  and ${segments} segments of a value log`)
    if (replay.entries > 0) print(`  and ${replay.entries} entries in a write-ahead log`)
    warnOfDamage(replay, 'the export leaves out')
    return EXIT.done
  } catch (error) {
    // The engine removed what it wrote; a folder made for it goes too, unless somebody else uses
    // it.
    if (!wasThere && existsSync(to)) rmdirSync(to)
    throw error
  }
}

function dump(folder: string): number {
  const { content, runs, tree } = describeFolder(storage(), folder)
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

/** Tells what of the logs is not brought back; `drops` says who drops it. */
function warnOfDamage({ damage, bytesDropped, lost }: ReplayReport, drops: string): void {
  if (damage === null) return
  warn(`${damage}; ${drops} ${bytesDropped} bytes of logs`)
  if (lost === null) return
  const { seqFrom, seqTo, files } = lost
  const kept = files.length === 0 ? '' : `; an open keeps what may hold them as ${files.join(', ')}`
  warn(`lost: writes from seq ${seqFrom} ${seqTo === null ? 'on' : `to ${seqTo}`}${kept}`)
}

/** Nothing where there is no value log. */
function valueLogFacts(segments: Segments): [string, string][] {
  if (segments.size === 0) return []
  const states = Map.groupBy(segments.values(), ({ state }) => state)
  const counts = Array.from(states, ([state, { length }]) => `${length} ${state}`).join(', ')
  const sealed = states.get('sealed') ?? []
  const bytes = sealed.reduce((sum, { recordBytes }) => sum + recordBytes, 0)
  return [['value log', `${counts} segments; ${bytes} bytes of records in the sealed`]]
}

function verify(folder: string): number {
  const report = verifyDatabase(storage(), folder)
  const { tables, tableBytes, segments, logs, batches, faults } = report
  for (const fault of faults) warn(fault.message)
  const values = segments === 0 ? '' : `, ${segments} segments of a value log`
  const checked =
    `${tables} tables (${formatBytes(tableBytes)})${values}, ` + `${logs} logs (${batches} batches)`
  if (faults.length === 0) print(`${folder}: sound; ${checked}`)
  return faults.length === 0 ? EXIT.done : EXIT.failed
}

function storage(): NodeStorage {
  return new NodeStorage(new Ledger())
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

function warn(line: string): void {
  process.stderr.write(`varve: ${line}\n`)
}

if (import.meta.main) await runCommand('varve', main)
