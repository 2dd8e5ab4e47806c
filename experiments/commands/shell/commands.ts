/** Owns the commands of the shell, in the order in which its help lists them. */
import { type Database, type ScanOptions, WriteBatch } from '../../../engine/index.ts'
import { databaseFamilies, openMetricsText } from '../../base/open-metrics.ts'
import { formatBytes } from '../../base/units.ts'
import { UsageError, unknownName } from '../../base/usage-error.ts'
import { columns } from '../../cli/text-lines.ts'
import { treeText } from '../../cli/tree-text.ts'
import type { Session } from './session.ts'
import {
  type Answer,
  OK,
  type Options,
  type ShellCommand,
  SYNC,
  textOf,
  usageText,
} from './shell-command.ts'
import { TRANSACTION_COMMANDS } from './transaction-commands.ts'
import { endOfPrefix, showBytes } from './words.ts'

const put: ShellCommand = {
  name: 'put',
  words: '<key> <value>',
  options: SYNC,
  help: 'Stores the value; --sync waits until a power loss cannot take it.',
  run: (session, [key, value], options) =>
    change(
      session,
      options,
      (writes) => writes.put(key!, value!),
      (db, sync) => db.put(key!, value!, sync),
    ),
}

const remove: ShellCommand = {
  name: 'delete',
  words: '<key>',
  options: SYNC,
  help: 'Removes the key; it is no error if it has no value.',
  run: (session, [key], options) =>
    change(
      session,
      options,
      (writes) => writes.delete(key!),
      (db, sync) => db.delete(key!, sync),
    ),
}

const removeRange: ShellCommand = {
  name: 'delete-range',
  words: '<from> <to>',
  options: SYNC,
  help: 'Removes all keys from <from> on, up to <to>, which stays.',
  run: (session, [from, to], options) =>
    change(
      session,
      options,
      (writes) => writes.deleteRange(from!, to!),
      (db, sync) => db.deleteRange(from!, to!, sync),
    ),
}

/** Makes one change, in the open batch or transaction, or at once. */
async function change(
  { batch, transaction, db }: Session,
  options: Options,
  together: (writes: Pick<WriteBatch, 'put' | 'delete' | 'deleteRange'>) => void,
  atOnce: (db: Database, options: { readonly sync?: true }) => Promise<void>,
): Promise<Answer> {
  if (transaction !== null) {
    if (options.has('sync')) throw new UsageError('a transaction is open: --sync belongs to commit')
    together(transaction)
    return OK
  }
  if (batch === null) {
    await atOnce(db, options.has('sync') ? { sync: true } : {})
    return OK
  }
  if (options.has('sync')) throw new UsageError('a batch is open: --sync belongs to write')
  together(batch)
  return [`ok, ${batch.count} in the batch`]
}

const get: ShellCommand = {
  name: 'get',
  words: '<key>',
  options: { at: 'SNAPSHOT' },
  help: 'Prints the value, or (none).',
  run(session, [key], options) {
    const snapshot = session.snapshotNamed(options.text('at'))
    const { transaction, db } = session
    const value =
      transaction === null
        ? db.get(key!, snapshot === undefined ? {} : { snapshot })
        : transaction.get(key!)
    return [value === undefined ? '(none)' : showBytes(value)]
  },
}

const scan: ShellCommand = {
  name: 'scan',
  words: '[<prefix>]',
  options: {
    gte: 'KEY',
    gt: 'KEY',
    lte: 'KEY',
    lt: 'KEY',
    limit: 'COUNT',
    reverse: '',
    keys: '',
    at: 'SNAPSHOT',
  },
  help: 'Prints entries in key order, one a line; --keys leaves the values out.',
  run: (session, [prefix], options) => scanLines(session, prefix, options),
}

function* scanLines(session: Session, prefix: Uint8Array | undefined, options: Options): Answer {
  const snapshot = session.snapshotNamed(options.text('at'))
  const limit = options.count('limit')
  const scanned: ScanOptions = {
    ...boundsOf(prefix, options),
    reverse: options.has('reverse'),
    ...(limit === undefined ? {} : { limit }),
    ...(snapshot === undefined ? {} : { snapshot }),
  }
  const areKeysOnly = options.has('keys')
  const entries = session.transaction?.scan(scanned) ?? session.db.scan(scanned)
  for (const [key, value] of entries) {
    yield areKeysOnly ? showBytes(key) : `${showBytes(key)} ${showBytes(value)}`
  }
}

function boundsOf(prefix: Uint8Array | undefined, options: Options): ScanOptions {
  const given = (['gte', 'gt', 'lte', 'lt'] as const).flatMap((name) => {
    const key = options.bytes(name)
    return key === undefined ? [] : [[name, key] as const]
  })
  if (prefix === undefined) return Object.fromEntries(given)
  if (given.length > 0) throw new UsageError('scan takes a prefix or bounds, not both')
  const end = endOfPrefix(prefix)
  return end === null ? { gte: prefix } : { gte: prefix, lt: end }
}

