/**
 * Owns the long format of results (Wickham, "Tidy Data", 2014): one row for each figure. A row has
 * the run, the section and the metric by its name in the schema, the dimensions that apply, and the
 * unit. A figure that was not measured has no row. Histograms are left out.
 */

import { type AnyResult, designId, sampleKey } from '../../results/identity.ts'
import { isPeerResult, type PeerResult } from '../../results/peer-schema.ts'
import type { RunResult } from '../../results/schema.ts'
import type { SuiteResult } from '../../results/suite-schema.ts'
import { unitOf } from './metric-units.ts'

export interface TidyRow extends Run, Dimensions {
  readonly section: string
  readonly metric: string
  /** A number; true is 1, false is 0. Null if the figure is a text. */
  readonly value: number | null
  readonly text: string | null
  readonly unit: string
}

interface Run {
  readonly run: string
  /** Equal for all results of one design; empty for suites. */
  readonly design: string
  /** Equal for runs of the same operations; empty for suites. */
  readonly sample: string
  readonly target: string
  readonly strategy: string
  readonly workload: string
  readonly seed: number | null
  readonly repeat: number | null
}

/** Columns that identify a figure within its run; null if one does not apply. */
export interface Dimensions {
  /** `burst` or `drained`. */
  readonly moment?: string
  /** `load`, `run` or `drain`. */
  readonly phase?: string
  /** The kind of operation, read, event, delay or option. */
  readonly kind?: string
  readonly cause?: string
  readonly level?: number
  /** The part of a file: `data`, `index`, `filter` or `meta`. */
  readonly part?: string
  readonly direction?: string
  /** The side of an event: `inputs` or `outputs`. */
  readonly side?: string
  /** The index of a run, event, slow operation, gate or claim, from 0. */
  readonly item?: number
  readonly atOperation?: number
}

/** The columns in order, with the types of their values. */
export const TIDY_COLUMNS = [
  { name: 'run', key: 'run', type: 'text' },
  { name: 'target', key: 'target', type: 'text' },
  { name: 'strategy', key: 'strategy', type: 'text' },
  { name: 'workload', key: 'workload', type: 'text' },
  { name: 'seed', key: 'seed', type: 'integer' },
  { name: 'repeat', key: 'repeat', type: 'integer' },
  { name: 'section', key: 'section', type: 'text' },
  { name: 'metric', key: 'metric', type: 'text' },
  { name: 'moment', key: 'moment', type: 'text' },
  { name: 'phase', key: 'phase', type: 'text' },
  { name: 'kind', key: 'kind', type: 'text' },
  { name: 'cause', key: 'cause', type: 'text' },
  { name: 'level', key: 'level', type: 'integer' },
  { name: 'part', key: 'part', type: 'text' },
  { name: 'direction', key: 'direction', type: 'text' },
  { name: 'side', key: 'side', type: 'text' },
  { name: 'item', key: 'item', type: 'integer' },
  { name: 'at_operation', key: 'atOperation', type: 'integer' },
  { name: 'value', key: 'value', type: 'number' },
  { name: 'text', key: 'text', type: 'text' },
  { name: 'unit', key: 'unit', type: 'text' },
  { name: 'design', key: 'design', type: 'text' },
  { name: 'sample', key: 'sample', type: 'text' },
] as const satisfies readonly {
  readonly name: string
  readonly key: keyof TidyRow
  readonly type: 'text' | 'integer' | 'number'
}[]

/** A part of a result: figures with the same dimensions. */
interface Part {
  readonly section: string
  readonly dimensions: Dimensions
  readonly figures: object
}

/** The sections in the order of their rows. */
export const TIDY_SECTIONS = [
  ...['config', 'strategy', 'workload', 'engine', 'scheduling', 'environment'],
  ...['phases', 'amplification'],
  ...[
    'readAmplification',
    'levels',
    'filters',
    'answers',
    'valueLog',
    'ledger',
    'balance',
    'counts',
    'space',
    'stream',
    'series',
    'events',
  ],
  ...['timed', 'arrivals', 'latency', 'intendedLatency', 'timedSeries', 'timedEvents', 'slowest'],
  ...['stalls', 'stallEvents', 'jobs'],
  ...['gates', 'suite', 'claims'],
] as const

