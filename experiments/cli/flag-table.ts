/**
 * Owns the vocabulary of the command line and of config files: each flag once, under its heading in
 * the help, with the verbs that take it. It imports only types, because every command loads it.
 *
 * Invariant: differences for one verb, such as a default or accepted names, are in `but`.
 */
import type { PeerName } from '../../results/peer-schema.ts'
import type { ImportFormatName } from '../../workloads/index.ts'
import type { ChartFormat } from '../charts/chart-format.ts'
import type { Across } from '../compare/pairing.ts'
import type { OutputFormat } from '../trace/trace-output.ts'
import type { NameSource } from './names.ts'

export type VerbName =
  | ('exp' | 'compare' | 'explain' | 'timeline' | 'report' | 'chart' | 'tidy' | 'gallery')
  | ('tune' | 'conform' | 'shell' | 'completion' | 'complete')
  | `trace ${'generate' | 'record' | 'import' | 'export' | 'stats'}`
  | `db ${'verify' | 'dump' | 'export' | 'checkpoint' | 'ingest' | 'repair' | 'compact' | 'stats'}`
  | 'bench peers'

/** How a value is read and completed. A list is separated by commas. */
export type FlagKind =
  | ('switch' | 'text' | 'file' | 'folder' | 'choice' | 'list')
  | ('count' | 'bytes' | 'number' | 'rate' | 'assignments')

/** The properties of a flag for all verbs that take it; a verb may override some. */
export interface FlagSpec {
  readonly kind: FlagKind
  /** The placeholder for the value in the help; null: a switch. */
  readonly value: string | null
  readonly help: string
  /** The default as typed; null if there is none. */
  readonly default: string | null
  /** The accepted names, or their source; null: the value is not a name. */
  readonly names: readonly string[] | NameSource | null
  /** Range of a count, a size or a number. */
  readonly range: readonly [min: number, max: number]
  /** Whether it may be given several times. */
  readonly multiple: boolean
  /** Whether it may be given without a value. */
  readonly valueOptional: boolean
  /** Whether it controls the command itself and is not allowed in a config file. */
  readonly commandLineOnly: boolean
}

interface Row extends FlagSpec {
  readonly verbs: readonly VerbName[] | 'all'
  readonly but?: Readonly<Partial<Record<VerbName, Partial<FlagSpec>>>>
}

/** Differences from the defaults of a row. */
type More = Partial<Omit<Row, 'verbs' | 'help' | 'value' | 'default'>>

/**
 * Makes a function that builds rows of one kind. `usage` is the text of the help: VALUE, or VALUE
 * [default].
 */
function rows(kind: FlagKind, shared: More = {}) {
  return (verbs: Row['verbs'], usage: string, help: string, more: More = {}): Row => {
    const [, value = usage, preset = null] = /^(.*) \[(.*)\]$/.exec(usage) ?? []
    return {
      kind,
      value: kind === 'switch' ? null : value,
      help,
      default: preset,
      names: kind === 'choice' ? value.split('|') : null,
      range: [0, Number.MAX_SAFE_INTEGER],
      multiple: false,
      valueOptional: false,
      commandLineOnly: false,
      ...shared,
      ...more,
      verbs,
    }
  }
}

const toggle = rows('switch')
const text = rows('text')
const rate = rows('rate')
const file = rows('file')
const folder = rows('folder')
const choice = rows('choice')
const list = rows('list')
const count = rows('count')
const bytes = rows('bytes', { range: [1, Number.MAX_SAFE_INTEGER] })
/** Larger weights and ratios would overflow when multiplied. */
const number = rows('number', { range: [0, 1e9] })
const assignments = rows('assignments', { multiple: true })

