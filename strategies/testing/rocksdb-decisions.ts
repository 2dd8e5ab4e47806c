/**
 * Owns the decisions of RocksDB's own picker tests (`db/compaction/compaction_picker_test.cc`) that
 * apply to trees of our shape, as data: a tree, options, and what is picked from it. Table numbers,
 * keys and sizes are those of the source. A table stands for a file; sizes are raw bytes.
 *
 * RocksDB's options as ours: `max_bytes_for_level_base` is T · baseBytes, `max_compaction_bytes` is
 * 25 · targetTableBytes; both are rounded where they do not divide. `compensated_file_size` becomes
 * tombstones, and a marked file becomes a table of tombstones alone, or an old one. Two files that
 * share a user key are put a key apart, because no two tables of a run share one.
 *
 * Where a source test asserts only a part of a pick, the rest follows from the code it tests.
 *
 * Left out:
 * - FIFO, manual compaction, CompactFiles, temperatures, per-key placement and tiered storage,
 *   blob files, partitioners, timestamps, ingestion: there is no such thing here
 * - range deletions: the trees of these tests count a key's entries only
 * - OverlappingUserKeys, 2 to 7, 10 and 11, TrivialMoveMultipleFiles5,
 *   UniversalMarkedCompactionStartOutputOverlap: two files of a level share a user key, and the
 *   test is about that
 * - FileTtlBooster, ReadTriggered* of level style, marked files of level style,
 *   AllowsTrivialMoveUniversal: options that are off by default, and missing here
 * - IsBottommostLevelTest: the engine decides which tombstones end, not a strategy
 * - MaxCompactionBytesHit and NotHit (7.8 only): `ignore_max_compaction_bytes_for_input` is true by
 *   default; since 9.0 HitCompactionLimit and CompactionLimit are in their place
 * - ParentIndexResetBug: it asserts nothing
 */

import type { Json } from '../../engine/base/json.ts'

export interface Decision {
  /** The name of the source's test, and which of its steps. */
  readonly test: string
  readonly strategy: 'leveling-partial' | 'dynamic-leveled' | 'universal'
  readonly params: Readonly<Record<string, Json>>
  /** In the text form of a version. */
  readonly tree: string
  /** Largest key of the table of each level that was chosen last, level 0 first. */
  readonly cursors?: readonly (string | null)[]
  /** Tables that running jobs merge into a level. */
  readonly running?: readonly { level: number; tables: readonly number[]; to: number }[]
  readonly memtableBytes?: number
  readonly nowMs?: number
  /** What RocksDB picks: tables by level, in key order in levels below 0, and the output level. */
  readonly picks: string
  /** Where ours differs: what it picks, and why. */
  readonly ours?: { readonly picks: string; readonly because: string }
}

/** What RocksDB estimates that merges still have to write. */
export interface Estimate extends Pick<Decision, 'test' | 'strategy' | 'params' | 'tree'> {
  readonly bytes: number
}

const M = 1_000_000
const G = 1_000_000_000

/** Options of the source's fixture: the largest file goes first. */
const LEVEL = { T: 10, pick: 'largest', baseBytes: 26_843_546, targetTableBytes: 67_108_864 }
const BY_RATIO = { ...LEVEL, pick: 'lo1' }

/** `count` tables of one run a number apart, as the source numbers them. */
function numbered(count: number, bytes: number): string {
  const table = (at: number) => `${at}[${(at + 100) * 1000},${(at + 100) * 1000 + 999}]`
  return Array.from({ length: count }, (_, at) => `${table(at)} values=${bytes}`).join('; ')
}

const sorted = (level: number, tables: string) => `L${level}\nR${900 + level}: ${tables}`
/** Runs of level 0, newest first, each of one table; the run has the table's number. */
const level0 = (...tables: readonly string[]) =>
  ['L0', ...tables.map((table) => `R${Number.parseInt(table, 10)}: ${table}`)].join('\n')
const tree = (...levels: readonly string[]) => levels.join('\n')