/** All figures of `document`, or only those of `sections`. */
export function* tidyRows(
  document: AnyResult | SuiteResult,
  sections: ReadonlySet<string> = new Set(TIDY_SECTIONS),
): Generator<TidyRow> {
  if ('suite' in document) {
    for (const { run, part } of suiteParts(document)) yield* rowsOf(run, part, sections)
    return
  }
  const { strategy, workload, target, seed, repeat } = document.config
  const run = {
    run: document.id,
    design: designId(document),
    sample: sampleKey(document),
    target,
    strategy: strategy.name,
    workload: workload.name,
    seed,
    repeat,
  }
  const parts = isPeerResult(document) ? peerParts(document) : runParts(document)
  for (const part of parts) yield* rowsOf(run, part, sections)
}

/** A row for each scalar of a part. A record by cause or level gives one row for each entry. */
function* rowsOf(run: Run, part: Part, sections: ReadonlySet<string>): Generator<TidyRow> {
  const { section, dimensions, figures } = part
  if (!sections.has(section)) return
  for (const [metric, figure] of Object.entries(figures)) {
    for (const { dimension, scalar } of scalarsOf(metric, figure)) {
      yield {
        ...run,
        section,
        metric,
        ...dimensions,
        ...dimension,
        value: typeof scalar === 'string' ? null : Number(scalar),
        text: typeof scalar === 'string' ? scalar : null,
        unit: unitOf(section, metric, scalar),
      }
    }
  }
}

type Scalar = number | string | boolean

function* scalarsOf(
  metric: string,
  figure: unknown,
): Generator<{ readonly dimension: Dimensions; readonly scalar: Scalar }> {
  if (figure === null || figure === undefined || metric === 'histogramBase64') return
  if (typeof figure !== 'object') {
    yield { dimension: {}, scalar: figure as Scalar }
  } else if (BY_LEVEL.has(metric)) {
    for (const [level, scalar] of (figure as readonly number[]).entries()) {
      yield { dimension: { level }, scalar }
    }
  } else if (metric === 'scores') {
    for (const { level, score } of figure as readonly { level: number; score: number }[]) {
      yield { dimension: { level }, scalar: score }
    }
  } else if (metric === 'bytesWrittenByCause') {
    for (const [cause, scalar] of Object.entries(figure)) yield { dimension: { cause }, scalar }
  } else if (metric === 'operationsByKind') {
    for (const [kind, scalar] of Object.entries(figure)) yield { dimension: { kind }, scalar }
  } else {
    yield { dimension: {}, scalar: JSON.stringify(figure) }
  }
}

/** Lists that hold one item for each level. */
const BY_LEVEL = new Set(['shape', 'shapeAtStart', 'levelBytes'])

function* runParts(result: RunResult): Generator<Part> {
  yield* conditionParts(result)
  yield* deterministicParts(result)
  yield* timedParts(result, result.deterministic.events.log)
  yield* backgroundParts(result)
  yield* gateParts(result)
}

/** A peer's figures, under the names of our own figures where they mean the same. */
function* peerParts(result: PeerResult): Generator<Part> {
  yield* conditionParts(result)
  const { deterministic, peer } = result
  for (const { name, ...figures } of deterministic.phases) {
    yield { section: 'phases', dimensions: { phase: name }, figures }
  }
  for (const [kind, figures] of Object.entries(deterministic.reads ?? {})) {
    yield { section: 'readAmplification', dimensions: { kind }, figures }
  }
  const { traceHash } = deterministic
  yield { section: 'stream', dimensions: {}, figures: { traceHash } }
  for (const moment of ['burst', 'drained'] as const) {
    const reading = peer[moment]
    if (reading === null) continue
    const { levels, report: _, ...figures } = reading
    yield { section: 'amplification', dimensions: { moment }, figures }
    if (moment === 'burst') continue
    for (const { level, ...rest } of levels ?? []) {
      yield { section: 'levels', dimensions: { level }, figures: rest }
    }
  }
  yield* timedParts(result, [])
  yield* gateParts(result)
}