const EXP = ['exp'] as const
const TUNE = ['tune'] as const
const PEERS_RACE = ['bench peers'] as const
const MADE = ['trace generate', 'trace record'] as const
const FROM_RESULTS = ['chart', 'tidy', 'gallery', 'report', 'timeline'] as const
const EXP_AND_MADE = [...EXP, ...MADE] as const
const FIGURES: ChartFormat[] = ['vl.json', 'svg', 'png', 'pdf', 'html']
const FOREIGN: ImportFormatName[] = ['ycsb', 'rocksdb', 'rocksdb-text', 'twitter', 'kvcache']
const TEXTS: OutputFormat[] = ['ycsb', 'rocksdb', 'csv']
const PEERS: PeerName[] = ['leveldb', 'rocksdb', 'lmdb', 'sqlite', 'db_bench']
const ONE_WORKLOAD = { kind: 'text', value: 'NAME', help: 'a workload, or its file' } as const
const ONE_PAGE = { kind: 'file', value: 'FILE', help: 'the page' } as const
const ONE_TRACE = { kind: 'file', value: 'FILE', default: null } as const
const STREAM = { ...ONE_TRACE, help: 'written whole, then renamed; standard output without it' }
const SEVERAL = { kind: 'list', value: 'NAME,…', multiple: true } as const

const RIVAL = {
  kind: 'text',
  value: 'NAME',
  default: null,
  help: 'with --at: what this strategy, or module, would pick there',
} as const
const ONE_PARAMETER = { help: 'a parameter of the strategy; may be repeated' }
const RETENTION = {
  names: ['retentionMaxAgeMs', 'retentionMaxBytes'],
  help: 'retentionMaxAgeMs or retentionMaxBytes, for a strategy that drops [an hour, none]',
}
const MEASURED_DESIGNS = {
  kind: 'count',
  value: 'COUNT',
  help: 'run this many of the best designs in the exact simulator; compare the choice with them',
  names: null,
  multiple: false,
  range: [1, 100],
} as const
const ONE_REPEAT = { value: 'INDEX', default: '0', help: 'which repeat of a run, from 0' }
const STATS_FORMAT = { help: 'text for people, JSON, or text for Prometheus' } as const
const CONFIDENCE = {
  value: 'PERCENT',
  default: '95',
  range: [50, 99],
  help: 'confidence of each interval, and of all verdicts together',
} as const
const ALL_RULES = {
  kind: 'switch',
  value: null,
  valueOptional: false,
  help: 'show the rules',
} as const

