// RocksDB's own reader checks our manifests: the test compares every edit that it prints.

import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRandom } from '../base/random.ts'
import { Ledger } from '../storage/ledger.ts'
import { NodeStorage } from '../storage/node-storage.ts'
import { dumpManifest, hasRocksdbTools, temporaryFolder } from '../testing/rocksdb/rocksdb-tools.ts'
import { tablesOf } from '../version/run.ts'
import type { TableMeta } from '../version/table-meta.ts'
import { levelAt } from '../version/version.ts'
import { EMPTY_EDIT, type VersionEdit } from '../version/version-edit.ts'
import { Manifest } from './manifest.ts'
import { EMPTY_STATE, type ManifestState, snapshotOf } from './manifest-state.ts'
import { randomEdit } from './testing/histories.ts'

const present = hasRocksdbTools('ldb')
const folder = temporaryFolder('manifest')

/** The bounds of a table as ldb prints them. */
function bounds({ smallest, largest, isOpen, seqMin, seqMax }: TableMeta): string {
  const hex = (key: Uint8Array) => `'${Buffer.from(key).toString('hex').toUpperCase()}'`
  const end = isOpen === true ? `seq:${2n ** 56n - 1n}, type:15` : `seq:${seqMin}, type:0`
  return `${hex(smallest)} seq:${seqMax}, type:17 .. ${hex(largest)} ${end}`
}

/** The smallest segment that a table points to, as ldb prints it. */
function oldestSegment({ vlogBytes }: TableMeta): string {
  return vlogBytes.length === 0 ? '' : ` blob_file:${vlogBytes[0]![0]}`
}

/** The lines that ldb prints for the segments of an edit. */
function printedSegments({ segments }: VersionEdit): string[] {
  const sealed = segments?.sealed ?? []
  const removed = segments?.removed ?? []
  return [
    ...sealed.map(
      ({ segment, records, recordBytes }) =>
        `BlobFileAddition: blob_file_number: ${segment} total_blob_count: ${records} ` +
        `total_blob_bytes: ${recordBytes} checksum_method:  checksum_value: `,
    ),
    ...removed.map(
      ({ segment, records, recordBytes }) =>
        `BlobFileGarbage: blob_file_number: ${segment} garbage_blob_count: ${records} ` +
        `garbage_blob_bytes: ${recordBytes}`,
    ),
  ]
}

/** The fields that ldb prints for an edit. Removed tables form a set. */
function printedEdit(edit: VersionEdit): string[] {
  const removed = edit.removed.map(({ level, table }) => `DeleteFile: ${level} ${table.id}`)
  return [
    ...(edit.logNumber === undefined ? [] : [`LogNumber: ${edit.logNumber}`]),
    ...(edit.nextFileNumber === undefined ? [] : [`NextFileNumber: ${edit.nextFileNumber}`]),
    ...(edit.lastSeq === undefined ? [] : [`LastSeq: ${edit.lastSeq}`]),
    ...removed.sort(),
    ...edit.added.map(
      ({ level, table }) =>
        `AddFile: ${level} ${table.id} ${table.bytes} ${bounds(table)}${oldestSegment(table)}`,
    ),
    ...printedSegments(edit),
  ]
}

/** The edits in a dump, in the form of `printedEdit`. */
function editsIn(lines: readonly string[]): string[][] {
  const edits: string[][] = []
  for (const line of lines) {
    if (line === 'VersionEdit {') edits.push([])
    if (!line.startsWith('  ') || line.startsWith('  ColumnFamily')) continue
    edits.at(-1)!.push(line.slice(2).replace(/ oldest_ancester_time.*$/, ''))
  }
  return edits.map((fields) => {
    const isRemoval = (field: string) => field.startsWith('DeleteFile')
    const first = fields.findIndex(isRemoval)
    const removed = fields.filter(isRemoval).sort()
    return first < 0 ? fields : fields.filter((f) => !isRemoval(f)).toSpliced(first, 0, ...removed)
  })
}

/**
 * The tables that ldb shows of the final tree, level by level. It sorts level 0 in its own order.
 */
function treeIn(lines: readonly string[], levels: number): string[][] {
  const at = (level: number) => lines.indexOf(`--- level ${level} --- version# 1 ---`)
  return Array.from({ length: levels }, (_, level) =>
    lines.slice(at(level) + 1, at(level + 1)).map((line) => line.trim()),
  ).map((tables) => tables.sort())
}

function printedTree(state: ManifestState, levels: number): string[][] {
  return Array.from({ length: levels }, (_, level) =>
    levelAt(state.version, level)
      .runs.flatMap((run) => [...tablesOf(run)])
      .map((t) => `${t.id}:${t.bytes}[${t.seqMin} .. ${t.seqMax}][${bounds(t)}]${oldestSegment(t)}`)
      .sort(),
  )
}

test.skipIf(!present)('ldb reads every edit and the final tree correctly', () => {
  const storage = new NodeStorage(new Ledger())
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 15 }), (seed, count) => {
      for (const name of storage.list(folder)) storage.remove(join(folder, name))
      const random = createRandom(seed)
      let next = 1
      const manifest = Manifest.create(storage, folder, EMPTY_STATE, { allocate: () => next++ })
      const expected = [
        [
          'Comparator: leveldb.BytewiseComparator',
          ...printedEdit({ ...snapshotOf(EMPTY_STATE), nextFileNumber: 2 }),
        ],
      ]
      for (let i = 0; i < count; i++) {
        const edit = oneRunALevel(randomEdit(random, manifest.state), manifest.state)
        manifest.append(edit)
        expected.push(printedEdit(edit))
      }
      manifest.close()
      expected.push(printedEdit({ ...EMPTY_EDIT, lastSeq: manifest.state.lastSeq }))
      const { lines, complaints } = dumpManifest(join(folder, 'MANIFEST-000001'))
      expect(complaints).toBe('')
      expect(editsIn(lines)).toEqual(expected)
      expect(treeIn(lines, 20)).toEqual(printedTree(manifest.state, 20))
    }),
    { numRuns: 20 },
  )
})

/** The edit with its new runs on empty levels, because RocksDB refuses overlaps within a level. */
function oneRunALevel(edit: VersionEdit, state: ManifestState): VersionEdit {
  let level = 1
  while (levelAt(state.version, level).runs.length > 0) level++
  return {
    ...edit,
    newRuns: edit.newRuns.map((run) => ({ ...run, level, after: null })),
    added: edit.added.map((placement) => ({ ...placement, level })),
  }
}
