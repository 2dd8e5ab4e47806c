/**
 * Owns the relations between the deterministic figures of a run: ratios are the quotients of their
 * counters, parts add up to their totals, and a counter that appears in several places is the same
 * in all of them.
 */
import type { Amplification, Deterministic, ReadAccount, RunResult } from '../schema.ts'
import { type Findings, sumOf, total } from './findings.ts'

const BASE = 'deterministic'

export function checkDeterministic({ deterministic }: RunResult, findings: Findings): void {
  const { amplification, readAmplification } = deterministic
  checkAmplification('burst', amplification.burst, findings)
  checkAmplification('drained', amplification.drained, findings)
  checkMoments(amplification, findings)
  checkPhases(deterministic, findings)
  for (const [name, account] of Object.entries(readAmplification)) {
    checkAccount(`${BASE}.readAmplification.${name}`, account, findings)
  }
  checkOperations(deterministic, findings)
  checkLevels(deterministic, findings)
  checkLedger(deterministic, findings)
  checkSeries(deterministic, findings)
  checkEvents(deterministic, findings)
  checkFilters(deterministic, findings)
  checkValueLog(deterministic, findings)
  checkValueLogPhases(deterministic, findings)
}

function checkAmplification(moment: string, figures: Amplification, findings: Findings): void {
  const at = (field: string) => `${BASE}.amplification.${moment}.${field}`
  const { bytesWrittenByCause, userBytes, flushedRawBytes, mergedRawBytes } = figures
  const { flush = 0, compaction = 0, wal = 0 } = bytesWrittenByCause
  const tables = flush + compaction
  findings.ratio(at('waTotal'), figures.waTotal, total(bytesWrittenByCause), userBytes)
  findings.ratio(at('waLsm'), figures.waLsm, tables, userBytes)
  findings.ratio(at('waEntries'), figures.waEntries, flushedRawBytes + mergedRawBytes, userBytes)
  findings.ratio(at('waRocksdb'), figures.waRocksdb, tables, flush)
  findings.ratio(at('waPebble'), figures.waPebble, wal + tables, wal)
  const { spaceAmplification, physicalBytes, liveLogicalBytes } = figures
  findings.ratio(at('spaceAmplification'), spaceAmplification, physicalBytes, liveLogicalBytes)
}

/** A drain adds written bytes, but no user bytes. */
function checkMoments(
  { burst, drained }: Deterministic['amplification'],
  findings: Findings,
): void {
  const at = (field: string) => `${BASE}.amplification.burst.${field}`
  findings.equal(at('userBytes'), burst.userBytes, drained.userBytes, 'that of the drained state')
  for (const key of ['flushedRawBytes', 'mergedRawBytes'] as const) {
    findings.atMost(at(key), burst[key], drained[key], 'that of the drained state')
  }
  for (const [cause, bytes] of Object.entries(burst.bytesWrittenByCause)) {
    const later = byCause(drained.bytesWrittenByCause, cause)
    findings.atMost(at(`bytesWrittenByCause.${cause}`), bytes, later, 'that of the drained state')
  }
}

function checkPhases({ phases, amplification, until }: Deterministic, findings: Findings): void {
  const { drained } = amplification
  const userBytes = sumOf(phases, (phase) => phase.userBytes)
  findings.equal(`${BASE}.phases[].userBytes`, userBytes, drained.userBytes, 'the drained sum')
  const causes = new Set(phases.flatMap((phase) => Object.keys(phase.bytesWrittenByCause)))
  for (const cause of causes) {
    // Opening the folder wrote some bytes before the first phase.
    const written = sumOf(phases, (phase) => byCause(phase.bytesWrittenByCause, cause))
    const field = `${BASE}.phases[].bytesWrittenByCause.${cause}`
    findings.atMost(field, written, byCause(drained.bytesWrittenByCause, cause), 'the drained sum')
  }
  if (until === null) return
  const run = phases.filter(({ name }) => name === 'run')
  const done = sumOf(run, ({ operationsByKind }) => total(operationsByKind))
  findings.equal(`${BASE}.until.operations`, until.operations, done, 'what the run phase did')
}

