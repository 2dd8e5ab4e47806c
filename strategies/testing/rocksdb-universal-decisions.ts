/** Owns the universal part of `rocksdb-decisions.ts`, by the same rules. Sizes are file sizes. */

import type { Decision } from './rocksdb-decisions.ts'

const KB100 = 100_000

interface File {
  readonly id: number
  readonly from: string
  readonly to: string
  readonly bytes?: number
  /** Marked for compaction. */
  readonly marked?: boolean
  /** Older than the period. */
  readonly old?: boolean
}

/** The age of files that are not old; all are of time 0 otherwise. */
const NEW_MS = 5_000_000

const file = (id: number, from: string, to: string, times = 1, more: Partial<File> = {}): File => ({
  id,
  from,
  to,
  bytes: times * KB100,
  ...more,
})

function printed({ id, from, to, bytes = 1, marked, old }: File): string {
  const entries = marked === true ? ' entries=2 tombstones=2 deleted=0' : ' entries=2'
  const created = old === true ? '' : ` created=${NEW_MS}`
  return `${id}[${from},${to}] bytes=${bytes} values=${bytes}${entries}${created}`
}

/** Level 0 is a list of runs, newest first; every deeper level is one run. */
function tree(levels: Readonly<Record<number, readonly File[]>>): string {
  return Object.entries(levels)
    .map(([level, files]) => {
      const runs =
        level === '0'
          ? files.map((each) => `R${each.id}: ${printed(each)}`)
          : [`R${20_000 + Number(level)}: ${files.map(printed).join('; ')}`]
      return [`L${level}`, ...runs].join('\n')
    })
    .join('\n')
}

const universal = (
  test: string,
  params: Decision['params'],
  levels: Readonly<Record<number, readonly File[]>>,
  picks: string,
  more: Partial<Decision> = {},
): Decision => ({
  test,
  strategy: 'universal',
  params,
  tree: tree(levels),
  nowMs: NEW_MS,
  picks,
  ...more,
})

const PERIODIC = { num_levels: 5, periodic_compaction_seconds: 1000 }
const MARKED = { deletion_ratio: 0.5 }
const INCREMENTAL = { num_levels: 5, incremental: true, max_size_amplification_percent: 30 }

const NEWEST = file(1, '150', '200')
const SECOND = file(2, '201', '250')
const THIRD = file(4, '260', '300')

/** Files of level 3, and pairs of files of level 4: one inside each, one between two. */
function manyFiles(to: number, times: (at: number) => number, tieBreaker: readonly File[] = []) {
  const upper: File[] = []
  const lower: File[] = []
  for (let at = 11; at < to; at++) {
    const id = 100 + at * 3
    upper.push(file(id, `${at * 100}`, `${at * 100 + 80}`, times(at)))
    if (at === 66) upper.push(...tieBreaker)
    lower.push(file(id + 1, `${at * 100 + 30}`, `${at * 100 + 50}`))
    lower.push(file(id + 2, `${at * 100 + 60}`, `${at * 100 + 110}`))
  }
  return { 0: [NEWEST], 2: [file(2, '010', '080')], 3: upper, 4: lower }
}

const LAST = [
  file(10, '201', '250'),
  file(11, '301', '350'),
  file(12, '401', '450'),
  file(13, '501', '750'),
  file(14, '801', '850'),
  file(15, '901', '950'),
]

const MIB = 2 ** 20
const numbers = (from: number, to: number, step = 1) =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, at) => from + at * step).join(' ')

/** A last run of 20 GB below `count` runs that double in size. */
function doubling(max_read_amp: number, count: number, picks: string): Decision {
  const levels: Record<number, readonly File[]> = {}
  for (let level = 0; level < count; level++) {
    levels[level] = [{ id: 100 - level, from: '100', to: '200', bytes: MIB * 2 ** level }]
  }
  levels[49] = [{ id: 10, from: '100', to: '200', bytes: 20 * 2 ** 30 }]
  const level0_file_num_compaction_trigger = max_read_amp === -1 ? 8 : 4
  return universal(
    `UniversalMaxReadAmpLargeDB, max_read_amp ${max_read_amp}, ${count} runs above the last`,
    { num_levels: 50, size_ratio: 10, max_read_amp, level0_file_num_compaction_trigger },
    levels,
    picks,
    { memtableBytes: 256 * MIB },
  )
}

const thirtyRuns = Array.from({ length: 30 }, (_, at): File => {
  const id = at + 1
  return file(id, `${(id + 100) * 1000}`, `${(id + 100) * 1000 + 999}`)
}).toReversed()
const THIRTY_AND_ONE = { 0: thirtyRuns, 4: [file(31, '131000', '131999')] }
const EXCLUDING = { num_levels: 5, max_size_amplification_percent: 1 }

