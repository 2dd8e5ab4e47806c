/**
 * Owns the suite `wisckey`: what separating values from keys saves and costs (Lu et al., "WiscKey",
 * FAST '16). Writes over value sizes, with values in the tree and in the log; thresholds over mixed
 * sizes; the log's own write amplification under collection, compared with the law of FIFO
 * cleaning; and cold scans, where separation costs reads.
 *
 * The claims use only bytes and blocks; seconds are reported, but no claim depends on them.
 */
import type { Claim, SuiteRun, SuiteScale } from '../../results/suite-schema.ts'
import { KEY_BYTES } from './load-buffers.ts'
import { atMostClaim, type Suite, type SuiteContext, withinClaim } from './suite.ts'
import {
  type LogDatabase,
  putAll,
  scanCold,
  uniqueLoad,
  updates,
  withDatabase,
  writeFigures,
} from './wisckey-runs.ts'

const KiB = 1024

interface Sizes {
  readonly userBytes: number
  readonly memtableBytes: number
  readonly valueBytes: readonly number[]
  /** Bytes of values that a cold scan reads. */
  readonly scanBytes: number
  /** Records of the database that is updated. */
  readonly records: number
  readonly segmentBytes: number
  readonly fills: readonly number[]
}

const SIZES: Readonly<Record<SuiteScale, Sizes>> = {
  smoke: {
    userBytes: 8e6,
    memtableBytes: 64 * KiB,
    valueBytes: [64, KiB, 4 * KiB],
    scanBytes: 2e6,
    records: 4000,
    segmentBytes: 64 * KiB,
    fills: [0.5, 0.7],
  },
  full: {
    userBytes: 256e6,
    memtableBytes: KiB * KiB,
    valueBytes: [64, 256, KiB, 4 * KiB, 16 * KiB],
    scanBytes: 32e6,
    records: 20_000,
    segmentBytes: 256 * KiB,
    fills: [0.5, 0.7, 0.8],
  },
}

const SEPARATE_ALL = 1
const MIXED_THRESHOLDS = [null, 4 * KiB, KiB, 256, 64] as const
const POLICIES = ['fifo', 'most-garbage', 'age-cutoff'] as const
const POLICY_FILL = 0.7
const HOT_SHARE = 0.8
const PREFETCHES = [0, 4, 32] as const
const UPDATED_VALUE_BYTES = KiB
/**
 * Values that a memtable points to cannot be collected; a larger memtable would fill the log with
 * them.
 */
const UPDATES_MEMTABLE_BYTES = 64 * KiB
/** Bytes of a log record besides its value: header and key. */
const RECORD_OVERHEAD_BYTES = 32 + KEY_BYTES
const PAPER = 'Lu et al., FAST 2016'

/** Runs one after the other; `share` is a run's share of the suite. */
class Progressing {
  readonly runs: SuiteRun[] = []
  readonly #context: SuiteContext
  readonly #total: number
  #done = 0

  constructor(context: SuiteContext, total: number) {
    this.#context = context
    this.#total = total
  }

  async run(
    name: string,
    params: SuiteRun['params'],
    figures: () => Promise<SuiteRun['figures']>,
  ): Promise<void> {
    this.#context.onProgress(`wisckey: ${name}`, this.#done, this.#total, this.#done / this.#total)
    const startMs = performance.now()
    const measured = await figures()
    const wallSeconds = (performance.now() - startMs) / 1e3
    this.runs.push({ name, params, figures: measured, series: [], wallSeconds })
    this.#done++
    this.#context.onProgress(`wisckey: ${name}`, this.#done, this.#total, this.#done / this.#total)
  }
}

export const wisckey: Suite = {
  name: 'wisckey',
  fullSeconds: 216,
  description: 'values in the tree and in a log: writes, space and scans by size of value',
  columns: [
    { heading: 'WA total', figure: 'waTotal' },
    { heading: 'of it log', figure: 'waLog' },
    { heading: 'tree', figure: 'waTree' },
    { heading: 'WAL', figure: 'waWal' },
    { heading: 'log WA', figure: 'logWriteAmplification' },
    { heading: 'law', figure: 'logWriteAmplificationExpected' },
    { heading: 'space', figure: 'spaceAmplification' },
    { heading: 'blocks/entry', figure: 'blocksPerEntry' },
    { heading: 'µs/entry', figure: 'usPerEntry' },
  ],
  run: async (context) => {
    const sizes = SIZES[context.scale]
    const both = 2 * sizes.valueBytes.length
    const total =
      2 * both +
      MIXED_THRESHOLDS.length +
      sizes.fills.length +
      2 * POLICIES.length +
      PREFETCHES.length
    const progress = new Progressing(context, total)
    await runLoads(progress, context, sizes)
    await runThresholds(progress, context, sizes)
    await runCleaning(progress, context, sizes)
    await runScans(progress, context, sizes)
    return { runs: progress.runs, claims: claimsOf(progress.runs, sizes) }
  },
}