const batch: ShellCommand = {
  name: 'batch',
  help: 'Begins a batch: puts and deletes are kept until write applies all of them or none.',
  run(session) {
    session.refuseWhileWriting()
    session.batch = new WriteBatch()
    return OK
  },
}

const write: ShellCommand = {
  name: 'write',
  options: SYNC,
  help: 'Writes the batch.',
  async run(session, _, options) {
    const written = openBatch(session)
    await session.db.write(written, options.has('sync') ? { sync: true } : {})
    session.batch = null
    return [`ok, ${written.count} written`]
  },
}

const discard: ShellCommand = {
  name: 'discard',
  help: 'Gives up the batch.',
  run(session) {
    openBatch(session)
    session.batch = null
    return OK
  },
}

function openBatch({ batch }: Session): WriteBatch {
  if (batch === null) throw new UsageError('no batch is open; batch begins one')
  return batch
}

const snapshot: ShellCommand = {
  name: 'snapshot',
  words: '[<name>]',
  help: 'Keeps this moment under a name, to read --at it later; without a name lists them.',
  run({ db, snapshots }, [name]) {
    if (name === undefined) {
      return snapshots.size === 0 ? ['no snapshots'] : [[...snapshots.keys()].join(' ')]
    }
    const text = textOf(name)
    if (snapshots.has(text)) throw new UsageError(`there is a snapshot "${text}" already`)
    snapshots.set(text, db.snapshot())
    return OK
  },
}

const release: ShellCommand = {
  name: 'release',
  words: '<name>',
  help: 'Forgets a snapshot.',
  run(session, [name]) {
    session.snapshotNamed(textOf(name!))!.release()
    session.snapshots.delete(textOf(name!))
    return OK
  },
}

const stats: ShellCommand = {
  name: 'stats',
  help: 'Draws the tree, and prints counters since the folder was opened.',
  run({ db, look }) {
    const metrics = db.metrics()
    const { gets, scans, cacheHits, cacheMisses } = metrics
    const tree = treeText(db.version, look)
    return [
      ...(tree === '' ? ['no tables yet'] : tree.split('\n')),
      `memtable  ${formatBytes(metrics.memtableRawBytes)} of ${formatBytes(db.options.memtableBytes)}`,
      `written   ${metrics.puts} puts, ${metrics.deletes} deletes, ${formatBytes(metrics.userBytes)}`,
      `jobs      ${metrics.flushes} flushes, ${metrics.merges} merges, ${metrics.moves} moves`,
      `read      ${gets.runsProbed + scans.runsProbed} runs, ` +
        `${gets.blocksFromStorage + scans.blocksFromStorage} blocks from storage`,
      `cache     ${formatBytes(metrics.cacheUsedBytes)}, ${cacheHits} hits, ${cacheMisses} misses`,
      `tables    ${metrics.openTables} in memory, ${formatBytes(metrics.tableMemoryBytes)}`,
    ]
  },
}

const metrics: ShellCommand = {
  name: 'metrics',
  help: 'Prints the counters as OpenMetrics text, as Prometheus reads it.',
  run: ({ db }) =>
    openMetricsText(databaseFamilies({ version: db.version, metrics: db.metrics() }))
      .trimEnd()
      .split('\n'),
}

const flush: ShellCommand = {
  name: 'flush',
  help: 'Writes the memtable as a table, and does what is due then.',
  run({ db }) {
    db.flush()
    return OK
  },
}

const compact: ShellCommand = {
  name: 'compact',
  help: 'Flushes, and merges all tables into one run, without deletions and old versions.',
  run({ db }) {
    const before = db.metrics()
    db.compact()
    const { merges, moves } = db.metrics()
    return [`ok, ${merges - before.merges} merges and ${moves - before.moves} moves`]
  },
}

const verify: ShellCommand = {
  name: 'verify',
  help: 'Reads every byte of the folder and checks it.',
  run(session) {
    const { tables, tableBytes, faults } = session.verify()
    const [fault] = faults
    if (fault === undefined) return [`sound, ${tables} tables of ${formatBytes(tableBytes)}`]
    const more = faults.length === 1 ? '' : ` (the first of ${faults.length} faults)`
    throw new Error(`${fault.message}${more}`)
  },
}

const help: ShellCommand = {
  name: 'help',
  words: '[<command>]',
  help: 'Lists the commands, or explains one.',
  run(_, [name]) {
    if (name === undefined) {
      return columns(Array.from(COMMANDS.values(), (command) => [usageText(command), command.help]))
    }
    const command = COMMANDS.get(textOf(name))
    if (command === undefined) throw unknownName('command', textOf(name), [...COMMANDS.keys()])
    return [usageText(command), command.help]
  },
}

const quit: ShellCommand = {
  name: 'quit',
  help: 'Closes the database and ends; Ctrl-D does too.',
  run(session) {
    session.isOver = true
    return []
  },
}

/** All commands by name. */
export const COMMANDS: ReadonlyMap<string, ShellCommand> = new Map(
  [
    ...[put, get, remove, removeRange, scan, batch, write, discard, snapshot, release],
    ...TRANSACTION_COMMANDS,
    ...[stats, metrics, flush, compact, verify, help, quit],
  ].map((command) => [command.name, command]),
)
