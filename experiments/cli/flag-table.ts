/**
 * Owns the vocabulary of the command line and of config files: each flag once, under the heading of
 * the help, with the verbs that take it. It imports only types, since every command loads it.
 *
 * Invariant: what differs for one verb, such as a default or the names it accepts, stands in `but`.
 */
import type { PeerName } from '../../results/peer-schema.ts'
import type { ChartFormat } from '../charts/chart-format.ts'
import type { PresetName } from '../charts/theme.ts'
import type { Across } from '../compare/pairing.ts'
import type { OutputFormat } from '../trace/trace-output.ts'
import type { NameSource } from './names.ts'

export type VerbName =
  | ('exp' | 'compare' | 'explain' | 'timeline' | 'report' | 'chart' | 'tidy' | 'gallery')
  | ('tune' | 'conform' | 'completion' | 'complete')
  | `trace ${'generate' | 'record' | 'import' | 'export' | 'stats'}`
  | `db ${'verify' | 'dump' | 'export'}`

/** How a value is read and completed. A list is separated by commas. */
export type FlagKind =
  | ('switch' | 'text' | 'file' | 'folder' | 'choice' | 'list')
  | ('count' | 'bytes' | 'number' | 'rate' | 'assignments')

/** What is the same for every verb that takes the flag, unless it says otherwise. */
export interface FlagSpec {
  readonly kind: FlagKind
  /** What stands for the value in the help; null: a switch. */
  readonly value: string | null
  readonly help: string
  /** As typed; null where there is none. */
  readonly default: string | null
  /** The names that the value may have, or where they are found; null: it is no name. */
  readonly names: readonly string[] | NameSource | null
  /** Of a count, a size or a number. */
  readonly range: readonly [min: number, max: number]
  /** May be given several times. */
  readonly multiple: boolean
  /** May stand without its value. */
  readonly valueOptional: boolean
  /** Steers the command itself, so it has no place in a config file. */
  readonly commandLineOnly: boolean
}

interface Row extends FlagSpec {
  readonly verbs: readonly VerbName[] | 'all'
  readonly but?: Readonly<Partial<Record<VerbName, Partial<FlagSpec>>>>
}

/** A maker of rows of one kind. */
function rows(kind: FlagKind, value: string | null, shared: Partial<Row> = {}) {
  return (verbs: Row['verbs'], help: string, more: Partial<Row> = {}): Row => ({
    kind,
    value,
    default: null,
    names: null,
    range: [0, Number.MAX_SAFE_INTEGER],
    multiple: false,
    valueOptional: false,
    commandLineOnly: false,
    ...shared,
    ...more,
    verbs,
    help,
  })
}

const toggle = rows('switch', null)
const text = rows('text', 'NAME')
const rate = rows('rate', 'RATE')
const file = rows('file', 'FILE')
const folder = rows('folder', 'FOLDER')
const choice = rows('choice', 'NAME')
const list = rows('list', 'NAME,…')
const count = rows('count', 'COUNT')
const bytes = rows('bytes', 'SIZE', { range: [1, Number.MAX_SAFE_INTEGER] })
/** Weights and ratios of more orders of magnitude would overflow where they are multiplied. */
const number = rows('number', 'NUMBER', { range: [0, 1e9] })
const assignments = rows('assignments', 'NAME=VALUE', { multiple: true })