async function runLoads(to: Progressing, context: SuiteContext, sizes: Sizes): Promise<void> {
  for (const valueBytes of sizes.valueBytes) {
    for (const thresholdBytes of [null, SEPARATE_ALL]) {
      const { memtableBytes } = sizes
      const records = Math.round(sizes.userBytes / (KEY_BYTES + valueBytes))
      const params = { valueBytes, separated: thresholdBytes !== null, records, memtableBytes }
      await to.run(loadName(valueBytes, thresholdBytes !== null), params, () =>
        withDatabase(context, { memtableBytes, valueLog: { thresholdBytes } }, async (opened) => {
          await putAll(opened, uniqueLoad(records, valueBytes), context)
          opened.database.flush()
          return { ...writeFigures(opened), ...spaceFigures(opened, records, valueBytes) }
        }),
      )
    }
  }
}

/**
 * Sizes of 64 B to 16 KiB, equally many in each octave, so that most bytes are in the few large
 * values.
 */
async function runThresholds(to: Progressing, context: SuiteContext, sizes: Sizes): Promise<void> {
  const octaves = 9
  const sizeOf = (record: number) => 64 << (record % octaves)
  const meanBytes = (64 * (2 ** octaves - 1)) / octaves
  const records = Math.round(sizes.userBytes / 2 / (KEY_BYTES + meanBytes))
  for (const thresholdBytes of MIXED_THRESHOLDS) {
    const { memtableBytes } = sizes
    const params = { thresholdBytes, records, memtableBytes, valueBytes: '64 B … 16 KiB' }
    await to.run(`mixed sizes, threshold ${thresholdBytes ?? 'none'}`, params, () =>
      withDatabase(context, { memtableBytes, valueLog: { thresholdBytes } }, async (opened) => {
        const puts = { count: records, record: (n: number) => n, valueBytes: sizeOf }
        await putAll(opened, puts, context)
        opened.database.flush()
        return { ...writeFigures(opened), ...spaceFigures(opened, records, meanBytes) }
      }),
    )
  }
}

async function runCleaning(to: Progressing, context: SuiteContext, sizes: Sizes): Promise<void> {
  for (const fill of sizes.fills) {
    await runUpdates(to, context, sizes, { policy: 'fifo', fill, hotShare: null })
  }
  for (const hotShare of [null, HOT_SHARE]) {
    for (const policy of POLICIES) {
      if (policy === 'fifo' && hotShare === null) continue
      await runUpdates(to, context, sizes, { policy, fill: POLICY_FILL, hotShare })
    }
  }
}

interface Cleaning {
  readonly policy: (typeof POLICIES)[number]
  /** Live bytes ÷ capacity of the log. */
  readonly fill: number
  readonly hotShare: number | null
}

/**
 * Updates until the log has turned over three times, then four times more; only the latter are
 * measured.
 */
async function runUpdates(
  to: Progressing,
  context: SuiteContext,
  sizes: Sizes,
  cleaning: Cleaning,
): Promise<void> {
  const { policy, fill, hotShare } = cleaning
  const { records, segmentBytes } = sizes
  const memtableBytes = UPDATES_MEMTABLE_BYTES
  const capacityBytes = Math.round((records * recordBytes()) / fill)
  const valueLog = { thresholdBytes: SEPARATE_ALL, gcPolicy: policy, capacityBytes, segmentBytes }
  const params = { policy, fill, hotShare, records, capacityBytes, segmentBytes, memtableBytes }
  await to.run(updatesName(cleaning), params, () =>
    withDatabase(context, { memtableBytes, valueLog }, async (opened) => {
      await putAll(opened, uniqueLoad(records, UPDATED_VALUE_BYTES), context)
      const turnover = Math.round(capacityBytes / recordBytes())
      const puts = (turnovers: number, seed: number) =>
        updates(turnovers * turnover, records, UPDATED_VALUE_BYTES, seed, hotShare)
      await putAll(opened, puts(3, context.seed + 1), context)
      const before = opened.database.metrics().valueLog
      await putAll(opened, puts(4, context.seed + 2), context)
      const after = opened.database.metrics().valueLog
      const appended = after.appendedBytes - before.appendedBytes
      const moved = after.movedBytes - before.movedBytes
      const law = policy === 'fifo' && hotShare === null
      return {
        ...writeFigures(opened),
        ...spaceFigures(opened, records, UPDATED_VALUE_BYTES),
        logWriteAmplification: (appended + moved) / appended,
        logWriteAmplificationExpected: law ? fifoWriteAmplification(fill) : null,
        segmentsCollected: after.segmentsCollected - before.segmentsCollected,
      }
    }),
  )
}

