import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Ledger, MemoryStorage, sumCells } from '../../engine/index.ts'
import { open, WriteBatch } from '../../strategies/open.ts'
import { databaseFamilies, type MetricFamily, openMetricsText } from './open-metrics.ts'
import { parseOpenMetrics } from './testing/parse-open-metrics.ts'

describe('the OpenMetrics text', () => {
  test('of any families parses to the same values', () => {
    const sample = fc.record({
      labels: fc.record({ a: fc.string({ unit: 'binary' }), b: fc.nat() }),
      value: fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }),
    })
    const keyOf = ({ labels }: { labels: { a: string; b: number } }) => `${labels.a}/${labels.b}`
    const family = fc.record({
      type: fc.constantFrom('counter' as const, 'gauge' as const),
      help: fc.string(),
      samples: fc.uniqueArray(sample, { selector: keyOf }),
    })
    fc.assert(
      fc.property(fc.array(family, { maxLength: 4 }), (given) => {
        const families = given.map((one, index): MetricFamily => ({ name: `f_${index}`, ...one }))
        const parsed = parseOpenMetrics(openMetricsText(families))
        expect(parsed.size).toBe(families.length)
        for (const { name, type, samples } of families) {
          expect(parsed.get(name)!.type).toBe(type)
          expect([...parsed.get(name)!.samples]).toEqual(
            samples.map(({ labels = {}, value }) => [
              JSON.stringify(Object.entries(labels).map(([label, text]) => [label, `${text}`])),
              value,
            ]),
          )
        }
      }),
    )
  })

  test('of a database has the numbers of its counters, its tree and its ledger', () => {
    const ledger = new Ledger()
    const storage = new MemoryStorage(ledger)
    using db = open('/db', { storage, options: { memtableBytes: 4096 } })
    const batch = new WriteBatch()
    for (let index = 0; index < 500; index++) {
      batch.clear()
      batch.put(Buffer.from(`key${index}`), new Uint8Array(50))
      db.writeSync(batch)
    }
    for (let index = 0; index < 50; index++) db.get(Buffer.from(`key${index * 7}`))
    const transactions = Array.from({ length: 3 }, () => db.transaction())
    for (const transaction of transactions) transaction.put(Buffer.from('key'), Buffer.from('v'))
    transactions[0]!.commitSync()
    expect(() => transactions[1]!.commitSync()).toThrow('run it again')
    const metrics = db.metrics()
    const cells = ledger.cells()
    const families = parseOpenMetrics(
      openMetricsText(databaseFamilies({ version: db.version, metrics, cells })),
    )
    const sum = (name: string, label = '') =>
      Array.from(families.get(name)!.samples)
        .filter(([labels]) => labels.includes(label))
        .reduce((total, [, value]) => total + value, 0)
    expect(sum('varve_writes', '"put"')).toBe(501)
    expect(sum('varve_transactions_begun')).toBe(3)
    expect(sum('varve_transactions_committed')).toBe(1)
    expect(sum('varve_transaction_conflicts')).toBe(1)
    expect(sum('varve_transaction_conflicts', '"write"')).toBe(1)
    expect(sum('varve_transactions_open')).toBe(1)
    expect(sum('varve_transaction_oldest_snapshot_seq')).toBe(500)
    expect(sum('varve_transaction_noted_entries')).toBe(1)
    expect(sum('varve_user_bytes')).toBe(metrics.userBytes)
    expect(sum('varve_jobs', '"flush"')).toBe(metrics.flushes)
    expect(sum('varve_level_bytes')).toBe(db.version.totals.bytes)
    expect(sum('varve_level_tables')).toBe(db.version.totals.tables)
    expect(sum('varve_blocks_read', '"storage"')).toBe(metrics.gets.blocksFromStorage)
    expect(sum('varve_cache_lookups', '"hit"')).toBe(metrics.cacheHits)
    expect(sum('varve_table_memory_bytes')).toBe(metrics.tableMemoryBytes)
    expect(sum('varve_storage_bytes')).toBe(cells.reduce((total, cell) => total + cell.bytes, 0))
    const moved = families.get('varve_storage_bytes')!.samples
    const places = cells.map(({ cause, level, direction }) => ({ cause, level, direction }))
    expect(new Set(places.map(({ level }) => level)).size).toBeGreaterThan(2)
    for (const place of places) {
      const labels = Object.entries(place).map(([label, text]) => [label, `${text}`])
      expect(moved.get(JSON.stringify(labels))).toBe(sumCells(cells, place).bytes)
    }
    for (const [name, { help, unit }] of families) {
      expect(help, name).toMatch(/\.$/)
      expect(unit !== '', name).toBe(/_(bytes|seconds)$/.test(name))
    }
    const closed = parseOpenMetrics(openMetricsText(databaseFamilies({ version: db.version })))
    expect([...closed.keys()].every((name) => name.startsWith('varve_level_'))).toBe(true)
  })
})
