import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Ledger, MemoryStorage, sumCells } from '../../engine/index.ts'
import { open, WriteBatch } from '../../strategies/open.ts'
import { databaseFamilies, type MetricFamily, openMetricsText } from './open-metrics.ts'

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y
const SAMPLE =
  /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (-?\d+(?:\.\d+)?(?:e[+-]\d+)?|NaN|[+-]Inf)$/s

interface Parsed {
  type: string
  unit: string
  help: string
  readonly samples: Map<string, number>
}

/**
 * Reads a text by the grammar of the OpenMetrics specification, and checks its rules: metadata
 * before samples, families not interleaved, no duplicates, suffixes, units, one set of label names.
 */
function parse(text: string): ReadonlyMap<string, Parsed> {
  expect(text.endsWith('\n')).toBe(true)
  const lines = text.slice(0, -1).split('\n')
  expect(lines.pop()).toBe('# EOF')
  const families = new Map<string, Parsed>()
  let current = ''
  for (const line of lines) {
    const [, keyword, name = '', rest = ''] = /^# (TYPE|UNIT|HELP) (\S+) (.*)$/s.exec(line) ?? []
    if (keyword === undefined) readSample(line, current, families.get(current)!)
    else if (name !== current) {
      expect(name).toMatch(NAME)
      expect(families.has(name), `${name} is in one piece`).toBe(false)
      families.set(name, { type: '', unit: '', help: '', samples: new Map() })
      current = name
    }
    if (keyword === undefined) continue
    const family = families.get(current)!
    const field = keyword.toLowerCase() as 'type' | 'unit' | 'help'
    expect(family.samples.size, 'metadata comes first').toBe(0)
    expect(family[field], `${keyword} once`).toBe('')
    family[field] = rest
    if (field === 'unit') expect(name.endsWith(`_${rest}`)).toBe(true)
    if (field === 'type') expect(['counter', 'gauge']).toContain(rest)
  }
  return families
}

function readSample(line: string, name: string, family: Parsed): void {
  const [, sampleName, labelText = '', value] = SAMPLE.exec(line) ?? []
  expect(sampleName, line).toBe(family.type === 'counter' ? `${name}_total` : name)
  const labels: [string, string][] = []
  LABEL.lastIndex = 0
  while (LABEL.lastIndex < labelText.length) {
    const match = LABEL.exec(labelText)
    expect(match, line).not.toBeNull()
    labels.push([match![1]!, match![2]!.replace(/\\(.)/gs, (_, c) => (c === 'n' ? '\n' : c))])
  }
  const key = JSON.stringify(labels)
  const names = labels.map(([label]) => label)
  for (const other of family.samples.keys()) {
    expect(JSON.parse(other).map(([label]: [string]) => label)).toEqual(names)
  }
  expect(family.samples.has(key), `${line} once`).toBe(false)
  if (family.type === 'counter') expect(Number(value)).toBeGreaterThanOrEqual(0)
  family.samples.set(key, Number(value))
}

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
        const parsed = parse(openMetricsText(families))
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
    const metrics = db.metrics()
    const cells = ledger.cells()
    const families = parse(
      openMetricsText(databaseFamilies({ version: db.version, metrics, cells })),
    )
    const sum = (name: string, label = '') =>
      Array.from(families.get(name)!.samples)
        .filter(([labels]) => labels.includes(label))
        .reduce((total, [, value]) => total + value, 0)
    expect(sum('varve_writes', '"put"')).toBe(500)
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
    const closed = parse(openMetricsText(databaseFamilies({ version: db.version })))
    expect([...closed.keys()].every((name) => name.startsWith('varve_level_'))).toBe(true)
  })
})