/** The configuration of the run, and its machine. */
function* conditionParts({ config, environment }: AnyResult): Generator<Part> {
  const { strategy, workload, engine, arrival, scheduling, ...rest } = config
  yield { section: 'config', dimensions: {}, figures: { ...rest, loadOrder: workload.loadOrder } }
  yield { section: 'strategy', dimensions: {}, figures: strategy.params }
  const { params, valueCompression } = workload
  yield { section: 'workload', dimensions: {}, figures: { ...params, ...valueCompression } }
  const { valueLog, ...options } = engine
  yield { section: 'engine', dimensions: {}, figures: options }
  yield { section: 'engine', dimensions: { kind: 'valueLog' }, figures: Object(valueLog) }
  if (scheduling !== undefined) {
    const { device, ...figures } = scheduling
    yield { section: 'scheduling', dimensions: {}, figures: { ...figures, ...device } }
  }
  yield { section: 'environment', dimensions: {}, figures: environment }
}

function* gateParts({ gates }: AnyResult): Generator<Part> {
  for (const [item, { name, ...gate }] of gates.entries()) {
    yield { section: 'gates', dimensions: { item, kind: name }, figures: gate }
  }
}

function* deterministicParts({ deterministic }: RunResult): Generator<Part> {
  const { phases, amplification, readAmplification, levels, ledger, counts, series, events } =
    deterministic
  for (const { name, valueLog: _, ...figures } of phases) {
    yield { section: 'phases', dimensions: { phase: name }, figures }
  }
  for (const moment of ['burst', 'drained'] as const) {
    yield { section: 'amplification', dimensions: { moment }, figures: amplification[moment] }
  }
  for (const [kind, figures] of Object.entries(readAmplification)) {
    yield { section: 'readAmplification', dimensions: { kind }, figures }
  }
  for (const { level, ...figures } of levels) {
    yield { section: 'levels', dimensions: { level }, figures }
  }
  const { filters, answers } = deterministic
  if (filters != null) {
    const { runs, ...sums } = filters
    yield { section: 'filters', dimensions: {}, figures: sums }
    for (const [item, { level, ...run }] of runs.entries()) {
      yield { section: 'filters', dimensions: { item, level }, figures: run }
    }
  }
  if (answers != null) yield { section: 'answers', dimensions: {}, figures: answers }
  yield* valueLogParts(deterministic)
  for (const { cause, level, section, direction, ...figures } of ledger.cells) {
    yield { section: 'ledger', dimensions: { cause, level, part: section, direction }, figures }
  }
  yield { section: 'balance', dimensions: {}, figures: ledger.balance }
  yield { section: 'counts', dimensions: {}, figures: counts }
  const { peakPhysicalBytes, peakSpaceAmplification, oracle } = deterministic
  const space = { peakPhysicalBytes, peakSpaceAmplification, ...oracle }
  yield { section: 'space', dimensions: {}, figures: space }
  const { traceHash, askedTraceHash, until, tableDigest, longScanEntriesMin } = deterministic
  const stream = {
    traceHash,
    askedTraceHash,
    ...until,
    tableDigest,
    longScanEntriesMin,
    events: events.total,
  }
  yield { section: 'stream', dimensions: {}, figures: stream }
  for (const { atOperation, ...figures } of series) {
    yield { section: 'series', dimensions: { atOperation }, figures }
  }
  for (const [item, { kind, atOperation, inputs, outputs, ...figures }] of events.log.entries()) {
    const dimensions = { item, kind, atOperation }
    yield { section: 'events', dimensions, figures }
    for (const [side, list] of Object.entries({ inputs, outputs })) {
      for (const { level, ...touched } of list) {
        yield { section: 'events', dimensions: { ...dimensions, side, level }, figures: touched }
      }
    }
  }
}