const WRITERS = [
  ...(['exp', 'chart', 'tidy', 'gallery', 'report', 'timeline'] as const),
  ...(['trace generate', 'trace record', 'trace import', 'trace export'] as const),
]
const FORMATTERS = [
  ...(['chart', 'tidy', 'trace generate', 'trace record'] as const),
  ...(['trace import', 'trace export', 'trace stats'] as const),
]
const SHARE = { value: 'SHARE', default: '0' }
const MADE = ['trace generate', 'trace record'] as const
const EXP_AND_MADE = ['exp', ...MADE] as const
const READ = ['trace import', 'trace stats'] as const
const FIGURES = ['vl.json', 'svg', 'png', 'pdf', 'html'] satisfies ChartFormat[]
const TRACES = ['native', 'ycsb', 'rocksdb', 'csv'] satisfies OutputFormat[]
const PEERS = ['leveldb', 'rocksdb', 'lmdb', 'sqlite', 'db_bench'] satisfies PeerName[]
/** Of files that others recorded. */
const FOREIGN = ['ycsb', 'rocksdb']
const ONE_WORKLOAD = {
  kind: 'text',
  value: 'NAME',
  help: 'a workload, or the file of one',
} as const
const ONE_PAGE = { kind: 'file', value: 'FILE', help: 'the page' } as const
const ONE_STREAM = {
  kind: 'file',
  value: 'FILE',
  default: null,
  help: 'written whole, then renamed; standard output without it',
} as const
const SEVERAL = { kind: 'list', value: 'NAME,…', multiple: true } as const