const ROUND_ROBIN = {
  ...LEVEL,
  pick: 'rr-to-target',
  baseBytes: 1_200_000,
}
const ROUND_ROBIN_TREE = tree(
  sorted(2, '6[150,199] values=50000000; 7[200,249] values=50000000; 8[300,600] values=50000000'),
  sorted(
    3,
    '26[130,165] values=60000000; 27[166,170] values=60000000; ' +
      '28[270,340] values=60000000; 29[401,500] values=60000000',
  ),
)
const FIVE_TABLES =
  '6[150,199] values=500; 7[200,249] values=500; 8[300,600] values=500; ' +
  '9[700,800] values=500; 10[850,950] values=500'
const SIX_BELOW =
  '26[130,165] values=600; 27[166,170] values=600; 28[270,340] values=600; ' +
  '29[401,500] values=600; 30[601,800] values=600; 31[830,890] values=600'

const DYNAMIC = {
  T: 10,
  pick: 'largest',
  baseBytes: 20,
  l0Trigger: 2,
  targetTableBytes: 67_108_864,
}
const TWO_FLUSHED = level0('2[200,250]', '1[150,200]')

const MOVES = { ...BY_RATIO, baseBytes: 100, targetTableBytes: 400_000 }

const SIX_FLUSHED = level0(
  '1[000,400] values=1',
  `33[001,400] values=${G}`,
  `32[001,400] values=${G}`,
  `31[001,400] values=${G}`,
  `3[001,400] values=${G}`,
  '2[001,400] values=1',
)
const PRIORITY = { ...LEVEL, l0Trigger: 2, baseBytes: 90 * M }
const BELOW_PRIORITY = sorted(2, '6[050,100]; 7[300,400]')

const BLOCKED = { ...LEVEL, l0Trigger: 3 }
const FIVE_FLUSHED = level0(
  '5[301,350] values=200000',
  '4[251,300] values=200000',
  '3[201,250] values=200000',
  '2[151,200] values=200000',
  '1[100,150] values=200000',
)

/** Level 0 counts 4000 bytes, nearly all of them for its tombstones. */
function smallLevel0(multiplier: number, picks: string): Decision {
  const run = (id: number, range: string) => `${id}${range} values=10 entries=505 tombstones=500`
  const bytes = 4000 * multiplier * 2
  return {
    test: `IntraL0WhenL0IsSmall, level 1 ${multiplier * 2} times as large`,
    strategy: 'leveling-partial',
    params: LEVEL,
    tree: tree(
      level0(run(4, '[100,200]'), run(3, '[100,200]'), run(2, '[100,100]'), run(1, '[100,200]')),
      sorted(1, `5[100,200] values=${bytes} entries=${bytes}`),
    ),
    picks,
  }
}

const GROWN_LIMIT = { ...LEVEL, baseBytes: 100_000, targetTableBytes: 32_000 }
const grownTree = (bytes: number) =>
  tree(
    sorted(
      1,
      `1[100,150] values=${bytes}; 2[151,200] values=${bytes + 1}; 3[201,250] values=${bytes}; ` +
        `4[251,300] values=${bytes}; 6[325,400] values=${bytes}`,
    ),
    sorted(2, '5[100,350]; 7[375,425]'),
  )

