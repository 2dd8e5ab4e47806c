/**
 * A process that may open few files (`ulimit -n`), for few-descriptors.test.ts: it fills a database
 * with more tables and segments than that and leaves it as a kill would (`fill`), or reads, merges,
 * verifies and exports it (`use`). It reports what it found, and the most descriptors it saw open.
 */

import { readdirSync } from 'node:fs'
import type { CompactionStrategy } from '../../compaction/strategy.ts'
import { Ledger } from '../../storage/ledger.ts'
import { NodeStorage } from '../../storage/node-storage.ts'
import { bytes, never, strategyOf, text } from '../../testing/fixtures.ts'
import { WriteBatch } from '../../wal/write-batch.ts'
import { Database } from '../database.ts'
import { exportDatabase } from '../offline/export.ts'
import { verifyDatabase } from '../offline/verify.ts'

const KEYS = 2800
const RUNS = 280
/** With its key more than the least a table may be asked to hold. */
const SMALL_BYTES = 256
const LARGE_BYTES = 400
/** Above the runs of a cursor, far below the tables. */
const OPEN_TABLES_MAX = 300
const [mode, folder] = process.argv.slice(2) as [string, string]
const storage = new NodeStorage(new Ledger())
let mostOpen = 0

/** Looks at what is open now; also with reads under way. */
function note(): void {
  mostOpen = Math.max(mostOpen, readdirSync('/proc/self/fd').length)
}

/** Merges all there is into one run of `level`. */
function mergeTo(level: number, targetTableBytes: number): CompactionStrategy {
  return strategyOf('merge-all', ({ version }) => {
    if (version.levels[level]?.runs.length === 1) return null
    const inputs = version.levels.flatMap(({ runs }, from) =>
      runs.map((run) => ({ level: from, run: run.id, tables: 'all' as const })),
    )
    const cut = { fromKey: null, targetTableBytes, cutKeys: [], filter: { bitsPerKey: 10 } }
    const reason = { trigger: 'all', formula: '', values: {} }
    const outputs = [{ place: { level, after: null }, ...cut }]
    return { kind: 'merge', inputs, outputs, nextState: null, reason }
  })
}

function open(strategy: CompactionStrategy): Database {
  const valueLog = { thresholdBytes: LARGE_BYTES, segmentBytes: 1024 }
  const options = { blockCacheBytes: 0, openTablesMax: OPEN_TABLES_MAX, valueLog }
  return Database.open({ storage, folder, strategy, options })
}

const keyOf = (index: number) => bytes(`key${String(index).padStart(5, '0')}`)
/** Every tenth value is large. */
const contentOf = (index: number) =>
  `${index}`.padEnd(index % 10 === 0 ? LARGE_BYTES : SMALL_BYTES, '.')

function fill(): void {
  const db = open(never)
  const batch = new WriteBatch()
  for (let run = 0; run < RUNS; run++) {
    batch.clear()
    for (let index = run; index < KEYS; index += RUNS)
      batch.put(keyOf(index), bytes(contentOf(index)))
    db.writeSync(batch)
    if (run < RUNS - 1) db.flush()
  }
  // Segments that recovery finds open, each filled by a few values.
  for (let index = 0; index < KEYS; index += 10) {
    batch.clear()
    batch.put(keyOf(index), bytes(contentOf(index)))
    for (let copy = 0; copy < 5; copy++) batch.put(keyOf(KEYS + index + copy), bytes(contentOf(0)))
    db.writeSync(batch)
  }
  note()
}

/** How many keys gets and scans find with their values. */
async function read(db: Database): Promise<readonly number[]> {
  let got = 0
  for (let index = 0; index < KEYS; index++) {
    if (text(db.get(keyOf(index)) ?? new Uint8Array(0)) === contentOf(index)) got++
  }
  note()
  const upTo = { lt: keyOf(KEYS) }
  let scanned = 0
  for (const [, value] of db.scan(upTo)) if (text(value) === contentOf(scanned)) scanned++
  let back = 0
  for (const [, value] of db.scan({ ...upTo, reverse: true })) {
    if (text(value) === contentOf(KEYS - 1 - back)) back++
  }
  note()
  const ahead = [1000, 500, 1].map(async (prefetch) => {
    let count = 0
    for await (const [, value] of db.scanAsync({ ...upTo, prefetch })) {
      if (text(value) === contentOf(count)) count++
      if (count % 50 === 0) note()
    }
    return count
  })
  return [got, scanned, back, ...(await Promise.all(ahead))]
}

async function use(): Promise<object> {
  const db = open(never)
  const recovered = await read(db)
  const segments = db.metrics().valueLog.segments.length
  const runs = db.version.levels[0]!.runs.length
  db.close()
  // A table for each small value.
  const merging = open(mergeTo(2, 256))
  const held = merging.cursor()
  held.seekToFirst()
  merging.flush()
  const merged = await read(merging)
  let walked = 0
  for (; held.valid && walked < KEYS; held.next())
    if (text(held.value()) === contentOf(walked)) walked++
  held.close()
  const { tables } = merging.version.totals
  const { openTables } = merging.metrics()
  merging.close()
  const { faults } = verifyDatabase(storage, folder)
  note()
  const exported = exportDatabase(storage, folder, `${folder}-exported`)
  note()
  const again = open(mergeTo(3, 64 * 1024))
  again.flush()
  const rewritten = await read(again)
  again.close()
  return {
    runs,
    tables,
    openTables,
    segments,
    found: [...recovered, ...merged, walked, ...rewritten],
    faults: faults.length,
    exported: exported.tables,
  }
}

if (mode === 'fill') fill()
const found = mode === 'use' ? await use() : {}
console.log(JSON.stringify({ ...found, mostOpen }))
process.exit(0)