export const FLAG_TABLE = {
  'What runs': {
    strategy: list(
      ['exp', 'explain'],
      'NAME,… [tiering]',
      'compaction strategies: registered names or paths of your own modules',
      { names: 'strategies', but: { explain: RIVAL } },
    ),
    workload: list(
      EXP_AND_MADE,
      'NAME,… [ycsb-a]',
      'workloads: names, or paths of specs (JSON) and of YCSB property files',
      { names: 'workloads', but: { 'trace generate': ONE_WORKLOAD, 'trace record': ONE_WORKLOAD } },
    ),
    trace: file(EXP, 'FILE', 'run the operations of a trace (varve trace) instead of a workload'),
    target: list(
      EXP,
      'NAME,… [varve]',
      'what runs the operations: varve, the engine; simulator, its tree without bytes; or ' +
        'another store under equal budgets: leveldb, rocksdb, lmdb, sqlite, db_bench',
      { names: ['varve', 'simulator', ...PEERS] },
    ),
    param: assignments(
      ['exp', 'explain', 'conform', ...MADE],
      'NAME=VALUE',
      'a parameter, for every strategy or workload that has it; a list is written K=3,2,1; may ' +
        'be repeated',
      { names: 'parameters', but: { explain: ONE_PARAMETER, conform: ONE_PARAMETER } },
    ),
    scheduling: choice(
      EXP,
      'inline|threads|virtual [inline]',
      'who runs flushes and compactions: the operation that makes them due, worker threads beside ' +
        'the operations, or a modelled device in logical time',
    ),
    set: assignments(
      ['exp', 'conform'],
      'OPTION=VALUE',
      'an engine option (memtableBytes is 1MiB here unless set); may be repeated',
      { names: 'options', but: { conform: RETENTION } },
    ),
    suite: text(
      EXP,
      'NAME',
      'a named set of runs and the claims it checks; it sets every option that describes a run',
      { names: 'suites' },
    ),
    scale: choice(EXP, 'smoke|full [smoke]', 'how long a suite runs: seconds, or minutes'),
    measure: list(
      ['gallery', 'tune'],
      'NAME,…',
      'run these sets of experiments first; all: every one',
      { names: 'sets', multiple: true, but: { tune: MEASURED_DESIGNS } },
    ),
    only: list(
      PEERS_RACE,
      'NAME,…',
      'only these stores, benchmarks and compressions; of what is not named, all',
      { names: 'raced', multiple: true },
    ),
    rule: text(['conform'], 'NAME', 'check this rule only; may be repeated', {
      names: 'rules',
      multiple: true,
    }),
  },
  'How much': {
    records: count(['exp', 'tune', ...MADE], 'COUNT [100k]', 'records that are loaded first', {
      range: [1, 1e9],
      but: {
        tune: { default: '10M', range: [1, Number.MAX_SAFE_INTEGER], help: 'unique entries' },
        'trace generate': { default: '1000' },
      },
    }),
    operations: count(EXP_AND_MADE, 'COUNT [100k]', 'operations of the run phases', {
      range: [0, 1e12],
      but: { 'trace generate': { default: '10k' } },
    }),
    until: choice(
      EXP,
      'steady',
      'continue the run phase past --operations until write amplification is steady, up to 50 ' +
        'times the larger of --operations and --records',
    ),
    'value-bytes': bytes(
      EXP_AND_MADE,
      'SIZE',
      "write records of one field of this size, without reading first, not the workload's own",
      { range: [1, 2 ** 30] },
    ),
    'user-bytes': bytes(
      EXP,
      'SIZE',
      'with --target=simulator: load this much, without keys, then make --operations, as many as ' +
        'records unless given (memtableBytes is 64MiB unless set)',
      { range: [1, 2 ** 50] },
    ),
    from: folder(
      EXP,
      'FOLDER',
      "with --target=simulator: start from the tree of this database, ours or RocksDB's, which is " +
        'only read; then --operations [0: only what is due]',
    ),
    entries: count(PEERS_RACE, 'COUNT [300k]', 'entries of 16 + 100 bytes', {
      range: [100, 1e8],
    }),
    rounds: count(PEERS_RACE, 'COUNT [5]', 'how often each store runs each benchmark', {
      range: [1, 100],
    }),
    quick: toggle(
      PEERS_RACE,
      '',
      'at most 20k entries, two rounds and no LZ4: in two minutes, for a look and not a claim',
    ),
    repeat: count(
      ['exp', 'trace record'],
      'COUNT [1]',
      'repeats; each draws its own streams, equal for all strategies',
      { range: [1, 1000], but: { 'trace record': ONE_REPEAT } },
    ),
    jobs: count(
      EXP,
      'COUNT',
      'runs at once, each in a process of its own, so with its memory: for runs whose times nobody ' +
        'reads [1; with a suite that only counts: the cores, at most 4]',
      { range: [1, 64] },
    ),
    seed: count(
      ['exp', 'compare', 'conform', 'tune', 'bench peers', ...MADE],
      'INTEGER [42]',
      'root seed of every random choice',
      { range: [0, 2 ** 32 - 1], but: { conform: { range: [0, 2 ** 31 - 1] } } },
    ),
    runs: count(['conform'], 'COUNT [50]', 'histories for each rule; expensive rules get a fifth', {
      range: [1, 1e6],
    }),
    phase: choice([...MADE, 'trace export'], 'all|load|run [all]', 'which phases'),
    'errors-max': count(
      ['trace import', 'trace stats'],
      'COUNT [0]',
      'malformed lines that are reported and skipped; one more is an error',
    ),
  },
  'When operations arrive': {
    rate: rate(
      EXP,
      'RATE',
      'open loop at this many operations a second (20k), or at a share of the sustainable rate ' +
        '(90%); a closed loop measures that rate first',
    ),
    arrival: text(
      EXP,
      'KIND,…',
      'constant [with --rate], poisson, sine,amplitude=0.5,period=10, steps,shares=0.5/1/1.5,' +
        'seconds=5, trace (as recorded), closed [without --rate]',
      { names: ['constant', 'poisson', 'sine', 'steps', 'trace', 'closed'] },
    ),
    clients: count(
      EXP,
      'COUNT [1]',
      'clients, each with its own loop or its own share of the rate; with --scheduling=threads ' +
        'and several of them (at most 64), each reads in a thread',
      { range: [1, 1024] },
    ),
  },
  'The mix of operations': {
    'zero-reads': number(TUNE, 'SHARE [0]', 'lookups of keys that do not exist'),
    reads: number(TUNE, 'SHARE [0]', 'lookups of keys that exist'),
    'short-scans': number(TUNE, 'SHARE [0]', 'scans of a block a run'),
    'long-scans': number(TUNE, 'SHARE [0]', 'scans of --scan-entries'),
    writes: number(TUNE, 'SHARE [0]', 'puts and deletes'),
    life: choice(
      TUNE,
      'steady|load [steady]',
      'costs are means over: steady, a long time in which the writes update loaded entries; or ' +
        'load, in which they are the load',
    ),
    rho: number(TUNE, 'NUMBER [0]', 'how far the mix may be off, as KL divergence (nats)', {
      range: [0, 1000],
    }),
  },
  'Data, memory and costs': {
    'entry-bytes': bytes(TUNE, 'SIZE [1k]', 'key and value of one'),
    memory: bytes(TUNE, 'SIZE [64MiB]', 'for the memtable and all filters together'),
    space: number(TUNE, 'RATIO [2]', 'most that a tree at rest may store ÷ its unique entries', {
      range: [1, 1e9],
    }),
    'scan-entries': count(TUNE, 'COUNT [10k]', 'entries a long scan returns'),
    'block-bytes': bytes(TUNE, 'SIZE [4k]', 'what one I/O reads'),
    filters: choice(TUNE, 'uniform|monkey [uniform]', 'how bits are divided'),
    'write-cost': number(TUNE, 'NUMBER [1]', 'cost of writing a block ÷ reading it'),
    sequential: number(TUNE, 'NUMBER [1]', 'speed of sequential ÷ random transfer', {
      range: [1, 1e9],
    }),
  },
  'What is shown': {
    baseline: text(
      ['compare'],
      'NAME',
      'the strategy, or design, that the others are compared with; the first unless given',
      { names: 'strategies' },
    ),
    metric: list(
      ['compare', 'report'],
      'NAME,…',
      'what the claim is about, chosen before looking; verdicts are corrected for it alone',
      { names: 'metrics', multiple: true },
    ),
    across: list(['compare'], 'engine|target|code', 'what may differ; may be repeated', {
      names: ['engine', 'target', 'code'] satisfies Across[],
      multiple: true,
    }),
    at: count(
      ['explain'],
      'NUMBER',
      'one event, by its number in the story; with its tree if recorded',
    ),
    level: count(
      ['explain', 'compare'],
      'LEVEL',
      'only events that read from or write to this level',
      { range: [0, 62], but: { compare: CONFIDENCE } },
    ),
    resamples: count(['compare'], 'COUNT [10000]', 'resamples of the bootstrap', {
      range: [100, 1e6],
    }),
    kind: list(['chart'], 'NAME,…', 'what to draw; all: whatever the results can feed', {
      names: 'kinds',
      multiple: true,
    }),
    section: list(['tidy'], 'NAME,…', 'only these sections of the results', {
      names: 'sections',
      multiple: true,
    }),
  },
  Storage: {
    storage: choice(EXP, 'node|memory [node]', 'where the engine writes: files or memory'),
    aged: folder(
      EXP,
      'FOLDER',
      'start from a loaded tree in FOLDER, which the first run loads and later runs reuse; ' +
        'figures cover the run phase only',
    ),
    create: toggle(['shell'], '', 'make a new database where the folder is missing or empty'),
    keep: toggle(
      EXP,
      '',
      'keep the database folder in --out, also when the run fails; a run whose result is there ' +
        'without its folder runs again',
    ),
  },
  Output: {
    out: folder(
      [...EXP, ...FROM_RESULTS, ...MADE, ...PEERS_RACE, 'trace import', 'trace export'],
      'FOLDER [out]',
      'folder of results and charts',
      {
        but: {
          gallery: { default: 'results/gallery' },
          'bench peers': { default: 'out/peers' },
          report: { ...ONE_PAGE, default: 'out/report.html' },
          timeline: { ...ONE_PAGE, default: 'out/timeline-<result>.html' },
          'trace generate': STREAM,
          'trace record': STREAM,
          'trace import': { ...ONE_TRACE, help: 'the trace: written whole, then renamed' },
          'trace export': STREAM,
        },
      },
    ),
    preset: choice(
      ['chart', 'gallery'],
      'one-column|two-column|slide [two-column]',
      'the page that figures are laid out for',
    ),
    caption: choice(
      ['chart'],
      'inside|file|none [inside]',
      'place of title and caption; file: in a text file next to the figure',
    ),
    sheet: file(['gallery'], 'FILE [results/contact-sheet.png]', 'the contact sheet'),
    record: file(EXP, 'FILE', 'write the operations to a trace; for one run only', {
      commandLineOnly: true,
    }),
    versions: toggle(
      EXP,
      '',
      'write every edit of the tree beside the result, for varve explain and timeline',
    ),
    force: toggle(
      EXP,
      '',
      'run again even if a result of the same configuration and code is there',
    ),
    format: choice(
      ['chart', 'tidy', ...MADE, 'trace import', 'trace export', 'trace stats', 'db stats'],
      'NAME',
      'format of the files',
      {
        but: {
          chart: { ...SEVERAL, default: 'svg', names: FIGURES },
          tidy: { ...SEVERAL, default: 'csv', names: ['csv', 'parquet'] },
          'trace generate': { default: 'ycsb', names: ['native', ...TEXTS] },
          'trace record': { default: 'native', names: ['native', ...TEXTS] },
          'trace import': { names: FOREIGN },
          'trace export': { names: TEXTS },
          'trace stats': { default: 'native', names: ['native', ...FOREIGN] },
          'db stats': { ...STATS_FORMAT, default: 'text', names: ['text', 'json', 'openmetrics'] },
        },
      },
    ),
    compression: choice([...MADE, 'trace import'], 'zstd|none [zstd]', 'of a native trace'),
    json: toggle(['compare', 'conform', 'tune', 'trace stats'], '', 'print JSON'),
  },
  General: {
    metrics: text(
      EXP,
      '[HOST]:PORT',
      'serve counters and progress as OpenMetrics at http://HOST:PORT/metrics during the runs [on ' +
        'loopback]; port 0: any that is free',
    ),
    config: file(EXP, 'FILE', 'options from JSON, under the same names; flags override it', {
      commandLineOnly: true,
    }),
    list: text(
      ['exp', 'conform'],
      'NAME',
      'show strategies, workloads, suites and options; with a name, all about it',
      { names: 'listed', valueOptional: true, commandLineOnly: true, but: { conform: ALL_RULES } },
    ),
    'key-file': file(
      [
        'db verify',
        'db dump',
        'db checkpoint',
        'db ingest',
        'db repair',
        'db compact',
        'db stats',
        'shell',
      ],
      'FILE',
      'key of an encrypted folder, 32 bytes or 64 hexadecimal digits; also $VARVE_KEY_FILE',
    ),
    'dry-run': toggle(['db repair'], '', 'list what a repair would do, and write nothing'),
    'to-key-file': file(['db checkpoint'], 'FILE', 'another key for the new folder'),
    quiet: toggle('all', '', 'no progress, notes and tables; only answers, warnings and errors'),
    debug: toggle('all', '', 'show the stack of an error'),
    help: toggle('all', '', 'show this help', { commandLineOnly: true }),
  },
}

export type FlagGroup = keyof typeof FLAG_TABLE