function checkAccount(base: string, account: ReadAccount, findings: Findings): void {
  const { operations, filterNegatives, filterFalsePositives, filterChecks } = account
  const answered = filterNegatives + filterFalsePositives
  findings.atMost(`${base}.filterNegatives`, answered, filterChecks, 'filterChecks')
  const { runsProbed, blocksFromCache, blocksFromStorage, bytesFromStorage } = account
  const ratios = [
    ['runsPerOperation', runsProbed, operations],
    ['blocksPerOperation', blocksFromCache + blocksFromStorage, operations],
    ['blocksFromStoragePerOperation', blocksFromStorage, operations],
    ['bytesReadPerByteReturned', bytesFromStorage, account.bytesReturned],
  ] as const
  for (const [name, numerator, denominator] of ratios) {
    findings.knownRatio(`${base}.${name}`, account[name], numerator, denominator)
  }
}

/** Every read and scan of the run phase is on exactly one account. */
function checkOperations({ phases, readAmplification }: Deterministic, findings: Findings): void {
  const done = (...kinds: readonly string[]) =>
    sumOf(phases, ({ operationsByKind }) => sumOf(kinds, (kind) => operationsByKind[kind] ?? 0))
  const { getHit, getMiss, shortScan, longScan } = readAmplification
  findings.equal(
    `${BASE}.readAmplification.getHit.operations`,
    getHit.operations + getMiss.operations,
    done('read', 'read-modify-write'),
    'the reads of all phases (with those of getMiss)',
  )
  findings.equal(
    `${BASE}.readAmplification.shortScan.operations`,
    shortScan.operations + longScan.operations,
    done('scan'),
    'the scans of all phases (with those of longScan)',
  )
}

function checkLevels({ levels, amplification }: Deterministic, findings: Findings): void {
  const { drained } = amplification
  for (const key of ['flushedRawBytes', 'mergedRawBytes'] as const) {
    const sum = sumOf(levels, (level) => level[key])
    findings.equal(`${BASE}.levels[].${key}`, sum, drained[key], 'the drained sum')
  }
  const { flush = 0, compaction = 0 } = drained.bytesWrittenByCause
  const written = sumOf(levels, (level) => level.bytesWritten)
  const what = 'what flushes and compactions wrote'
  findings.equal(`${BASE}.levels[].bytesWritten`, written, flush + compaction, what)
  for (const { level, tombstones, entries } of levels) {
    findings.atMost(`${BASE}.levels[${level}].tombstones`, tombstones, entries, 'entries')
  }
}

function checkLedger({ ledger, amplification }: Deterministic, findings: Findings): void {
  const { bytesWrittenByCause, physicalBytes } = amplification.drained
  const written: Record<string, number> = {}
  for (const { cause, direction, bytes } of ledger.cells) {
    if (direction === 'write') written[cause] = (written[cause] ?? 0) + bytes
  }
  for (const cause of new Set([...Object.keys(written), ...Object.keys(bytesWrittenByCause)])) {
    const field = `${BASE}.amplification.drained.bytesWrittenByCause.${cause}`
    const [told, counted] = [byCause(bytesWrittenByCause, cause), written[cause] ?? 0]
    findings.equal(field, told, counted, 'the sum of the ledger’s cells')
  }
  const { conserved, liveBytes } = ledger.balance
  if (!conserved) return
  const field = `${BASE}.amplification.drained.physicalBytes`
  findings.equal(field, physicalBytes, liveBytes, 'ledger.balance.liveBytes')
}