export const UNIVERSAL_DECISIONS: readonly Decision[] = [
  universal(
    'NeedsCompactionUniversal, three files',
    { num_levels: 1 },
    { 0: [file(3, '103000', '103999'), file(2, '102000', '102999'), file(1, '101000', '101999')] },
    'nothing',
  ),
  universal(
    'NeedsCompactionUniversal, four files',
    { num_levels: 1 },
    {
      0: [
        file(4, '104000', '104999'),
        file(3, '103000', '103999'),
        file(2, '102000', '102999'),
        file(1, '101000', '101999'),
      ],
    },
    'merge L0 1 2 3 4 -> L0',
  ),
  universal(
    'CannotTrivialMoveUniversal',
    { num_levels: 3 },
    {
      0: [NEWEST, SECOND, THIRD],
      1: [file(5, '100', '151'), file(3, '301', '350')],
      2: [file(6, '120', '200')],
    },
    'merge L0 1 2 4 + L1 5 3 + L2 6 -> L2',
  ),
  universal(
    'UniversalPeriodicCompaction1',
    PERIODIC,
    {
      0: [NEWEST, SECOND, THIRD],
      3: [file(5, '010', '080')],
      4: [file(3, '301', '350', 1, { old: true }), file(6, '501', '750')],
    },
    'merge L0 4 + L3 5 + L4 3 6 -> L4',
    { running: [{ level: 0, tables: [2], to: 0 }] },
  ),
  universal(
    'UniversalPeriodicCompaction2',
    PERIODIC,
    {
      0: [file(1, '150', '200', 1, { old: true })],
      3: [file(5, '010', '080')],
      4: [file(3, '301', '350'), file(6, '501', '750')],
    },
    'nothing',
    { running: [{ level: 3, tables: [5], to: 3 }] },
  ),
  universal(
    'UniversalPeriodicCompaction3',
    PERIODIC,
    {
      0: [file(1, '150', '200', 1, { old: true }), file(5, '010', '080'), file(6, '501', '750')],
    },
    'nothing',
    { running: [{ level: 0, tables: [5], to: 0 }] },
  ),
  universal(
    'UniversalPeriodicCompaction5',
    PERIODIC,
    { 0: [file(6, '150', '200', 1, { old: true })] },
    'merge L0 6 -> L4',
  ),
  universal(
    'UniversalPeriodicCompaction6',
    PERIODIC,
    { 4: [file(5, '150', '200'), file(6, '350', '400', 1, { old: true })] },
    'merge L4 5 6 -> L4',
  ),
  universal(
    'UniversalIncrementalSpace1',
    { ...INCREMENTAL, max_compaction_bytes: 555_555 },
    {
      0: [NEWEST],
      2: [file(2, '010', '080')],
      3: [
        file(5, '310', '380'),
        file(6, '410', '880'),
        { id: 7, from: '910', to: '980', bytes: 1 },
      ],
      4: LAST,
    },
    'merge L3 5 6 + L4 11 12 13 14 -> L4',
  ),
  universal(
    'UniversalIncrementalSpace2',
    { ...INCREMENTAL, max_compaction_bytes: 400_000 },
    {
      0: [NEWEST],
      1: [file(2, '010', '080')],
      2: [file(5, '310', '380'), file(6, '410', '880'), file(7, '910', '980')],
      4: LAST,
    },
    'merge L2 7 + L4 15 -> L4',
  ),
  universal(
    'UniversalIncrementalSpace3',
    { ...INCREMENTAL, max_compaction_bytes: 300_000 },
    {
      0: [NEWEST],
      2: [file(2, '010', '080')],
      3: [
        file(5, '000', '180'),
        file(6, '181', '190'),
        file(7, '710', '810'),
        file(8, '820', '830'),
        file(9, '900', '991'),
      ],
      4: LAST,
    },
    'merge L2 2 + L3 5 6 -> L4',
  ),
  universal(
    'UniversalIncrementalSpace4',
    { ...INCREMENTAL, max_compaction_bytes: 3_200_000 },
    manyFiles(79, () => 1, [file(10_000, '6690', '6699')]),
    `merge L3 ${numbers(286, 298, 3)} 10000 + L4 285 287 288 290 291 293 294 296 297 299 300 -> L4`,
  ),
  universal(
    'UniversalIncrementalSpace5',
    { ...INCREMENTAL, max_compaction_bytes: 3_200_000 },
    manyFiles(70, (at) => (at % 10 === 9 ? 100 : 1)),
    `merge L3 ${numbers(142, 157, 3)} + L4 141 143 144 146 147 149 150 152 153 155 156 158 159 -> L4`,
  ),
  universal(
    'PartiallyExcludeL0ToReduceWriteStopForSizeAmpCompaction',
    EXCLUDING,
    THIRTY_AND_ONE,
    `merge L0 ${numbers(1, 27)} + L4 31 -> L4`,
  ),
  universal(
    'PartiallyExcludeL0ToReduceWriteStopForSizeAmpCompaction, no exclusion',
    { ...EXCLUDING, max_merge_width: 5 },
    THIRTY_AND_ONE,
    `merge L0 ${numbers(1, 30)} + L4 31 -> L4`,
  ),
  universal(
    'UniversalSizeAmpTierCompactionNonLastLevel',
    { max_merge_width: 2 },
    {
      0: [file(100, '100', '300'), file(101, '200', '400')],
      4: [file(90, '100', '600', 4)],
      5: [file(80, '200', '300', 2)],
    },
    'merge L0 100 101 + L4 90 + L5 80 -> L6',
  ),
  universal(
    'UniversalSizeAmpTierCompactionNotSuport',
    { num_levels: 2, max_merge_width: 2 },
    {
      0: [file(100, '100', '300'), file(101, '200', '400'), file(90, '100', '600', 4)],
      1: [file(80, '200', '300', 2)],
    },
    'merge L0 90 100 101 + L1 80 -> L1',
  ),
  universal(
    'UniversalMarkedCompactionFullOverlap, the first pick',
    { ...MARKED, num_levels: 5 },
    {
      0: [NEWEST, file(2, '201', '250', 2), file(4, '260', '300', 4)],
      3: [file(5, '010', '080', 8)],
      4: [file(3, '301', '350', 8), file(6, '501', '750', 8)],
    },
    'merge L0 1 2 -> L0',
  ),
  universal(
    'UniversalMarkedCompactionFullOverlap, the second pick',
    { ...MARKED, num_levels: 5 },
    {
      0: [
        file(7, '150', '200', 1, { marked: true }),
        NEWEST,
        file(2, '201', '250', 2),
        file(4, '260', '300', 4),
      ],
      3: [file(5, '010', '080', 8)],
      4: [file(3, '301', '350', 8), file(6, '501', '750', 8)],
    },
    'nothing',
    { running: [{ level: 0, tables: [1, 2], to: 0 }] },
  ),
  universal(
    'UniversalMarkedCompactionFullOverlap2, the first pick',
    { ...MARKED, num_levels: 5 },
    {
      0: [file(4, '260', '300', 4, { marked: true })],
      3: [file(5, '240', '290', 8)],
      4: [file(3, '301', '350', 8), file(6, '501', '750', 8)],
    },
    'merge L0 4 + L3 5 -> L3',
  ),
  universal(
    'UniversalMarkedL0NoOverlap',
    { ...MARKED, num_levels: 1 },
    {
      0: [
        file(4, '260', '300', 1, { marked: true }),
        file(5, '240', '290', 2),
        file(3, '301', '350', 4),
        file(6, '501', '750', 8),
      ],
    },
    'merge L0 3 4 5 6 -> L0',
  ),
  universal(
    'UniversalMarkedL0WithOverlap',
    { ...MARKED, num_levels: 1 },
    {
      0: [
        file(4, '260', '300', 1, { marked: true }),
        file(5, '240', '290', 2),
        file(3, '301', '350', 4),
        file(6, '501', '750', 8),
      ],
    },
    'merge L0 4 5 -> L0',
    { running: [{ level: 0, tables: [3], to: 0 }] },
  ),
  universal(
    'UniversalMarkedL0Overlap2, the first pick',
    { ...MARKED, num_levels: 1 },
    {
      0: [
        file(4, '260', '300'),
        file(5, '240', '290', 2, { marked: true }),
        file(3, '301', '350', 4),
        file(6, '501', '750', 8),
      ],
    },
    'merge L0 3 5 6 -> L0',
  ),
  universal(
    'UniversalMarkedL0Overlap2, the second pick',
    { ...MARKED, num_levels: 1 },
    {
      0: [
        NEWEST,
        SECOND,
        file(4, '260', '300'),
        file(5, '240', '290', 2, { marked: true }),
        file(3, '301', '350', 4),
        file(6, '501', '750', 8),
      ],
    },
    'merge L0 1 2 4 -> L0',
    { running: [{ level: 0, tables: [5, 3, 6], to: 0 }] },
  ),
  doubling(8, 7, 'nothing'),
  doubling(8, 8, 'merge L0 100 + L1 99 -> L1'),
  doubling(0, 7, 'nothing'),
  doubling(0, 8, 'merge L0 100 + L1 99 -> L1'),
  doubling(-1, 7, 'nothing'),
  doubling(-1, 8, 'merge L0 100 + L1 99 -> L1'),
  ...[-1, 1, 0].map((max_read_amp) =>
    universal(
      `UniversalMaxReadAmpSmallDB, max_read_amp ${max_read_amp}`,
      { num_levels: 50, size_ratio: 10, level0_file_num_compaction_trigger: 1, max_read_amp },
      { 49: [{ id: 10, from: '100', to: '200', bytes: 8 * 1024 }] },
      'nothing',
      { memtableBytes: 256 * MIB },
    ),
  ),
]
