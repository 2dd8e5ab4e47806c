/**
 * Owns the gallery: the runs it is measured from, and the results that each kind of figure is drawn
 * from. The runs are small, so that all of them take a minute or two. Their results are checked in,
 * and the visual tests compare the figures drawn from them.
 */

import { globSync, readFileSync } from 'node:fs'
import { parseResult } from '../../results/parse-result.ts'
import type { RunResult } from '../../results/schema.ts'
import type { PresetName } from './theme.ts'

/** Folder of the figures and of the results, with one subfolder a set. */
export const GALLERY_FOLDER = 'results/gallery'

export interface GallerySet {
  readonly name: string
  /** Arguments of `npm run exp`, one list for each call; a call may make several runs. */
  readonly commands: readonly (readonly string[])[]
}

const LOAD = ['--workload=ycsb-load', '--operations=0', '--value-bytes=100']
const SMALL_TREE = ['--set=memtableBytes=64KiB', '--storage=memory']
const WHOLE_LEVELS = '--strategy=leveling,tiering,lazy-leveling,fluid'
const WITH_PARTIAL = `${WHOLE_LEVELS},leveling-partial`

/** K below T, as the strategy requires. */
const SWEPT = [2, 3, 4, 6, 8].flatMap((T) =>
  [1, 2, 3, 5, 7].filter((K) => K < T).map((K) => ({ T, K })),
)

export const GALLERY_SETS: readonly GallerySet[] = [
  {
    name: 'sizes',
    commands: [2_500, 5_000, 10_000, 20_000, 40_000].map((records) => [
      WITH_PARTIAL,
      ...LOAD,
      `--records=${records}`,
      ...SMALL_TREE,
    ]),
  },
  {
    name: 'predictions',
    commands: [
      [WITH_PARTIAL, ...LOAD, '--records=40000', ...SMALL_TREE],
      [WITH_PARTIAL, ...LOAD, '--records=40000', '--set=memtableBytes=64KiB', '--target=simulator'],
      [
        WITH_PARTIAL,
        '--workload=ycsb-load',
        '--value-bytes=100',
        // The bytes of 40,000 records: 75 memtables.
        '--user-bytes=4915200',
        '--set=memtableBytes=64KiB',
        '--target=simulator',
      ],
    ],
  },
  {
    name: 'sweep',
    commands: SWEPT.map(({ T, K }) => [
      '--strategy=fluid',
      '--workload=ycsb-a',
      '--records=10000',
      '--operations=40000',
      '--value-bytes=100',
      `--param=T=${T}`,
      `--param=K=${K}`,
      '--set=memtableBytes=64KiB',
      '--target=simulator',
    ]),
  },
  {
    name: 'filters',
    commands: [2, 4, 6, 8, 10, 12].map((bits) => [
      '--strategy=leveling,tiering',
      '--workload=ycsb-b',
      '--records=60000',
      '--operations=60000',
      '--value-bytes=100',
      `--param=bitsPerKey=${bits}`,
      '--set=memtableBytes=1MiB',
      '--storage=memory',
    ]),
  },
  {
    name: 'values',
    commands: [64, 256, 1024, 4096].flatMap((bytes) =>
      [[], ['--set=valueLog.thresholdBytes=1', '--set=valueLog.gcPolicy=fifo']].map((log) => [
        '--strategy=leveling',
        '--workload=ycsb-a',
        `--records=${2 ** 20 / bytes}`,
        `--operations=${2 ** 22 / bytes}`,
        `--value-bytes=${bytes}`,
        '--set=memtableBytes=64KiB',
        '--set=blockCacheBytes=256KiB',
        ...log,
      ]),
    ),
  },
  {
    name: 'times',
    commands: [
      [
        '--strategy=leveling,tiering',
        '--workload=ycsb-a',
        '--records=50000',
        '--operations=40000',
        '--value-bytes=400',
        '--set=blockCacheBytes=1MiB',
        '--rate=20%',
        '--arrival=poisson',
      ],
    ],
  },
]

export interface GalleryFigure {
  readonly kind: string
  /** A folder of results or a pattern of their files, as a shell would take it. */
  readonly results: string
}

const COMPARED = 'results/strategies-on-ycsb'
const set = (name: string) => `${GALLERY_FOLDER}/${name}`

export const GALLERY_FIGURES: readonly GalleryFigure[] = [
  { kind: 'amplification', results: COMPARED },
  { kind: 'trade-off', results: COMPARED },
  { kind: 'wa-by-level', results: `${COMPARED}/ycsb-a-*.json` },
  { kind: 'latency', results: set('times') },
  { kind: 'throughput', results: `${set('times')}/*-leveling-*` },
  { kind: 'tree-shape', results: set('times') },
  { kind: 'debt', results: `${COMPARED}/ycsb-a-*.json` },
  { kind: 'wa-vs-size', results: set('sizes') },
  { kind: 'sweep', results: set('sweep') },
  { kind: 'prediction-error', results: set('predictions') },
  { kind: 'filters', results: set('filters') },
  { kind: 'value-size', results: set('values') },
  { kind: 'value-log', results: 'results/suites/wisckey-full.json' },
  { kind: 'background', results: 'results/suites/background-full.json' },
  { kind: 'stability', results: 'results/suites/stability-full.json' },
  { kind: 'silk', results: 'results/suites/silk-full.json' },
  { kind: 'virtual-threads', results: 'results/suites/virtual-threads-smoke.json' },
  { kind: 'run', results: `${COMPARED}/ycsb-a-leveling-[0-9a-f]*.json` },
]

/** The files of a figure, by name. */
export function resultsOf({ results }: GalleryFigure): readonly string[] {
  return results.includes('*') ? globSync(results).toSorted() : [results]
}

/** Base path of the README's picture, and the folder of the results it is drawn from. */
export const FRONT_PAGE = COMPARED

/** Left to right in the README's picture. */
const FRONT_PAGE_ORDER = ['leveling', 'leveling-partial', 'tiering', 'lazy-leveling', 'fluid']

/** The results of the README's picture, in the order in which it shows them. */
export function frontPageResults(): readonly RunResult[] {
  const place = ({ config }: RunResult) => FRONT_PAGE_ORDER.indexOf(config.strategy.name)
  return globSync(`${FRONT_PAGE}/*.json`)
    .map((path) => parseResult(JSON.parse(readFileSync(path, 'utf8')), path))
    .toSorted(
      (a, b) => a.config.workload.name.localeCompare(b.config.workload.name) || place(a) - place(b),
    )
}

/** Preset of the checked-in contact sheet. */
export const GALLERY_PRESET: PresetName = 'two-column'