export const FLAG_TABLE = {
  'What runs': {
    strategy: list(
      ['exp', 'explain'],
      'compaction strategies: registered names or paths of modules of your own',
      {
        default: 'tiering',
        names: 'strategies',
        but: {
          explain: {
            kind: 'text',
            value: 'NAME',
            default: null,
            help: 'with --at: what this strategy, or module, would pick there',
          },
        },
      },
    ),
    workload: list(
      EXP_AND_MADE,
      'workloads: names, or paths of specs (JSON) and of YCSB property files',
      {
        default: 'ycsb-a',
        names: 'workloads',
        but: { 'trace generate': ONE_WORKLOAD, 'trace record': ONE_WORKLOAD },
      },
    ),
    trace: file(['exp'], 'run the operations of a trace (varve trace) instead of a workload'),
    target: list(
      ['exp'],
      'what runs the operations: varve, the engine; simulator, its tree without bytes; or another ' +
        'store under equal budgets: leveldb, rocksdb, lmdb, sqlite, db_bench',
      { default: 'varve', names: ['varve', 'simulator', ...PEERS] },
    ),
    param: assignments(
      ['exp', 'explain', 'conform', ...MADE],
      'a parameter, for every strategy or workload that has it; a list is written K=3,2,1; may be ' +
        'repeated',
      { names: 'parameters' },
    ),
    set: assignments(
      ['exp', 'conform'],
      'an engine option (memtableBytes is 1MiB here unless set); may be repeated',
      {
        value: 'OPTION=VALUE',
        names: 'options',
        but: {
          conform: {
            names: ['retentionMaxAgeMs', 'retentionMaxBytes'],
            help: 'retentionMaxAgeMs or retentionMaxBytes, for a strategy that drops [an hour, none]',
          },
        },
      },
    ),
    suite: text(
      ['exp'],
      'a named set of runs and the claims it checks; it sets every option that describes a run',
      { names: 'suites' },
    ),
    scale: choice(['exp'], 'how long a suite runs: seconds, or minutes', {
      value: 'smoke|full',
      default: 'smoke',
      names: ['smoke', 'full'],
    }),
    measure: list(['gallery'], 'run these sets of experiments first; all: every one', {
      names: 'sets',
      multiple: true,
    }),
    rule: text(['conform'], 'check this rule only; may be repeated', {
      names: 'rules',
      multiple: true,
    }),
  },
  'How much': {
    records: count(['exp', 'tune', ...MADE], 'records loaded before the run phase', {
      default: '100k',
      range: [1, 1e9],
      but: {
        tune: { default: '10M', range: [1, Number.MAX_SAFE_INTEGER], help: 'unique entries' },
        'trace generate': { default: '1000' },
      },
    }),
    operations: count(EXP_AND_MADE, 'operations of the run phases', {
      default: '100k',
      range: [0, 1e12],
      but: { 'trace generate': { default: '10k' } },
    }),
    until: choice(
      ['exp'],
      'continue the run phase past --operations until write amplification is steady, up to 50 times ' +
        'the larger of --operations and --records',
      { value: 'steady', names: ['steady'] },
    ),
    'value-bytes': bytes(
      EXP_AND_MADE,
      "write records of one field of this size, without reading first, not the workload's own",
      { range: [1, 2 ** 30] },
    ),
    'user-bytes': bytes(
      ['exp'],
      'with --target=simulator: load this much, without keys (memtableBytes is 64MiB unless set)',
      { range: [1, 2 ** 50] },
    ),
    repeat: count(
      ['exp', 'trace record'],
      'repeats; each draws its own streams, equal for all strategies',
      {
        default: '1',
        range: [1, 1000],
        but: {
          'trace record': { value: 'INDEX', default: '0', help: 'which repeat of a run, from 0' },
        },
      },
    ),
    seed: count(['exp', 'compare', 'conform', ...MADE], 'root seed of every random choice', {
      value: 'INTEGER',
      default: '42',
      range: [0, 2 ** 32 - 1],
      but: { conform: { range: [0, 2 ** 31 - 1] } },
    }),
    runs: count(['conform'], 'histories a rule; costly rules take a fifth', {
      default: '50',
      range: [1, 1e6],
    }),
    phase: choice([...MADE, 'trace export'], 'which phases', {
      value: 'all|load|run',
      default: 'all',
      names: ['all', 'load', 'run'],
    }),
    'errors-max': count(
      READ,
      'malformed lines that are reported and skipped; one more is an error',
      {
        default: '0',
      },
    ),
  },
  'When operations arrive': {
    rate: rate(
      ['exp'],
      'open loop at this many operations a second (20k), or at a share of the sustainable rate (90%); ' +
        'a closed loop measures that rate first',
    ),
    arrival: text(
      ['exp'],
      'constant [with --rate], poisson, sine,amplitude=0.5,period=10, steps,shares=0.5/1/1.5,' +
        'seconds=5, trace (as recorded), closed [without --rate]',
      {
        value: 'KIND,…',
        names: ['constant', 'poisson', 'sine', 'steps', 'trace', 'closed'],
      },
    ),
    clients: count(
      ['exp'],
      'logical clients; each has its own loop, or its own share of the rate',
      { default: '1', range: [1, 1024] },
    ),
  },
  'The mix of operations': {
    'zero-reads': number(['tune'], 'lookups of keys that do not exist', SHARE),
    reads: number(['tune'], 'lookups of keys that exist', SHARE),
    'short-scans': number(['tune'], 'scans of a block a run', SHARE),
    'long-scans': number(['tune'], 'scans of --scan-entries', SHARE),
    writes: number(['tune'], 'puts and deletes', SHARE),
    rho: number(['tune'], 'how far the mix may be off, as KL divergence (nats)', {
      default: '0',
      range: [0, 1000],
    }),
  },
  'Data, memory and costs': {
    'entry-bytes': bytes(['tune'], 'key and value of one', { default: '1k' }),
    memory: bytes(['tune'], 'for the memtable and all filters together', { default: '64MiB' }),
    'scan-entries': count(['tune'], 'entries a long scan returns', {
      default: '10k',
      range: [1, Number.MAX_SAFE_INTEGER],
    }),
    'block-bytes': bytes(['tune'], 'what one I/O reads', { default: '4k' }),
    filters: choice(['tune'], 'how bits are divided', {
      value: 'uniform|monkey',
      default: 'uniform',
      names: ['uniform', 'monkey'],
    }),
    'write-cost': number(['tune'], 'cost of writing a block ÷ reading it', { default: '1' }),
    sequential: number(['tune'], 'speed of sequential ÷ random transfer', {
      default: '1',
      range: [1, 1e9],
    }),
  },
  'What is shown': {
    baseline: text(
      ['compare'],
      'the strategy, or design, that the others are compared with; the first unless given',
      { names: 'strategies' },
    ),
    across: list(['compare'], 'what may differ between the sides; may be repeated', {
      value: 'engine|target|code',
      names: ['engine', 'target', 'code'] satisfies Across[],
      multiple: true,
    }),
    at: count(['explain'], 'one event, by its number in the story; with its tree if recorded', {
      value: 'NUMBER',
    }),
    level: count(['explain', 'compare'], 'only events that read from or write to this level', {
      value: 'LEVEL',
      range: [0, 62],
      but: {
        compare: {
          value: 'PERCENT',
          default: '95',
          range: [50, 99],
          help: 'confidence of the intervals',
        },
      },
    }),
    resamples: count(['compare'], 'resamples of the bootstrap', {
      default: '10000',
      range: [100, 1e6],
    }),
    kind: list(['chart'], 'what to draw; all: whatever the results can feed', {
      names: 'kinds',
      multiple: true,
    }),
    section: list(['tidy'], 'only these sections of the results', {
      names: 'sections',
      multiple: true,
    }),
    preset: choice(['chart', 'gallery'], 'the page that figures are laid out for', {
      value: 'one-column|two-column|slide',
      default: 'two-column',
      names: ['one-column', 'two-column', 'slide'] satisfies PresetName[],
    }),
    caption: choice(['chart'], 'where title and caption stand; file: in a text beside the figure', {
      value: 'inside|file|none',
      default: 'inside',
      names: ['inside', 'file', 'none'],
    }),
  },
  'Where it is kept': {
    storage: choice(['exp'], 'where the engine writes: files or memory', {
      value: 'node|memory',
      default: 'node',
      names: ['node', 'memory'],
    }),
    aged: folder(
      ['exp'],
      'start from a loaded tree in FOLDER, which the first run loads and later runs reuse; figures ' +
        'cover the run phase only',
    ),
    keep: toggle(
      ['exp'],
      'keep the database folder in --out, also when the run fails; a run whose result is there ' +
        'without its folder runs again',
    ),
    out: folder(WRITERS, 'folder of results and charts', {
      default: 'out',
      but: {
        gallery: { default: 'results/gallery' },
        report: { ...ONE_PAGE, default: 'out/report.html' },
        timeline: { ...ONE_PAGE, default: 'out/timeline-<result>.html' },
        'trace generate': ONE_STREAM,
        'trace record': ONE_STREAM,
        'trace import': { ...ONE_STREAM, help: 'the trace: written whole, then renamed' },
        'trace export': ONE_STREAM,
      },
    }),
    sheet: file(['gallery'], 'the contact sheet', { default: 'results/contact-sheet.png' }),
    record: file(['exp'], 'write the operations to a trace; for one run only', {
      commandLineOnly: true,
    }),
    versions: toggle(
      ['exp'],
      'write every edit of the tree beside the result, for varve explain and timeline',
    ),
    force: toggle(
      ['exp'],
      'run again even if a result of the same configuration and code is there',
    ),
    format: choice(FORMATTERS, 'format of the files', {
      names: TRACES,
      but: {
        chart: { ...SEVERAL, default: 'svg', names: FIGURES },
        tidy: { ...SEVERAL, default: 'csv', names: ['csv', 'parquet'] },
        'trace generate': { default: 'ycsb' },
        'trace record': { default: 'native' },
        'trace import': { names: FOREIGN },
        'trace export': { names: TRACES.filter((name) => name !== 'native') },
        'trace stats': { default: 'native', names: ['native', ...FOREIGN] },
      },
    }),
    compression: choice([...MADE, 'trace import'], 'of a native trace', {
      value: 'zstd|none',
      default: 'zstd',
      names: ['zstd', 'none'],
    }),
    json: toggle(['compare', 'conform', 'tune', 'trace stats'], 'print JSON'),
  },
  'The command itself': {
    config: file(['exp'], 'options from JSON, under the same names; flags override it', {
      commandLineOnly: true,
    }),
    list: text(
      ['exp', 'conform'],
      'show strategies, workloads, suites and options; with a name, all about it',
      {
        names: 'listed',
        valueOptional: true,
        commandLineOnly: true,
        but: {
          conform: { kind: 'switch', value: null, valueOptional: false, help: 'show the rules' },
        },
      },
    ),
    quiet: toggle('all', 'no progress, notes and tables; only answers, warnings and errors'),
    debug: toggle('all', 'show the stack of an error'),
    help: toggle('all', 'show this help', { commandLineOnly: true }),
  },
}

export type FlagGroup = keyof typeof FLAG_TABLE
