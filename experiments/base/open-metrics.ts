/**
 * Owns the OpenMetrics text of a database: its counters, its levels and the bytes that moved, as
 * Prometheus and others read them (https://prometheus.io/docs/specs/om/open_metrics_spec/).
 *
 * Invariant: names and labels are stable. Every sample of a family has the same label names.
 */
import type { DatabaseMetrics, LedgerCell, Version } from '../../engine/index.ts'

/** The content type of the text over HTTP. */
export const OPEN_METRICS_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8'

export interface MetricFamily {
  /** Without the suffix `_total` of a counter; it ends with the unit if there is one. */
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly unit?: 'bytes' | 'seconds'
  /** One sentence. */
  readonly help: string
  readonly samples: readonly MetricSample[]
}

export interface MetricSample {
  readonly labels?: Readonly<Record<string, string | number>>
  readonly value: number
}

/** What is known of an open database; a closed folder has no counters. */
export interface DatabaseFacts {
  readonly version: Version
  readonly metrics?: DatabaseMetrics
  /** The storage's ledger. */
  readonly cells?: readonly LedgerCell[]
}

/** The text of `families`, with its end mark. */
export function openMetricsText(families: readonly MetricFamily[]): string {
  const lines = families.flatMap((family) => {
    const { name, type, unit, help, samples } = family
    const suffix = type === 'counter' ? '_total' : ''
    return [
      `# TYPE ${name} ${type}`,
      ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
      `# HELP ${name} ${escaped(help)}`,
      ...samples.map(({ labels, value }) => `${name}${suffix}${labelText(labels)} ${value}`),
    ]
  })
  return `${[...lines, '# EOF'].join('\n')}\n`
}

