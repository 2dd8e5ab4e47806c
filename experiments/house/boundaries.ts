/**
 * Owns the rules of imports: rooms are folders, and imports run in one direction. Invariant: every
 * source file belongs to exactly one room; a room imports only itself and the rooms that its rule
 * names.
 */

export interface SourceFile {
  /** Path from the top of the checkout, separated by '/'. */
  readonly path: string
  readonly text: string
}

export interface Violation {
  readonly path: string
  readonly imported: string
  readonly rule: string
}

/** Rooms or files of `folder`; `names` are separated by spaces. */
const inFolder = (folder: string, names: string, ending = '') =>
  names.split(' ').map((name) => `${folder}/${name}${ending}`)

const engineRooms = (names: string) => inFolder('engine', names)
const ENGINE_FACE = 'engine/index.ts'
const BELOW_DB = engineRooms(
  'base storage version wal memtable cache table vlog manifest iterators compaction scheduling ' +
    'transaction',
)
const WHOLE_ENGINE = [...BELOW_DB, 'engine/db']
/**
 * Everything that engine/db/values may import from engine/db: vocabulary, and the cursor of async
 * scans.
 */
const DB_VOCABULARY = inFolder('engine/db', 'options events call-options cursor', '.ts')
const SEAM = 'engine/compaction/strategy.ts'
/** The checks of a strategy's answers, which are pure. */
const SEAM_ANSWERS = 'engine/compaction/strategy-answers.ts'
const VALUE_LOG_SEAM = 'engine/compaction/value-log-policy.ts'
const SCHEDULING_SEAM = 'engine/scheduling/policy.ts'
/** Values are compressed in the same way as blocks. */
const COMPRESSION = 'engine/table/compression.ts'
/** Pure arithmetic: strategies divide filter bits by the engine's own curve. */
const FILTER_CURVE = 'engine/table/filter.ts'
/** Decisions of the engine that read no bytes. A simulator must decide in the same way. */
const PURE_RULES = [
  ...inFolder('engine/compaction', 'validate-spec resolved-spec guarded-strategy', '.ts'),
  ...inFolder('engine/compaction', 'placement older-overlap soft-cuts', '.ts'),
  'engine/scheduling',
  'engine/table/table-size.ts',
]
/** Pure vocabulary: a reader of results needs the names of causes without loading the engine. */
const LEDGER = 'engine/storage/ledger.ts'

/** The tree, the seams and pure arithmetic. */
const WHAT_A_POLICY_SEES = [
  ...engineRooms('base version'),
  ...[SEAM, SEAM_ANSWERS, VALUE_LOG_SEAM, SCHEDULING_SEAM, FILTER_CURVE],
]
/** What a strategy or a family may import: never another family. */
const STRATEGY_PARTS = [
  'strategies/define-strategy.ts',
  'strategies/primitives',
  ...WHAT_A_POLICY_SEES,
]
/** Files at the top of `strategies/` belong to all strategies and may import each of them. */
const STRATEGY_ROOMS: Readonly<Record<string, readonly string[]>> = {
  'strategies/primitives': WHAT_A_POLICY_SEES,
  'strategies/filters': ['strategies/primitives', ...WHAT_A_POLICY_SEES],
  'strategies/model': WHAT_A_POLICY_SEES,
  'strategies/vlog-gc': WHAT_A_POLICY_SEES,
  'strategies/scheduling': WHAT_A_POLICY_SEES,
  'strategies/whole-levels': STRATEGY_PARTS,
  'strategies/partial-levels': STRATEGY_PARTS,
  'strategies/fragmented': STRATEGY_PARTS,
  'strategies/incremental-tiering': STRATEGY_PARTS,
  'strategies/unified': STRATEGY_PARTS,
  'strategies/universal': STRATEGY_PARTS,
  'strategies/fifo.ts': STRATEGY_PARTS,
  'strategies/lsm-bush.ts': STRATEGY_PARTS,
  'strategies/spooky.ts': STRATEGY_PARTS,
  'strategies/time-window.ts': STRATEGY_PARTS,
  'strategies/composed': [
    'strategies/whole-levels',
    'strategies/partial-levels',
    ...STRATEGY_PARTS,
  ],
}