export const LEVEL_DECISIONS: readonly Decision[] = [
  {
    test: 'Empty',
    strategy: 'leveling-partial',
    params: LEVEL,
    tree: '',
    picks: 'nothing',
  },
  {
    test: 'Single',
    strategy: 'leveling-partial',
    params: { ...LEVEL, l0Trigger: 2 },
    tree: level0('1[p,q]'),
    picks: 'nothing',
  },
  {
    test: 'Level0Trigger',
    strategy: 'leveling-partial',
    params: { ...LEVEL, l0Trigger: 2 },
    tree: TWO_FLUSHED,
    picks: 'merge L0 1 2 -> L1',
  },
  {
    test: 'Level1Trigger',
    strategy: 'leveling-partial',
    params: LEVEL,
    tree: sorted(1, `66[150,200] values=${G}`),
    picks: 'move L1 66 -> L2',
  },
  {
    test: 'Level1Trigger2',
    strategy: 'leveling-partial',
    params: { ...LEVEL, targetTableBytes: 10 * G },
    tree: tree(
      sorted(1, `66[150,200] values=${G + 1}; 88[201,300] values=${G}`),
      sorted(2, `6[150,179] values=${G}; 7[180,220] values=${G}; 8[221,300] values=${G}`),
    ),
    picks: 'merge L1 66 + L2 6 7 -> L2',
  },
  {
    test: 'LevelMaxScore',
    strategy: 'leveling-partial',
    params: { ...LEVEL, baseBytes: 1_048_576, targetTableBytes: 10 * M },
    tree: tree(
      level0(`1[150,200] values=${M}`),
      sorted(1, `66[150,200] values=${6 * M}; 88[201,300] values=${6 * M}`),
      sorted(
        2,
        `6[150,179] values=${60 * M}; 7[180,220] values=${60 * M + 1}; ` +
          `8[221,300] values=${60 * M}`,
      ),
      sorted(
        3,
        `26[150,170] values=${260 * M}; 27[171,179] values=${260 * M}; ` +
          `28[191,220] values=${260 * M}; 29[221,300] values=${260 * M}`,
      ),
    ),
    picks: 'merge L2 7 + L3 28 -> L3',
  },
  {
    test: 'NeedsCompactionLevel, three files in level 0',
    strategy: 'leveling-partial',
    params: LEVEL,
    tree: level0('2[102000,102999]', '1[101000,101999]', '0[100000,100999]'),
    picks: 'nothing',
  },
  {
    test: 'NeedsCompactionLevel, four files in level 0',
    strategy: 'leveling-partial',
    params: LEVEL,
    tree: level0(
      '3[103000,103999] values=9',
      '2[102000,102999] values=8',
      '1[101000,101999] values=8',
      '0[100000,100999] values=8',
    ),
    picks: 'move L0 3 -> L1',
  },
  {
    test: 'NeedsCompactionLevel, level 1 below its target',
    strategy: 'leveling-partial',
    params: LEVEL,
    tree: sorted(1, numbered(9, 26_843_546)),
    picks: 'nothing',
  },
  {
    test: 'NeedsCompactionLevel, level 1 at its target',
    strategy: 'leveling-partial',
    params: LEVEL,
    tree: sorted(1, numbered(10, 26_843_546)),
    picks: 'move L1 0 1 2 3 -> L2',
  },
  {
    test: 'Level0TriggerDynamic',
    strategy: 'dynamic-leveled',
    params: DYNAMIC,
    tree: TWO_FLUSHED,
    picks: 'merge L0 1 2 -> L6',
  },
  {
    test: 'Level0TriggerDynamic2',
    strategy: 'dynamic-leveled',
    params: DYNAMIC,
    tree: tree(TWO_FLUSHED, sorted(6, '3[200,250] values=300')),
    picks: 'merge L0 1 2 -> L5',
  },
  {
    test: 'Level0TriggerDynamic3',
    strategy: 'dynamic-leveled',
    params: DYNAMIC,
    tree: tree(TWO_FLUSHED, sorted(6, '3[200,250] values=300; 4[300,350] values=3000')),
    picks: 'merge L0 1 2 -> L4',
  },
  {
    test: 'Level0TriggerDynamic4',
    strategy: 'dynamic-leveled',
    params: DYNAMIC,
    tree: tree(
      TWO_FLUSHED,
      sorted(4, '5[150,180] values=3; 6[181,300] values=3; 7[400,450] values=3'),
      sorted(6, '3[200,250] values=300; 4[300,350] values=3000'),
    ),
    picks: 'merge L0 1 2 + L4 5 6 -> L4',
  },
  {
    test: 'LevelTriggerDynamic4',
    strategy: 'dynamic-leveled',
    params: { ...DYNAMIC, pick: 'lo1' },
    tree: tree(
      level0('1[150,200]'),
      sorted(5, '5[150,180] values=300; 6[181,350] values=500; 7[400,450] values=200'),
      sorted(6, '2[200,250] values=300; 3[300,350] values=3000; 4[400,450] values=3'),
    ),
    picks: 'move L5 5 -> L6',
  },
  {
    test: 'LevelCompactionPrioritizeFilesMarkedForCompaction2',
    strategy: 'dynamic-leveled',
    params: { ...DYNAMIC, pick: 'lo1', l0Trigger: 4 },
    tree: tree(
      sorted(4, '3[100,200] values=2000'),
      sorted(5, '2[100,200] values=2000'),
      sorted(6, '1[100,200] values=20000'),
    ),
    picks: 'merge L4 3 + L5 2 -> L5',
  },
  {
    test: 'CompactionPriMinOverlapping1',
    strategy: 'leveling-partial',
    params: { ...BY_RATIO, baseBytes: 1_048_576, targetTableBytes: 100 * G },
    tree: tree(
      sorted(
        2,
        `6[150,179] values=${50 * M}; 7[180,220] values=${50 * M}; ` +
          `8[321,400] values=${50 * M}; 9[721,800] values=${50 * M}`,
      ),
      sorted(
        3,
        `26[150,170] values=${260 * M}; 27[171,179] values=${260 * M}; ` +
          `28[191,220] values=${260 * M}; 29[221,300] values=${260 * M}; ` +
          `30[750,900] values=${260 * M}`,
      ),
    ),
    picks: 'move L2 8 -> L3',
  },
  {
    test: 'CompactionPriMinOverlapping2',
    strategy: 'leveling-partial',
    params: { ...BY_RATIO, baseBytes: 1_048_576 },
    tree: tree(
      sorted(
        2,
        `6[150,175] values=${60 * M}; 7[176,200] values=${60 * M}; 8[201,300] values=${60 * M}`,
      ),
      sorted(
        3,
        `25[100,110] values=${261 * M}; 26[150,170] values=${261 * M}; ` +
          `27[171,179] values=${260 * M}; 28[191,220] values=${260 * M}; ` +
          `29[221,300] values=${261 * M}; 30[321,400] values=${261 * M}`,
      ),
    ),
    picks: 'merge L2 7 + L3 27 28 -> L3',
  },
  {
    test: 'CompactionPriMinOverlapping3',
    strategy: 'leveling-partial',
    params: { ...BY_RATIO, baseBytes: M },
    tree: tree(
      sorted(
        2,
        `6[150,167] values=${60 * M}; 7[168,169] values=${60 * M}; 8[201,300] values=${61 * M}`,
      ),
      sorted(
        3,
        `26[160,165] values=${260 * M}; 27[166,170] values=${260 * M}; ` +
          `28[180,400] values=${260 * M}; 29[401,500] values=${260 * M}`,
      ),
    ),
    picks: 'merge L2 8 + L3 28 -> L3',
  },
  {
    // Values of one megabyte: 60 tombstones too many count as 120 MB.
    test: 'CompactionPriMinOverlapping4',
    strategy: 'leveling-partial',
    params: { ...BY_RATIO, baseBytes: M },
    tree: tree(
      sorted(
        2,
        `6[150,167] values=${60 * M} entries=180 tombstones=120; ` +
          `7[178,189] values=${60 * M} entries=60; 8[401,500] values=${61 * M} entries=61`,
      ),
      sorted(
        3,
        `26[160,165] values=${60 * M} entries=60; ` +
          `27[166,170] values=${60 * M} entries=220 tombstones=160; ` +
          `28[180,400] values=${60 * M} entries=60; 29[401,500] values=${60 * M} entries=60`,
      ),
    ),
    picks: 'merge L2 6 + L3 26 27 -> L3',
  },
  {
    test: 'CompactionPriMinOverlappingManyFiles',
    strategy: 'leveling-partial',
    params: { ...BY_RATIO, baseBytes: 1_500_000 },
    tree: tree(
      sorted(
        2,
        [10, 20, 30, 40, 50, 60, 70, 80]
          .map((key, at) => `${13 + at}[0${key},0${key + 1}] values=6100`)
          .join('; ') +
          `; 6[150,167] values=${60 * M}; 7[168,169] values=${60 * M}; ` +
          `8[201,300] values=${61 * M}; 9[610,611] values=6100; 10[620,621] values=6100; ` +
          '11[630,631] values=6100; 12[640,641] values=6100',
      ),
      sorted(
        3,
        `31[001,100] values=${260 * M}; 26[160,165] values=${260 * M}; ` +
          `27[166,170] values=${260 * M}; 28[180,400] values=${260 * M}; ` +
          `29[401,500] values=${260 * M}; 30[601,700] values=${260 * M}`,
      ),
    ),
    picks: 'merge L2 8 + L3 28 -> L3',
  },
  ...(
    [
      ['249', 'merge L2 8 + L3 28 29 -> L3'],
      ['600', 'merge L2 6 + L3 26 27 -> L3'],
      [null, 'merge L2 6 + L3 26 27 -> L3'],
    ] as const
  ).map(
    ([cursor, picks]): Decision => ({
      test: `CompactionPriRoundRobin, cursor ${cursor}`,
      strategy: 'leveling-partial',
      params: ROUND_ROBIN,
      tree: ROUND_ROBIN_TREE,
      cursors: [null, null, cursor],
      picks,
    }),
  ),
  {
    test: 'CompactionPriMultipleFilesRoundRobin1',
    strategy: 'leveling-partial',
    params: { ...ROUND_ROBIN, baseBytes: 12, targetTableBytes: 4 * M },
    tree: tree(sorted(2, FIVE_TABLES), sorted(3, SIX_BELOW)),
    cursors: [null, null, '199'],
    picks: 'merge L2 7 8 9 + L3 28 29 30 -> L3',
  },
  {
    test: 'CompactionPriMultipleFilesRoundRobin2',
    strategy: 'leveling-partial',
    params: { ...ROUND_ROBIN, baseBytes: 12, targetTableBytes: 100 },
    tree: tree(sorted(2, FIVE_TABLES), sorted(3, SIX_BELOW.replace('166,170', '166,230'))),
    cursors: [null, null, '1000'],
    picks: 'merge L2 6 7 + L3 26 27 -> L3',
  },
  {
    // RocksDB's cursor is the start of the next file, 700; ours the end of the last one.
    test: 'CompactionPriMultipleFilesRoundRobin3',
    strategy: 'leveling-partial',
    params: { ...ROUND_ROBIN, baseBytes: 12, targetTableBytes: 40_000 },
    tree: tree(sorted(2, FIVE_TABLES), sorted(3, SIX_BELOW)),
    cursors: [null, null, '600'],
    picks: 'merge L2 9 10 + L3 30 31 -> L3',
  },
  {
    test: 'OverlappingUserKeys8',
    strategy: 'leveling-partial',
    params: { ...LEVEL, targetTableBytes: 4 * G },
    tree: tree(
      sorted(1, `1[101,150]; 2[151,199]; 3[200,300] values=${G}; 4[301,400]; 5[401,500]`),
      sorted(2, '6[150,200]; 7[201,450]; 8[500,600]'),
    ),
    picks: 'merge L1 2 3 4 + L2 6 7 -> L2',
  },
  {
    test: 'OverlappingUserKeys9',
    strategy: 'leveling-partial',
    params: { ...LEVEL, targetTableBytes: 4 * G },
    tree: tree(
      sorted(1, `1[121,150]; 2[151,199]; 3[200,300] values=${G}; 4[301,400]; 5[401,500]`),
      sorted(2, '6[100,120]; 7[150,200]; 8[201,450]; 9[501,600]'),
    ),
    picks: 'merge L1 1 2 3 4 5 + L2 7 8 -> L2',
  },
  {
    test: 'NotScheduleL1IfL0WithHigherPri1',
    strategy: 'leveling-partial',
    params: PRIORITY,
    tree: tree(
      SIX_FLUSHED,
      sorted(1, `4[050,300] values=${G}; 5[301,350] values=${G}`),
      BELOW_PRIORITY,
    ),
    running: [{ level: 1, tables: [4], to: 2 }],
    picks: 'nothing',
  },
  {
    test: 'NotScheduleL1IfL0WithHigherPri2',
    strategy: 'leveling-partial',
    params: PRIORITY,
    tree: tree(
      SIX_FLUSHED,
      sorted(1, `4[050,300] values=${G}; 5[301,350] values=${G}`),
      BELOW_PRIORITY,
    ),
    picks: 'merge L0 1 2 3 31 32 33 + L1 4 5 -> L1',
  },
  {
    test: 'NotScheduleL1IfL0WithHigherPri3',
    strategy: 'leveling-partial',
    params: PRIORITY,
    tree: tree(
      SIX_FLUSHED,
      sorted(1, `4[050,300] values=${G}; 5[301,350] values=${G}; 51[351,400] values=${6 * G}`),
      BELOW_PRIORITY,
    ),
    running: [{ level: 1, tables: [4], to: 2 }],
    picks: 'merge L1 51 + L2 7 -> L2',
    ours: {
      picks: 'nothing',
      because: 'tables 4 and 7 share key 300, so a merge of 4 reserves it',
    },
  },
  {
    test: 'CompactionLimitWhenAddFileFromInputLevel',
    strategy: 'leveling-partial',
    params: GROWN_LIMIT,
    tree: grownTree(300_000),
    picks: 'merge L1 1 2 3 4 + L2 5 -> L2',
  },
  {
    test: 'HitCompactionLimitWhenAddFileFromInputLevel',
    strategy: 'leveling-partial',
    params: GROWN_LIMIT,
    tree: grownTree(400_000),
    picks: 'merge L1 2 + L2 5 -> L2',
  },
  {
    test: 'IsTrivialMoveOn',
    strategy: 'leveling-partial',
    params: { ...LEVEL, baseBytes: 1000, targetTableBytes: 401 },
    tree: tree(
      sorted(
        1,
        '1[100,150] values=3000; 2[151,200] values=3001; 3[201,250] values=3000; ' +
          '4[251,300] values=3000',
      ),
      sorted(
        3,
        '5[120,130] values=7000; 6[170,180] values=7000; 7[220,230] values=7000; ' +
          '8[270,280] values=7000',
      ),
    ),
    picks: 'move L1 2 3 4 -> L2',
  },
  {
    test: 'IsTrivialMoveOff',
    strategy: 'leveling-partial',
    params: { ...LEVEL, baseBytes: 100_000, targetTableBytes: 400 },
    tree: tree(
      sorted(
        1,
        '1[100,149] values=300000; 2[150,199] values=300000; 3[200,249] values=300000; ' +
          '4[250,300] values=300000',
      ),
      sorted(3, '5[120,130] values=6000; 6[140,150] values=6000'),
    ),
    picks: 'merge L1 1 -> L2',
  },
  {
    test: 'L0TrivialMove1',
    strategy: 'leveling-partial',
    params: { ...LEVEL, baseBytes: M, targetTableBytes: 400_000 },
    tree: tree(
      level0(
        '1[100,150] values=3000',
        '2[151,200] values=3001',
        '3[301,350] values=3000',
        '4[400,451] values=3000',
      ),
      sorted(
        1,
        '5[120,130] values=7000; 6[170,180] values=7000; 7[220,230] values=7000; ' +
          '8[270,280] values=7000',
      ),
    ),
    picks: 'move L0 3 4 -> L1',
  },
  {
    test: 'L0TrivialMoveOneFile',
    strategy: 'leveling-partial',
    params: { ...LEVEL, baseBytes: M, targetTableBytes: 400_000 },
    tree: tree(
      level0(
        '1[100,150] values=3000',
        '2[551,600] values=3001',
        '3[101,150] values=3000',
        '4[400,451] values=3000',
      ),
      sorted(
        1,
        '5[120,130] values=7000; 6[170,180] values=7000; 7[220,230] values=7000; ' +
          '8[270,280] values=7000',
      ),
    ),
    picks: 'move L0 4 -> L1',
  },
  {
    test: 'L0TrivialMoveWholeL0',
    strategy: 'leveling-partial',
    params: { ...LEVEL, baseBytes: M, targetTableBytes: 400_000 },
    tree: tree(
      level0(
        '1[300,350] values=3000',
        '2[600,651] values=3001',
        '3[501,550] values=3000',
        '4[400,451] values=3000',
      ),
      sorted(1, '5[120,130] values=7000; 6[970,980] values=7000'),
    ),
    picks: 'move L0 1 2 3 4 -> L1',
  },
  {
    test: 'L0TrivialMoveToEmptyLevel',
    strategy: 'leveling-partial',
    params: { ...LEVEL, baseBytes: 500, targetTableBytes: 400_000 },
    tree: level0(
      '1[450,599] values=3000',
      '2[600,651] values=3001',
      '3[300,350] values=3000',
      '4[500,550] values=2999',
    ),
    picks: 'move L0 2 -> L1',
  },
  {
    test: 'NonL0TrivialMoveExtendBothDirection',
    strategy: 'leveling-partial',
    params: { ...LEVEL, baseBytes: 500, targetTableBytes: 400_000 },
    tree: tree(
      sorted(1, '1[300,350] values=3000; 2[600,651] values=3001; 3[700,750] values=3000'),
      sorted(2, '4[800,850] values=4000'),
    ),
    picks: 'move L1 1 2 3 -> L2',
  },
  {
    test: 'TrivialMoveMultipleFiles1',
    strategy: 'leveling-partial',
    params: MOVES,
    tree: tree(
      sorted(
        2,
        '1[100,150] values=3000; 2[151,200] values=3001; 3[301,350] values=3000; ' +
          '4[400,451] values=3000; 5[500,551] values=3000; 6[600,651] values=3000; ' +
          '7[700,751] values=3000; 8[851,900] values=3000',
      ),
      sorted(
        3,
        '15[120,130] values=700; 16[170,180] values=700; 17[220,230] values=700; ' +
          '18[870,880] values=700',
      ),
    ),
    picks: 'move L2 3 4 5 6 -> L3',
  },
  {
    test: 'TrivialMoveMultipleFiles2',
    strategy: 'leveling-partial',
    params: MOVES,
    tree: tree(
      sorted(
        2,
        '1[100,150] values=3000; 2[151,160] values=3001; 3[161,179] values=3000; ' +
          '4[220,400] values=3000; 5[500,551] values=3000; 6[600,651] values=3000; ' +
          '7[700,751] values=3000; 8[851,900] values=3000',
      ),
      sorted(3, '15[120,130] values=700; 17[220,230] values=700; 18[870,880] values=700'),
    ),
    picks: 'move L2 2 3 -> L3',
  },
  {
    test: 'TrivialMoveMultipleFiles3',
    strategy: 'leveling-partial',
    params: MOVES,
    tree: tree(
      sorted(
        2,
        '1[100,150] values=3000; 2[151,160] values=3001; 5[500,551] values=3000; ' +
          '6[600,651] values=3000; 7[700,751] values=3000; 8[851,900] values=3000',
      ),
      sorted(3, '15[120,130] values=700; 17[220,230] values=700; 18[870,880] values=700'),
    ),
    picks: 'move L2 2 -> L3',
  },
  {
    test: 'TrivialMoveMultipleFiles4',
    strategy: 'leveling-partial',
    params: MOVES,
    tree: tree(
      sorted(2, '1[100,150] values=4000; 2[151,160] values=4001; 3[161,179] values=4000'),
      sorted(3, '15[120,130] values=700; 17[220,230] values=700; 18[870,880] values=700'),
    ),
    picks: 'move L2 2 3 -> L3',
  },
  {
    test: 'TrivialMoveMultipleFiles6',
    strategy: 'leveling-partial',
    params: MOVES,
    tree: tree(
      sorted(
        2,
        '1[100,150] values=3000; 2[151,200] values=3001; 3[301,350] values=3000; ' +
          '4[400,451] values=3000; 5[500,551] values=3000; 6[600,651] values=3000; ' +
          '7[700,751] values=3000; 8[851,900] values=3000',
      ),
      sorted(
        3,
        '15[120,130] values=700; 16[170,180] values=700; 17[220,230] values=700; ' +
          '18[870,880] values=700',
      ),
    ),
    running: [{ level: 2, tables: [5], to: 3 }],
    picks: 'move L2 3 4 -> L3',
  },
  {
    test: 'CacheNextCompactionIndex, the first pick',
    strategy: 'leveling-partial',
    params: { ...LEVEL, targetTableBytes: 4 * G },
    tree: tree(
      sorted(
        1,
        `1[100,149] values=${G}; 2[150,199] values=${900 * M}; 3[200,249] values=${800 * M}; ` +
          `4[250,299] values=${700 * M}`,
      ),
      sorted(2, '5[150,199] values=100; 6[200,240]; 7[260,270]'),
    ),
    running: [
      { level: 1, tables: [1], to: 2 },
      { level: 2, tables: [5], to: 3 },
    ],
    picks: 'merge L1 3 + L2 6 -> L2',
  },
  {
    test: 'IntraL0MaxCompactionBytesNotHit',
    strategy: 'leveling-partial',
    params: { ...BLOCKED, targetTableBytes: 40_000 },
    tree: tree(FIVE_FLUSHED, sorted(1, '6[100,350] values=200000')),
    running: [{ level: 1, tables: [6], to: 2 }],
    picks: 'merge L0 1 2 3 4 5 -> L0',
  },
  {
    test: 'IntraL0MaxCompactionBytesHit',
    strategy: 'leveling-partial',
    params: { ...BLOCKED, targetTableBytes: 39_999 },
    tree: tree(FIVE_FLUSHED, sorted(1, '6[100,350] values=200000')),
    running: [{ level: 1, tables: [6], to: 2 }],
    picks: 'merge L0 2 3 4 5 -> L0',
  },
  smallLevel0(1, 'merge L0 1 2 3 4 + L1 5 -> L1'),
  smallLevel0(10, 'merge L0 1 2 3 4 + L1 5 -> L1'),
  smallLevel0(11, 'merge L0 1 2 3 4 -> L0'),
  smallLevel0(40, 'merge L0 1 2 3 4 -> L0'),
]