function checkSeries(deterministic: Deterministic, findings: Findings): void {
  const { series, amplification, levels, peakPhysicalBytes } = deterministic
  const { drained } = amplification
  findings.atMost(
    `${BASE}.amplification.drained.physicalBytes`,
    drained.physicalBytes,
    peakPhysicalBytes,
    'peakPhysicalBytes',
  )
  for (const [index, point] of series.entries()) {
    const at = (field: string) => `${BASE}.series[${index}].${field}`
    findings.ratio(at('waTotal'), point.waTotal, point.bytesWritten, point.userBytes)
    const runs = sumOf(point.shape, (count) => count)
    findings.equal(at('runs'), point.runs, runs, 'the sum of its shape')
    const { physicalBytes } = point
    findings.atMost(at('physicalBytes'), physicalBytes, point.peakPhysicalBytes, 'the peak so far')
    findings.atMost(at('physicalBytes'), physicalBytes, peakPhysicalBytes, 'peakPhysicalBytes')
    const next = series[index + 1]
    for (const key of ['atOperation', 'userBytes', 'bytesWritten'] as const) {
      findings.atMost(at(key), point[key], next?.[key], 'that of the next point')
    }
  }
  // The last point belongs to the drained tree.
  const last = series.at(-1)
  const at = (field: string) => `${BASE}.series[${series.length - 1}].${field}`
  const what = 'that of the drained state'
  findings.equal(at('userBytes'), last?.userBytes, drained.userBytes, what)
  findings.equal(at('physicalBytes'), last?.physicalBytes, drained.physicalBytes, what)
  findings.equal(
    at('runs'),
    last?.runs,
    sumOf(levels, ({ runs }) => runs),
    what,
  )
}

function checkEvents({ events, counts }: Deterministic, findings: Findings): void {
  const { flushes, merges, moves, drops } = counts
  const sum = flushes + merges + moves + drops
  findings.equal(`${BASE}.events.total`, events.total, sum, 'the sum of counts')
  findings.atMost(`${BASE}.events.log`, events.log.length, events.total, 'events.total')
}

function checkFilters({ filters }: Deterministic, findings: Findings): void {
  if (filters === null) return
  const sum = sumOf(filters.runs, (run) => run.falsePositiveRate)
  const field = `${BASE}.filters.probesPerMiss`
  findings.near(field, filters.probesPerMiss, sum, 'the sum of the rates')
}

function checkValueLog({ valueLog, levels, amplification }: Deterministic, f: Findings): void {
  if (valueLog === null) return
  const at = (field: string) => `${BASE}.valueLog.${field}`
  const { appendedBytes, movedBytes, collectedBytes, logBytes, liveBytes, treeBytes } = valueLog
  const { liveLogicalBytes } = amplification.drained
  f.ratio(at('waLog'), valueLog.waLog, appendedBytes + movedBytes, appendedBytes)
  f.equal(
    at('treeBytes'),
    treeBytes,
    sumOf(levels, ({ bytes }) => bytes),
    'the sum of levels',
  )
  const { treeSpaceAmplification, logSpaceAmplification } = valueLog
  f.ratio(at('treeSpaceAmplification'), treeSpaceAmplification, treeBytes, liveLogicalBytes)
  f.ratio(at('logSpaceAmplification'), logSpaceAmplification, logBytes, liveLogicalBytes)
  f.atMost(at('collectedLiveBytes'), valueLog.collectedLiveBytes, collectedBytes, 'collectedBytes')
  f.atMost(at('liveBytes'), liveBytes, logBytes, 'logBytes')
  f.atMost(at('garbageBytes'), valueLog.garbageBytes, logBytes, 'logBytes')
}

/** Results older than the phases' figures have none in any phase. */
function checkValueLogPhases({ phases, valueLog }: Deterministic, findings: Findings): void {
  for (const [index, { valueLog: work }] of phases.entries()) {
    if (work === null) continue
    const field = `${BASE}.phases[${index}].valueLog.waLog`
    findings.ratio(field, work.waLog, work.appendedBytes + work.movedBytes, work.appendedBytes)
  }
  if (valueLog === null || phases.every((phase) => phase.valueLog === null)) return
  for (const key of VALUE_LOG_SUMS) {
    const done = sumOf(phases, (phase) => phase.valueLog?.[key] ?? 0)
    const field = `${BASE}.phases[].valueLog.${key}`
    findings.equal(field, done, valueLog[key], 'the figure of the whole run')
  }
}

const VALUE_LOG_SUMS = [
  'appendedBytes',
  'movedBytes',
  'segmentsCollected',
  'collectedBytes',
  'collectedLiveBytes',
] as const

function byCause(bytes: Readonly<Record<string, number>>, cause: string): number {
  return bytes[cause] ?? 0
}