async function runScans(to: Progressing, context: SuiteContext, sizes: Sizes): Promise<void> {
  const { memtableBytes } = sizes
  for (const valueBytes of sizes.valueBytes) {
    for (const thresholdBytes of [null, SEPARATE_ALL]) {
      const separated = thresholdBytes !== null
      const records = Math.round(sizes.scanBytes / (KEY_BYTES + valueBytes))
      const prefetches = separated && valueBytes === KiB ? [null, ...PREFETCHES] : [null]
      await withDatabase(
        context,
        { memtableBytes, valueLog: { thresholdBytes } },
        async (loaded) => {
          await putAll(loaded, uniqueLoad(records, valueBytes), context)
          loaded.database.flush()
          let opened = loaded
          for (const prefetch of prefetches) {
            opened = opened.reopened()
            const params = { valueBytes, separated, records, prefetch }
            const name = scanName(valueBytes, separated, prefetch)
            await to.run(name, params, async () => {
              const scan = await scanCold(opened, prefetch)
              return {
                ...scan,
                blocksPerEntry: scan.blocksFromStorage / scan.entries,
                bytesPerUserByte: scan.bytesFromStorage / (scan.entries * (KEY_BYTES + valueBytes)),
                usPerEntry: (1e6 * scan.seconds) / scan.entries,
              }
            })
          }
        },
      )
    }
  }
}

function spaceFigures({ database, ledger }: LogDatabase, records: number, valueBytes: number) {
  const { presentAtOpen, appended, linked, truncated, removed } = ledger.balance()
  const physicalBytes = presentAtOpen + appended + linked - truncated - removed
  const { tableBytes, valueLog } = database.metrics()
  const liveBytes = records * (KEY_BYTES + valueBytes)
  return {
    spaceAmplification: physicalBytes / liveBytes,
    treeSpaceAmplification: tableBytes / liveBytes,
    logSpaceAmplification: (valueLog.logBytes + valueLog.unsealedBytes) / liveBytes,
  }
}

/** 1 ÷ (1 − u), u = exp(−(1 − u) ÷ f): uniform updates, oldest segment first. */
export function fifoWriteAmplification(fill: number): number {
  let u = 0
  for (let step = 0; step < 1000; step++) u = Math.exp(-(1 - u) / fill)
  return 1 / (1 - u)
}

const recordBytes = () => UPDATED_VALUE_BYTES + RECORD_OVERHEAD_BYTES

const loadName = (valueBytes: number, separated: boolean) =>
  `load, ${valueBytes} B ${separated ? 'in the log' : 'in the tree'}`

const updatesName = ({ policy, fill, hotShare }: Cleaning) =>
  `updates, ${policy}, fill ${fill}, ${hotShare === null ? 'uniform' : `${hotShare} on a fifth`}`

const scanName = (valueBytes: number, separated: boolean, prefetch: number | null) =>
  `cold scan, ${valueBytes} B ${separated ? 'in the log' : 'in the tree'}` +
  (prefetch === null ? '' : `, prefetch ${prefetch}`)

function claimsOf(runs: readonly SuiteRun[], sizes: Sizes): readonly Claim[] {
  const figure = (run: string, name: string) =>
    Number(runs.find((one) => one.name === run)!.figures[name])
  const wa = (valueBytes: number, separated: boolean) =>
    figure(loadName(valueBytes, separated), 'waTotal')
  const { valueBytes, fills } = sizes
  const falling = valueBytes.slice(1).map((bytes, index) => {
    const smaller = valueBytes[index]!
    const name = `WA with separation: ${bytes} B below ${smaller} B`
    return atMostClaim(name, wa(bytes, true), wa(smaller, true), PAPER)
  })
  const bounds = [
    { bytes: KiB, limit: 1.35 },
    { bytes: 4 * KiB, limit: 1.1 },
  ].map(({ bytes, limit }) =>
    atMostClaim(`WA with separation at ${bytes} B`, wa(bytes, true), limit, `${PAPER}, near 1`),
  )
  const gains = valueBytes
    .filter((bytes) => bytes >= KiB)
    .flatMap((bytes) => [
      atMostClaim(
        `${bytes} B: 5 ÷ WA in the tree (deep enough)`,
        5 / wa(bytes, false),
        1,
        'a tree in which separation has something to save',
      ),
      atMostClaim(
        `${bytes} B: WA in the log ÷ in the tree`,
        wa(bytes, true) / wa(bytes, false),
        1 / 3,
        PAPER,
      ),
    ])
  const laws = fills.map((fill) => {
    const name = updatesName({ policy: 'fifo', fill, hotShare: null })
    const source = '1 ÷ (1 − u), u = exp(−(1 − u) ÷ fill)'
    const measured = figure(name, 'logWriteAmplification')
    return withinClaim(`${name}: log WA`, measured, fifoWriteAmplification(fill), 0.05, source)
  })
  const blocks = (separated: boolean) => figure(scanName(64, separated, null), 'blocksFromStorage')
  const scan = atMostClaim(
    'cold scan of 64 B: blocks from the tree ÷ with the log',
    blocks(false) / blocks(true),
    1 / 5,
    `${PAPER}: small values scattered over the log`,
  )
  return [...falling, ...bounds, ...gains, ...laws, scan]
}