/**
 * Rooms that every room of experiments may import. Beside the engine's public face this is pure
 * vocabulary of it, so that commands which only read results need not load the whole engine.
 */
const PRODUCT = [
  ENGINE_FACE,
  ...engineRooms('base version'),
  LEDGER,
  ...['strategies', 'workloads', 'results'],
]
/** Rooms between the command line and the runs; each makes one thing from runs or results. */
const PURPOSES = 'suites report timeline story compare export charts trace browser'
const RUN_AND_BELOW = 'run targets load measure machine base'
/** From bottom to top, the rooms that each may import: no row names a room of a later row. */
const EXPERIMENTS: Readonly<Record<string, string>> = {
  base: '',
  machine: 'base',
  measure: 'base machine',
  load: 'base',
  targets: 'base machine measure',
  run: RUN_AND_BELOW,
  browser: '',
  trace: 'base',
  charts: 'base measure browser',
  export: '',
  compare: 'base measure',
  story: 'base',
  timeline: 'base browser charts story',
  report: 'base measure browser charts compare',
  suites: RUN_AND_BELOW,
  cli: `${PURPOSES} ${RUN_AND_BELOW}`,
  commands: `cli ${PURPOSES} ${RUN_AND_BELOW}`,
  'main.ts': 'commands cli',
  bench: `cli ${PURPOSES} ${RUN_AND_BELOW}`,
  house: 'base browser machine',
}
/** What a room may import from outside of experiments, where it is not the product. */
const INSTEAD_OF_PRODUCT: Readonly<Record<string, readonly string[]>> = {
  browser: ['engine/base'],
  charts: [FILTER_CURVE, ...PRODUCT],
  export: ['results'],
  'main.ts': [],
  bench: [...WHOLE_ENGINE, ...PRODUCT],
  house: [],
}
const EXPERIMENTS_ROOMS = Object.fromEntries(
  Object.entries(EXPERIMENTS).map(([room, others]) => {
    const inside = others === '' ? [] : inFolder('experiments', others)
    return [`experiments/${room}`, [...inside, ...(INSTEAD_OF_PRODUCT[room] ?? PRODUCT)]]
  }),
)

export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'engine/base': [],
  'engine/storage': engineRooms('base'),
  'engine/version': engineRooms('base'),
  'engine/memtable': engineRooms('base'),
  'engine/cache': engineRooms('base'),
  'engine/wal': engineRooms('base storage'),
  'engine/table': engineRooms('base storage cache'),
  'engine/vlog': [...engineRooms('base storage cache'), COMPRESSION],
  'engine/manifest': engineRooms('base storage wal version'),
  'engine/iterators': engineRooms('base version'),
  'engine/compaction': engineRooms('base storage version table vlog iterators'),
  'engine/scheduling': engineRooms(
    'base version memtable storage wal table vlog iterators compaction',
  ),
  'engine/transaction': engineRooms('base version wal memtable iterators'),
  'engine/db': BELOW_DB,
  'engine/db/values': [...BELOW_DB, ...DB_VOCABULARY],
  'engine/db/threads': [
    ...BELOW_DB,
    ...inFolder('engine/db', 'job-room options table-handles values/relocation', '.ts'),
  ],
  'engine/db/offline': WHOLE_ENGINE,
  'engine/testing': WHOLE_ENGINE,
  'engine/index.ts': WHOLE_ENGINE,
  strategies: WHAT_A_POLICY_SEES,
  ...STRATEGY_ROOMS,
  'strategies/simulator': ['strategies', ...engineRooms('base version'), SEAM, ...PURE_RULES],
  'strategies/open.ts': ['strategies', ENGINE_FACE, ...engineRooms('base')],
  'strategies/conformance': [
    'strategies',
    ENGINE_FACE,
    ...engineRooms('base version compaction scheduling testing'),
  ],
  workloads: [ENGINE_FACE, 'engine/base', 'engine/wal/write-batch.ts'],
  results: ['engine/base', ENGINE_FACE, LEDGER],
  ...EXPERIMENTS_ROOMS,
  notebooks: ['results', ...inFolder('experiments', 'base cli charts')],
}