const ESTIMATES = { T: 10, baseBytes: 100, targetTableBytes: 1 }

export const ESTIMATED_BYTES: readonly Estimate[] = [
  {
    test: 'EstimateCompactionBytesNeeded1',
    strategy: 'leveling-partial',
    params: ESTIMATES,
    tree: tree(
      level0('3[150,200] values=200', '2[150,200] values=200', '1[150,200] values=200'),
      sorted(1, '4[400,500] values=600; 5[600,700] values=600'),
      sorted(
        2,
        '6[150,200] values=2500; 7[201,210] values=2000; 8[300,310] values=2600; ' +
          '9[400,500] values=2500',
      ),
      sorted(3, '10[400,500] values=101000'),
      sorted(4, '11[400,500] values=999900'),
      sorted(5, '12[400,500] values=8007200'),
    ),
    bytes: 200 * 9 + 10_900 + 900 * 9,
  },
  {
    test: 'EstimateCompactionBytesNeeded2',
    strategy: 'leveling-partial',
    params: { ...ESTIMATES, l0Trigger: 3 },
    tree: tree(
      level0(...[6, 5, 4, 2, 1].map((id) => `${id}[150,200] values=200`)),
      sorted(1, '7[400,500] values=200; 8[600,700] values=200'),
      sorted(2, '9[150,200] values=9100'),
      sorted(3, '10[400,500] values=101000'),
    ),
    bytes: 1400 + 3000,
  },
  {
    test: 'EstimateCompactionBytesNeeded3',
    strategy: 'leveling-partial',
    params: { ...ESTIMATES, l0Trigger: 3 },
    tree: tree(
      level0('6[150,200] values=1000', ...[5, 4, 2, 1].map((id) => `${id}[150,200] values=2000`)),
      sorted(1, '7[400,500] values=500; 8[600,700] values=500'),
      sorted(2, '9[150,200] values=10000'),
    ),
    bytes: 10_000 + 18_000,
  },
  {
    test: 'EstimateCompactionBytesNeededDynamicLevel',
    strategy: 'dynamic-leveled',
    params: { ...ESTIMATES, l0Trigger: 3 },
    tree: tree(
      level0(...[6, 5, 4, 2, 1].map((id) => `${id}[150,200] values=200`)),
      sorted(4, '7[400,500] values=550; 8[600,700] values=550'),
      sorted(5, '9[150,200] values=5200'),
      sorted(6, '10[400,500] values=50000'),
    ),
    bytes: 2100 + 3823 + 11_617,
  },
]
