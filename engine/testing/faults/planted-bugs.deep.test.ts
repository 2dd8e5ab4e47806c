/**
 * Plants bugs in copies of the engine and checks that they are found: it removes each rule of the
 * validator, and it plants the classic bugs that lose data. It changes the source text, so the
 * engine needs no hooks for these tests. A mutation whose text is not in the source any more fails,
 * and must be rewritten.
 */

import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'

const TOP = fileURLToPath(new URL('../../..', import.meta.url))

/** Returns what `hunter` finds in a copy of the engine in which `find` is replaced. */
async function hunt(
  hunter: string,
  path?: string,
  find: string | RegExp = '',
  replace = '',
): Promise<string> {
  const top = mkdtempSync(join(tmpdir(), 'varve-planted-'))
  onTestFinished(() => rmSync(top, { recursive: true }))
  const filter = (source: string) => !source.endsWith('.test.ts')
  cpSync(join(TOP, 'engine'), join(top, 'engine'), { recursive: true, filter })
  cpSync(join(TOP, 'package.json'), join(top, 'package.json'))
  symlinkSync(join(TOP, 'node_modules'), join(top, 'node_modules'))
  if (path !== undefined) {
    const file = join(top, 'engine', path)
    const source = readFileSync(file, 'utf8')
    const parts = source.split(find)
    expect(parts, `places of ${find} in ${path}`).toHaveLength(2)
    writeFileSync(file, parts.join(replace))
  }
  const child = join(top, 'engine/testing/faults/planted-bugs.child.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [child, hunter])
  return stdout.trim()
}

test('the engine as it is gives the adversary nothing to find', async () => {
  expect(await hunt('adversary')).toBe('nothing')
})

const RESOLVE = 'compaction/resolved-spec.ts'
const VALIDATE = 'compaction/validate-spec.ts'
const FIELDS = 'compaction/answer-fields.ts'

describe('the adversary notices the lack of', () => {
  test.each<[rule: string, path: string, find: string | RegExp, replace: string, found: RegExp]>([
    [
      'inputs-exist, for the run',
      RESOLVE,
      /if \(known === null\) throw unsafe\('inputs-exist'.*/,
      'if (known === null) return { level: 0, run: version.levels[0]!.runs[0]!, position: 0, tables: [] }',
      /inputs-exist/,
    ],
    [
      'inputs-exist, for the tables',
      RESOLVE,
      /if \(missing.length > 0\) throw unsafe\(.*\)/,
      'refs = refs.filter((ref) => !missing.includes(ref))',
      /inputs-exist/,
    ],
    [
      'inputs-exist, for tables named twice',
      RESOLVE,
      "if (inputIds.has(table.id)) throw unsafe('inputs-exist', 'a table is named twice', [table])",
      '',
      /./,
    ],
    [
      'inputs-exist, for specs without inputs',
      RESOLVE,
      "if (spec.inputs.length === 0) throw unsafe('inputs-exist', 'no inputs are named')",
      '',
      /./,
    ],
    [
      'inputs-contiguous',
      RESOLVE,
      'if (tables.length === refs.length && tables.every(isRef))',
      'if (refs.every((ref) => indexOfTable(run, ref) >= 0))',
      /inputs-contiguous/,
    ],
    ['inputs-free', VALIDATE, 'checkInputsFree(context, resolved)', '', /two jobs take table/],
    [
      'form, for levels',
      FIELDS,
      /if \(Number.isInteger\(level\) && .*/,
      'if (typeof level === "number") {',
      /form/,
    ],
    [
      'place-exists, for runs',
      RESOLVE,
      'if (known === null) {',
      'if (false) {',
      /TypeError|place-exists/,
    ],
    ['outputs-ordered', VALIDATE, 'checkOutputsOrdered(resolved)', '', /outputs-ordered|cut|lies/],
    [
      'form, for the next state',
      FIELDS,
      "if (!isPlain) throw wrong(asked, path, value, 'JSON')",
      'if (!isPlain) return value as Json',
      /form|LSM_CORRUPTION|serialize/,
    ],
    [
      'recency of merges',
      VALIDATE,
      /checkRecency\(runs, arrival, inputIds\)\s+const/,
      'const',
      /recency|oracle/,
    ],
    [
      'recency of moves',
      VALIDATE,
      'checkMoveRecency(context.version, resolved)',
      '',
      /recency|oracle/,
    ],
    [
      'destination-disjoint for merges',
      VALIDATE,
      /if \(inTheWay\.length > 0\) \{\s+throw unsafe\(\s+'destination-disjoint',\s+`the output/,
      "if (false) { throw unsafe('destination-disjoint', `the output",
      /disjoint|oracle/,
    ],
    [
      'destination-disjoint for moves',
      VALIDATE,
      'checkMoveDestination(resolved)',
      '',
      /disjoint|oracle/,
    ],
    [
      'destination-disjoint among moved tables',
      VALIDATE,
      'if (next !== undefined && overlaps(table, next)) {',
      'if (false) {',
      /disjoint|oracle/,
    ],
    ['drop-retention', VALIDATE, 'if (!expired && !surplus) {', 'if (false) {', /nobody agreed/],
    ['drop-oldest', VALIDATE, 'if (older.length > 0) {', 'if (false) {', /oracle/],
    ['progress of moves', VALIDATE, 'checkMoveProgress(resolved)', '', /changes the tree/],
  ])('%s', async (_, path, find, replace, found) => {
    const finding = await hunt('adversary', path, find, replace)
    expect(finding).not.toBe('nothing')
    expect(finding).toMatch(found)
  })
})

describe('the classic ways to lose data are found', () => {
  test.each<[bug: string, hunter: string, path: string, find: string | RegExp, replace: string]>([
    [
      'CURRENT is not synced before its rename',
      'power cuts',
      'manifest/manifest.ts',
      'yield syncStep(file)',
      '',
    ],
    ['a table is not synced', 'power cuts', 'compaction/table-outputs.ts', 'file.sync()', ''],
    [
      'inputs are deleted before the manifest knows',
      'power cuts',
      'db/tree.ts',
      'if (writes && !areNamed) yield syncFolderStep(storage, folder)',
      'for (const { table } of edit.removed) if (!edit.added.some((to) => to.table.id === table.id)) removeStep(storage, folder, tableName(table.id)).here()',
    ],
    [
      'a tombstone is dropped though older tables hold its key',
      'model',
      'compaction/merge-rules.ts',
      '!sink.olderMayHold(key, 0, keyLength)',
      'true',
    ],
    [
      'a tombstone is dropped though a snapshot is older',
      'model',
      'compaction/merge-rules.ts',
      'source.seq <= oldestSnapshot &&',
      '',
    ],
    [
      'a tombstone looks for older tables below the wrong position',
      'adversary',
      'compaction/older-ranges.ts',
      'Math.floor(position) + 1',
      'Math.floor(position) + 2',
    ],
    [
      'versions that a snapshot sees are dropped',
      'adversary',
      'compaction/merge-rules.ts',
      'sameKey && own === stripe',
      'sameKey',
    ],
    [
      'a new run is installed on the wrong side of its neighbour',
      'adversary',
      'version/version-edit.ts',
      'runs.findIndex((other) => other.id === after) + 1',
      'runs.findIndex((other) => other.id === after)',
    ],
    [
      'a flush is installed as the oldest run of its level',
      'model',
      'version/version-edit.ts',
      'after === null ? 0 :',
      'after === null ? runs.length :',
    ],
    [
      'cursors pin nothing',
      'adversary',
      'db/read-view.ts',
      'const moments = [...this.#pins]',
      'const moments = []',
    ],
  ])('%s: by the %s', async (_, hunter, path, find, replace) => {
    expect(await hunt(hunter, path, find, replace)).not.toBe('nothing')
  })
})

test('the value log as it is leaves nothing to find', async () => {
  const hunters = ['model of the log', 'power cuts of the log']
  expect(await Promise.all(hunters.map((hunter) => hunt(hunter)))).toEqual(['nothing', 'nothing'])
})

describe('ways to lose a separated value, or to bring one back, are found', () => {
  test.each<[bug: string, hunter: string, path: string, find: string | RegExp, replace: string]>([
    [
      'a segment goes one step too early, before its new pointers are durable',
      'power cuts of the log',
      'db/values/collector.ts',
      'host.sync()',
      '',
    ],
    [
      'a segment goes one step too early, before the manifest knows',
      'power cuts of the log',
      'db/tree.ts',
      'const removed = this.#freedSegments(edit)',
      'const removed = this.#freedSegments(edit)\n' +
        'for (const { segment } of removed) storage.remove(this.#parts.values.handles.pathOf(segment))',
    ],
    [
      'a segment goes though a snapshot or a cursor is older than its new pointers',
      'model of the log',
      'db/read-view.ts',
      'fromSeq < reach.beforeSeq',
      'reach.beforeSeq === Number.POSITIVE_INFINITY',
    ],
    [
      'a segment goes though a cursor holds tables that point to it',
      'model of the log',
      'db/tree.ts',
      'this.#reachOfSegment(segment, this.#generation, Number.POSITIVE_INFINITY)',
      'this.#reachOfSegment(segment, 0, Number.POSITIVE_INFINITY)',
    ],
    [
      'a collection does not look whether a value is the newest',
      'model of the log',
      'db/values/collector.ts',
      'if (pointer.segment !== segment || pointer.offset !== walk.valueOffset) return false',
      '',
    ],
    [
      'a segment is not synced before a table points to it',
      'power cuts of the log',
      'vlog/segment-writer.ts',
      /this\.sync\(\)/,
      '',
    ],
    [
      'a segment is not synced with the log that points to it',
      'power cuts of the log',
      'db/write-head.ts',
      /this\.#parts\.values\.sync\(\)/,
      '',
    ],
    [
      'a replayed pointer is not held against its segment',
      'power cuts of the log',
      'db/values/segment-recovery.ts',
      'if (batch.pointers === 0) return null',
      'return null',
    ],
    [
      'the manifest is not told of an open segment, so that recovery takes it for an orphan',
      'power cuts of the log',
      'db/values/segment-appender.ts',
      'announce(segment)',
      '',
    ],
    [
      'recovery leaves the torn end of a segment',
      'power cuts of the log',
      'db/values/segment-recovery.ts',
      'if (isTorn) this.#storage.truncate(path, validBytes)',
      '',
    ],
    [
      'a merge moves values out of spent segments, where there are none',
      'model of the log',
      'db/values/value-log.ts',
      'view.segments.map(',
      "[...this.#parts.manifest.state.segments.values()].filter(({ state }) => state !== 'open').map(",
    ],
    [
      'what moved values are forgotten in the books of their tables',
      'model of the log',
      'compaction/table-outputs.ts',
      'this.#tally.add(pointer, keyLength)',
      '',
    ],
  ])('%s: by the %s', async (_, hunter, path, find, replace) => {
    expect(await hunt(hunter, path, find, replace)).not.toBe('nothing')
  })
})

describe('ways to take tables in wrongly are found', () => {
  test.each<[bug: string, hunter: string, path: string, find: string | RegExp, replace: string]>([
    [
      'older snapshots see the entries',
      'model',
      'db/ingest.ts',
      'const seq = head.lastSeq + 1',
      'const seq = head.lastSeq',
    ],
    [
      'the entries keep the sequence number 0',
      'model',
      'db/ingest-writer.ts',
      'stamped.seq = this.#parts.seq',
      '',
    ],
    [
      'the memtable is not flushed first',
      'model',
      'db/maintenance.ts',
      'if (!head.memtable.isEmpty) head.freeze()\n      scheduler.flush({',
      'scheduler.flush({',
    ],
    [
      'half of the tables become visible',
      'model',
      'db/tree-jobs.ts',
      /const tables = written\.map\(\(\{ table \}\) => table\)\n {4}this\.#install/,
      'const tables = written.map(({ table }) => table).slice(0, 1)\nthis.#install',
    ],
    [
      'the tables are installed one by one',
      'power cuts of ingests',
      'db/maintenance.ts',
      'scheduler.flush({ ...tables, logNumber: head.logNumber })',
      'for (const written of tables.outcome.written) scheduler.flush({ ...tables, outcome: ' +
        '{ ...tables.outcome, written: [written] }, onInstalled: written === ' +
        'tables.outcome.written.at(-1) ? tables.onInstalled : () => {}, logNumber: head.logNumber })',
    ],
    [
      'the names of the tables are not synced',
      'power cuts of ingests',
      'db/ingest-writer.ts',
      'this.#parts.room.syncFolder()',
      '',
    ],
  ])('%s: by the %s', async (_, hunter, path, find, replace) => {
    expect(await hunt(hunter, path, find, replace)).not.toBe('nothing')
  })
})

test('transactions as they are show no anomaly but the write skew that snapshot allows', async () => {
  const hunters = [
    'histories under serializable',
    'histories under snapshot',
    'model of ranges',
    'model of cursors',
  ]
  const found = await Promise.all(hunters.map((hunter) => hunt(hunter)))
  expect(found).toEqual(hunters.map(() => 'nothing'))
})

describe('ways to let a transaction see or overwrite what it must not are found', () => {
  const VALIDATION = 'transaction/validation.ts'
  test.each<
    [bug: string, isolation: string, path: string, find: string | RegExp, replace: string, RegExp]
  >([
    [
      'a missed phantom: scanned ranges are not checked',
      'serializable',
      VALIDATION,
      'of reads.spans()',
      'of [] as KeySpan[]',
      /G2/,
    ],
    [
      'a missed phantom: a range ends at the last entry that was found',
      'serializable',
      'transaction/read-trace.ts',
      'else edge.unset()',
      '',
      /G2/,
    ],
    [
      'write skew: keys that were read are not checked',
      'serializable',
      VALIDATION,
      'of reads.keys()',
      'of [] as Uint8Array[]',
      /G2-item/,
    ],
    [
      'a lost update: keys that were written are not checked',
      'snapshot',
      VALIDATION,
      'of writes.keys()',
      'of [] as Uint8Array[]',
      /lost-update/,
    ],
    [
      'a lost update between two transactions of one group',
      'snapshot',
      'db/commits.ts',
      'this.#history.note(batch, seq)\n      seq',
      'seq',
      /lost-update/,
    ],
    [
      'a lost update by a write without a transaction',
      'snapshot',
      'db/commits.ts',
      /if \(this\.#history\.isActive\) for .*/,
      '',
      /lost-update/,
    ],
    [
      'a lost update: the history ends with the first transaction, not with the oldest',
      'snapshot',
      'transaction/commit-history.ts',
      'this.oldestSnapshotSeq ?? SEQ_NUM_MAX',
      'SEQ_NUM_MAX',
      /lost-update/,
    ],
    [
      'a dirty read through a savepoint: its writes are not taken back',
      'serializable',
      'transaction/write-set.ts',
      'this.#undos.length > mark',
      'false',
      /G1a/,
    ],
    [
      'a dirty read through a savepoint: a first write of a key stays',
      'serializable',
      'transaction/write-set.ts',
      'if (before === undefined) this.#entries.delete(key)',
      'if (before === undefined) continue',
      /G1a/,
    ],
    [
      'a read of what was committed after the begin',
      'snapshot',
      'db/database.ts',
      'this.#get(key, { snapshot })',
      'this.#get(key, undefined)',
      /G-single|incompatible-order|lost-update/,
    ],
  ])('%s: under %s', async (_, isolation, path, find, replace, found) => {
    expect(await hunt(`histories under ${isolation}`, path, find, replace)).toMatch(found)
  })
})

describe('ways to get ranges of a transaction wrong are found', () => {
  const RANGES = 'model of ranges'
  const CURSORS = 'model of cursors'
  const WRITES = 'transaction/write-set.ts'
  test.each<[bug: string, hunter: string, path: string, find: string | RegExp, replace: string]>([
    [
      'a rollback to a savepoint keeps a range that was deleted since',
      RANGES,
      WRITES,
      'if (this.#keepsUndos) this.#undos.push({ ranges: this.#ranges })',
      '',
    ],
    [
      'a rollback to a savepoint does not bring back what a deleted range hid',
      RANGES,
      WRITES,
      /if \(this\.#keepsUndos\) this\.#undos\.push\(\{ key, .*(?=\n {6}this\.#entries\.delete)/,
      '',
    ],
    [
      'two deleted ranges that meet become the later one',
      RANGES,
      'transaction/deleted-ranges.ts',
      'if (compareBytes(range.to, to) > 0) to = range.to',
      '',
    ],
    [
      'a cursor that goes back does not count it as read',
      CURSORS,
      'transaction/read-trace.ts',
      'if (this.#low.isSet && !(found.valid && this.#low.order(found) >= 0)) {',
      'if (false) {',
    ],
    [
      'a cursor that is open at the commit has read nothing',
      CURSORS,
      'db/transaction-cursor.ts',
      'this.#trace?.end()',
      'if (!this.#isCutOff) this.#trace?.end()',
    ],
  ])('%s: by the %s', async (_, hunter, path, find, replace) => {
    expect(await hunt(hunter, path, find, replace)).toContain('the model')
  })
})