/** Rooms above the room that contains them; the outer room must not import them. */
const ABOVE_THEIR_ROOM = ['engine/db/offline']

const RECURSIVE_MKDIR =
  'under /proc it never returns: experiments/base/make-folder.ts, or the storage'

const TYPE_BY_STATEMENT = 'written import type { … } from: the linter sees only those in a circle'

/** Only these rooms use the file system. */
const FILE_SYSTEM = [
  'engine/storage',
  'workloads/traces',
  'experiments',
  'results',
  'notebooks',
  'strategies/conformance/foreign-imports.ts',
]
/** Strategies that each break one rule of the conformance kit, to test that the kit finds it. */
const BROKEN_ON_PURPOSE = 'strategies/conformance/broken'
/** Only these use the system's clock or unseeded randomness. */
const CLOCK = ['engine/base/clock.ts', 'experiments', 'results', 'notebooks', BROKEN_ON_PURPOSE]

const IMPORT = /(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g

/** Tests, and the processes they start, may import anything. */
const isTest = (path: string) => /\.(test|child)\.ts$/.test(path) || path.includes('/testing/')

export function findViolations(files: readonly SourceFile[]): readonly Violation[] {
  return files.flatMap((file) => [...importViolations(file), ...effectViolations(file)])
}

function importViolations({ path, text }: SourceFile): readonly Violation[] {
  if (isTest(path)) return []
  const room = roomOf(path)
  if (room === undefined) return [{ path, imported: '', rule: 'no room has this file' }]
  const listed = MAY_IMPORT[room]!
  const allowed = [room, ...listed]
  const mayImport = (target: string) =>
    listed.some((prefix) => isWithin(target, prefix)) || isOwn(target, room)
  return [...text.matchAll(IMPORT)]
    .map((match) => match[1]!)
    .filter((target) => target.startsWith('.'))
    .map((target) => resolve(path, target))
    .filter((target) => !mayImport(target))
    .map((imported) => ({ path, imported, rule: `${room} may import: ${allowed.join(', ')}` }))
}

function effectViolations({ path, text }: SourceFile): readonly Violation[] {
  if (isTest(path)) return []
  const violations: Violation[] = []
  if (/['"]node:fs(\/promises)?['"]/.test(text) && !FILE_SYSTEM.some((p) => isWithin(path, p))) {
    violations.push({
      path,
      imported: 'node:fs',
      rule: `files belong to ${FILE_SYSTEM.join(', ')}`,
    })
  }
  if (/\bmkdir(Sync)?\([^)]*\brecursive\b/.test(text)) {
    violations.push({ path, imported: 'mkdir, recursive', rule: RECURSIVE_MKDIR })
  }
  if (/\btypeof import\(|\bimport\('[^']+'\)\.[A-Z]/.test(text)) {
    violations.push({ path, imported: 'a type, in line', rule: TYPE_BY_STATEMENT })
  }
  const effects = /\b(Date\.now|performance\.now|Math\.random|process\.hrtime)\b/.exec(text)?.[1]
  if (effects !== undefined && !CLOCK.some((prefix) => isWithin(path, prefix))) {
    violations.push({ path, imported: effects, rule: 'time and randomness are handed in' })
  }
  return violations
}

function roomOf(path: string): string | undefined {
  return Object.keys(MAY_IMPORT)
    .filter((room) => isWithin(path, room))
    .sort((a, b) => b.length - a.length)[0]
}

function isOwn(target: string, room: string): boolean {
  const above = ABOVE_THEIR_ROOM.find((inner) => isWithin(target, inner))
  return isWithin(target, room) && (above === undefined || above === room)
}

function isWithin(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`)
}

function resolve(from: string, target: string): string {
  const parts = from.split('/').slice(0, -1)
  for (const part of target.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '.') parts.push(part)
  }
  return parts.join('/')
}