function labelText(labels: MetricSample['labels'] = {}): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(`${value}`)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escaped(text: string): string {
  return text.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`))
}

/** The families of a database. */
export function databaseFamilies({
  version,
  metrics,
  cells,
}: DatabaseFacts): readonly MetricFamily[] {
  return [
    ...treeFamilies(version),
    ...(metrics === undefined ? [] : counterFamilies(metrics)),
    ...(cells === undefined ? [] : ledgerFamilies(cells)),
  ]
}

function treeFamilies({ levels }: Version): readonly MetricFamily[] {
  const byLevel = (amountOf: (level: Version['levels'][number]) => number) =>
    levels.map((level, index) => ({ labels: { level: index }, value: amountOf(level) }))
  return [
    gauge(
      'varve_level_runs',
      'Runs of the level.',
      byLevel(({ runs }) => runs.length),
    ),
    gauge(
      'varve_level_tables',
      'Tables of the level.',
      byLevel(({ totals }) => totals.tables),
    ),
    gauge(
      'varve_level_entries',
      'Entries of the level, deletions included.',
      byLevel(({ totals }) => totals.entries),
    ),
    gauge(
      'varve_level_tombstones',
      'Deletions of the level.',
      byLevel(({ totals }) => totals.tombstones),
    ),
    {
      name: 'varve_level_bytes',
      type: 'gauge',
      unit: 'bytes',
      help: 'Bytes of the tables of the level.',
      samples: byLevel(({ totals }) => totals.bytes),
    },
  ]
}

function counterFamilies(metrics: DatabaseMetrics): readonly MetricFamily[] {
  const { gets, scans, stalls } = metrics
  const reads = { get: gets, scan: scans }
  const byRead = (amountOf: (counters: DatabaseMetrics['gets']) => number) =>
    Object.entries(reads).map(([operation, counters]) => ({
      labels: { operation },
      value: amountOf(counters),
    }))
  return [
    counter('varve_writes', 'Entries written.', [
      { labels: { kind: 'put' }, value: metrics.puts },
      { labels: { kind: 'delete' }, value: metrics.deletes },
    ]),
    bytesCounter('varve_user_bytes', 'Key and value bytes of acknowledged writes.', [
      { value: metrics.userBytes },
    ]),
    counter('varve_jobs', 'Changes of the tree that were installed.', [
      { labels: { kind: 'flush' }, value: metrics.flushes },
      { labels: { kind: 'merge' }, value: metrics.merges },
      { labels: { kind: 'move' }, value: metrics.moves },
      { labels: { kind: 'drop' }, value: metrics.drops },
    ]),
    counter(
      'varve_runs_probed',
      'Runs that reads had to search.',
      byRead(({ runsProbed }) => runsProbed),
    ),
    counter(
      'varve_filter_negatives',
      'Filters that answered that a table does not hold the key.',
      byRead(({ filterNegatives }) => filterNegatives),
    ),
    counter(
      'varve_filter_false_positives',
      'Filters that answered "maybe" in vain.',
      byRead(({ filterFalsePositives }) => filterFalsePositives),
    ),
    counter('varve_blocks_read', 'Blocks and separated values that reads fetched.', [
      ...byRead(({ blocksFromCache }) => blocksFromCache).map((sample) => from('cache', sample)),
      ...byRead(({ blocksFromStorage }) => blocksFromStorage).map((sample) =>
        from('storage', sample),
      ),
    ]),
    counter('varve_cache_lookups', 'Lookups in the block cache.', [
      { labels: { result: 'hit' }, value: metrics.cacheHits },
      { labels: { result: 'miss' }, value: metrics.cacheMisses },
    ]),
    bytesGauge('varve_cache_used_bytes', 'Blocks in the block cache.', metrics.cacheUsedBytes),
    bytesGauge(
      'varve_table_memory_bytes',
      'Indexes, filters and range deletions of tables in memory.',
      metrics.tableMemoryBytes,
    ),
    gauge('varve_open_tables', 'Tables whose index and filter are in memory.', [
      { value: metrics.openTables },
    ]),
    bytesGauge(
      'varve_memtable_bytes',
      'Keys and values in the memtable.',
      metrics.memtableRawBytes,
    ),
    bytesGauge('varve_debt_bytes', 'Bytes still to be merged, estimated.', metrics.debtBytes),
    ...transactionFamilies(metrics.transactions),
    ...(stalls === undefined
      ? []
      : [
          {
            name: 'varve_stall_seconds',
            type: 'counter',
            unit: 'seconds',
            help: 'Time for which groups of writes were held.',
            samples: Object.entries(stalls).flatMap(([cause, { slowdownMs, stopMs }]) => [
              { labels: { cause, step: 'slowdown' }, value: slowdownMs / 1000 },
              { labels: { cause, step: 'stop' }, value: stopMs / 1000 },
            ]),
          } as const,
        ]),
  ]
}

function transactionFamilies(
  transactions: DatabaseMetrics['transactions'],
): readonly MetricFamily[] {
  const { begun, committed, conflicts, retries, open, oldestSnapshotSeq } = transactions
  return [
    counter('varve_transactions_begun', 'Transactions that were begun.', [{ value: begun }]),
    counter('varve_transactions_committed', 'Transactions that were committed.', [
      { value: committed },
    ]),
    counter(
      'varve_transaction_conflicts',
      'Commits that were refused, by what conflicted: a write, a read, or the length of the history.',
      Object.entries(conflicts).map(([access, value]) => ({ labels: { access }, value })),
    ),
    counter('varve_transaction_retries', 'Attempts of retry after its first.', [
      { value: retries },
    ]),
    gauge('varve_transactions_open', 'Transactions that are open.', [{ value: open }]),
    gauge(
      'varve_transaction_oldest_snapshot_seq',
      'Snapshot of the oldest open transaction, as a sequence number; no sample if none is open.',
      oldestSnapshotSeq === null ? [] : [{ value: oldestSnapshotSeq }],
    ),
    gauge(
      'varve_transaction_noted_entries',
      'Entries of commits that are kept for the checks of open transactions.',
      [{ value: transactions.notedEntries }],
    ),
  ]
}

/** Bytes and calls of the ledger; sections are summed. */
function ledgerFamilies(cells: readonly LedgerCell[]): readonly MetricFamily[] {
  const sums = Map.groupBy(cells, ({ cause, level, direction }) =>
    [cause, level, direction].join('/'),
  )
  const samples = (amountOf: (cell: LedgerCell) => number) =>
    Array.from(sums.values(), (group) => {
      const { cause, level, direction } = group[0]!
      return {
        labels: { cause, level, direction },
        value: group.reduce((sum, cell) => sum + amountOf(cell), 0),
      }
    })
  return [
    bytesCounter(
      'varve_storage_bytes',
      'Bytes moved from and to storage; level -1 is outside of the tree.',
      samples(({ bytes }) => bytes),
    ),
    counter(
      'varve_storage_calls',
      'Calls that moved these bytes.',
      samples(({ calls }) => calls),
    ),
  ]
}

function from(source: string, { labels, value }: MetricSample): MetricSample {
  return { labels: { ...labels, source }, value }
}

function counter(name: string, help: string, samples: readonly MetricSample[]): MetricFamily {
  return { name, type: 'counter', help, samples }
}

function bytesCounter(name: string, help: string, samples: readonly MetricSample[]): MetricFamily {
  return { name, type: 'counter', unit: 'bytes', help, samples }
}

function gauge(name: string, help: string, samples: readonly MetricSample[]): MetricFamily {
  return { name, type: 'gauge', help, samples }
}

function bytesGauge(name: string, help: string, value: number): MetricFamily {
  return { name, type: 'gauge', unit: 'bytes', help, samples: [{ value }] }
}