/** The drained value log, and what each phase did in it. Segments are left out. */
function* valueLogParts({ phases, valueLog }: RunResult['deterministic']): Generator<Part> {
  if (valueLog === null) return
  const { segments: _, ...figures } = valueLog
  yield { section: 'valueLog', dimensions: { moment: 'drained' }, figures }
  for (const { name, valueLog: work } of phases) {
    if (work !== null) yield { section: 'valueLog', dimensions: { phase: name }, figures: work }
  }
}

function* timedParts(
  { timed }: AnyResult,
  log: readonly { readonly kind: string }[],
): Generator<Part> {
  const { phases, series, events, slowest, latencyByKind, intendedLatencyByKind, arrivals } = timed
  const { arrival, peakRssBytes, gcSeconds, eventLoopDelayP99Us, overhead, operatingSystem } = timed
  const figures = { arrival, peakRssBytes, gcSeconds, eventLoopDelayP99Us }
  yield { section: 'timed', dimensions: {}, figures }
  yield { section: 'timed', dimensions: {}, figures: { ...overhead, ...operatingSystem } }
  for (const { name, ...phase } of phases) {
    yield { section: 'timed', dimensions: { phase: name }, figures: phase }
  }
  if (arrivals !== null) yield { section: 'arrivals', dimensions: {}, figures: arrivals }
  for (const [kind, latency] of Object.entries(latencyByKind)) {
    yield { section: 'latency', dimensions: { kind }, figures: latency }
  }
  for (const [kind, latency] of Object.entries(intendedLatencyByKind ?? {})) {
    yield { section: 'intendedLatency', dimensions: { kind }, figures: latency }
  }
  for (const { atOperation, ...point } of series) {
    yield { section: 'timedSeries', dimensions: { atOperation }, figures: point }
  }
  for (const [item, event] of events.entries()) {
    const kind = log[item]?.kind
    const dimensions = { item, ...(kind === undefined ? {} : { kind }) }
    yield { section: 'timedEvents', dimensions, figures: event }
  }
  for (const [item, { kind, atOperation, overlaps, ...operation }] of slowest.entries()) {
    const dimensions = { item, kind, atOperation }
    yield { section: 'slowest', dimensions, figures: operation }
    for (const { cause, us, event } of overlaps) {
      const figures = { overlapUs: us, event }
      yield { section: 'slowest', dimensions: { ...dimensions, cause }, figures }
    }
  }
}

function* backgroundParts({ timed, deterministic }: RunResult): Generator<Part> {
  if (timed.background === undefined) return
  const { clientsIn, stalls, stallEvents, jobs } = timed.background
  yield { section: 'scheduling', dimensions: {}, figures: { clientsIn } }
  for (const [cause, figures] of Object.entries(stalls)) {
    yield { section: 'stalls', dimensions: { cause }, figures }
  }
  for (const [item, { cause, step, ...figures }] of stallEvents.log.entries()) {
    yield { section: 'stallEvents', dimensions: { item, cause, kind: step }, figures }
  }
  for (const [item, figures] of jobs.entries()) {
    const { kind } = deterministic.events.log[item]!
    yield { section: 'jobs', dimensions: { item, kind }, figures }
  }
}

function* suiteParts(suite: SuiteResult): Generator<{ readonly run: Run; readonly part: Part }> {
  const none = {
    design: '',
    sample: '',
    target: '',
    strategy: '',
    workload: '',
    seed: null,
    repeat: null,
  }
  for (const { name, params, figures, wallSeconds } of suite.runs) {
    const run = { ...none, run: `${suite.suite}/${name}` }
    yield { run, part: { section: 'config', dimensions: {}, figures: params } }
    yield { run, part: { section: 'suite', dimensions: {}, figures: { ...figures, wallSeconds } } }
  }
  for (const [item, { name, ...claim }] of suite.claims.entries()) {
    const run = { ...none, run: suite.suite }
    yield { run, part: { section: 'claims', dimensions: { item, kind: name }, figures: claim } }
  }
}
