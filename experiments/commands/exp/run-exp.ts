/** Owns the work of `varve exp`: from a request to results, charts, a table and the exit code. */
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import type { RunResult } from '../../../results/schema.ts'
import { checkOutFile, checkOutFolder } from '../../base/check-out.ts'
import type { SweepContext, Transfer } from '../../base/context.ts'
import type { RunPlan } from '../../base/run-plan.ts'
import { formatBytes, formatSeconds } from '../../base/units.ts'
import { UsageError, unknownName } from '../../base/usage-error.ts'
import type { Arguments } from '../../cli/arguments.ts'
import { EXIT } from '../../cli/explain.ts'
import { Progress } from '../../cli/progress.ts'
import { commandOf, isEngineTarget, type Request, type SuiteRequest } from '../../cli/request.ts'
import { note, say } from '../../cli/run-command.ts'
import { lookOf } from '../../cli/terminal.ts'
import { ANSWERS_GATE } from '../../measure/gates.ts'
import type { Suite } from '../../suites/suite.ts'
import type { PeerPlan } from '../../targets/peers/peer-plan.ts'
import type { Recording } from '../../trace/recording.ts'
import { closingTable, untilLines } from './closing-table.ts'
import { peerTables } from './peer-table.ts'
import { performBeside } from './perform-beside.ts'

export async function runExp(given: Arguments, hear: () => AbortSignal): Promise<number> {
  const [listed] = given.flags.get('list') ?? []
  if (listed !== undefined) {
    const { listing } = await import('./listing.ts')
    return say(await listing(listed))
  }
  const command = commandOf(given)
  if (command.kind === 'suite') return runSuiteRequest(command.request, hear)
  return runRequest(command.request, hear)
}

async function runRequest(request: Request, hear: () => AbortSignal): Promise<number> {
  checkOutFolder('out', request.out)
  if (request.aged !== null) checkOutFolder('aged', request.aged)
  if (request.record !== null) checkOutFile('record', request.record)
  const { resolvePlans } = await import('../../cli/resolve.ts')
  const engines = request.target.some(isEngineTarget)
  const plans = await aged(engines ? await resolvePlans(request) : [], request.aged)
  const { resolvePeerPlans } = await import('../../cli/resolve-peers.ts')
  const peerPlans = await resolvePeerPlans(request)
  const { runSweep } = await import('../../run/sweep.ts')
  const { Charts, mayDrawBeside } = await import('./write-charts.ts')
  const progress = new Progress(process.stderr, request.quiet, () => performance.now())
  const signal = hear()
  const tell = (line: string) => {
    progress.clear()
    if (!request.quiet) say(line)
  }
  using recording = await recordingOf(request, plans, peerPlans)
  const metrics = await metricsOf(request)
  // Peers run one after another.
  const jobs = Math.max(1, Math.min(request.jobs ?? 1, plans.length))
  await announce(request, [...plans, ...peerPlans], jobs)
  for (const line of new Set(plans.flatMap(({ notes = [] }) => notes))) tell(line)
  const charts = new Charts(request.out, signal)
  // With repeats, gates are judged again when the sweep has ended.
  const isEarly = request.repeat === 1 && peerPlans.length === 0 && mayDrawBeside(plans, jobs)
  try {
    const context: SweepContext = {
      outFolder: request.out,
      versions: request.versions,
      keep: request.keep,
      force: request.force || recording !== null,
      runsAtOnce: jobs,
      signal,
      terminalWritten: () => sumOf(progress.written, recording?.written, metrics?.written),
      onProgress: (...place) => {
        progress.update(...place)
        metrics?.progress(place[3])
      },
      onFacts: (facts) => metrics?.show(facts),
      onRun: (what) => progress.running(what),
      onEnded: (...run) => progress.ended(...run),
      onResult: (result) => isEarly && plans.length > 1 && charts.begin(result),
      onReuse: (path) => tell(`${path}: same configuration and code, reused`),
    }
    const run = recording === null ? [...plans, ...peerPlans] : [recording.plan]
    const beside = jobs === 1 ? null : performBeside(request, jobs, signal)
    const { results, peers, resultPaths } = await runSweep(run, context, beside)
    recording?.finish()
    progress.running(null)
    const chartPaths = await charts.finish(results, peers)
    if (results.length > 0) tell(closingTable(results, lookOf(process.stdout)))
    if (peers.length > 0) tell(peerTables(peers, lookOf(process.stdout)))
    for (const line of untilLines(results)) tell(line)
    if (request.from !== null) for (const result of results) tell(await whatWouldHappen(result))
    // The .png and .vl.json next to each .svg are not listed.
    const pictures = chartPaths.filter((path) => path.endsWith('.svg'))
    for (const path of [...resultPaths, ...pictures]) tell(path)
    return tellLosses([...results, ...peers])
  } finally {
    progress.clear()
    await charts.close()
    await metrics?.close()
  }
}

/** The server of `--metrics`, or null. Throws `UsageError`. */
async function metricsOf({ metrics }: Request) {
  if (metrics === null) return null
  const { MetricsServer, parseMetricsAddress } = await import('../../cli/metrics-server.ts')
  const server = await MetricsServer.listen(parseMetricsAddress(metrics))
  note(`metrics at ${server.url}`)
  return server
}

/** The picks from the tree that was found, and the levels they end with. */
async function whatWouldHappen(result: RunResult): Promise<string> {
  const { tellRun } = await import('../../story/run-story.ts')
  const { levelLines } = await import('../../run/tree-source.ts')
  const levels = levelLines(result.deterministic.levels)
  return [tellRun(result, null), '', 'levels at rest', ...levels, ''].join('\n')
}

/** Says before a long command how long it takes. Existing results cost no time. */
async function announce(
  { out, force, quiet }: Request,
  plans: readonly (RunPlan | PeerPlan)[],
  jobs: number,
): Promise<void> {
  const { announcementOf } = await import('./announcement.ts')
  const { resultPath } = await import('../../run/sweep.ts')
  const due = plans.filter((plan) => force || !existsSync(resultPath(plan, out)))
  const line = quiet ? null : announcementOf(due, out, jobs)
  if (line !== null) process.stderr.write(`exp: ${line}\n`)
}

/** Reports runs with wrong answers; returns the exit code. Their results are written anyway. */
function tellLosses(results: readonly Pick<RunResult, 'id' | 'gates'>[]): number {
  const lost = results.flatMap(({ id, gates }) =>
    gates
      .filter(({ name, passed }) => name === ANSWERS_GATE && !passed)
      .map(({ why }) => ({ id, why })),
  )
  for (const { id, why } of lost) {
    process.stderr.write(`exp: ${id}: answers are not what was written: ${why}\n`)
  }
  return lost.length === 0 ? EXIT.done : EXIT.failed
}

/** One run makes one trace. Throws `UsageError`. */
async function recordingOf(
  { record }: Request,
  plans: readonly RunPlan[],
  peers: readonly PeerPlan[],
): Promise<Recording | null> {
  if (record === null) return null
  const [plan, ...others] = plans
  if (plan === undefined || others.length + peers.length > 0) {
    throw new UsageError(`--record: ${plans.length + peers.length} runs; one run makes one trace`)
  }
  const { Recording } = await import('../../trace/recording.ts')
  return new Recording(record, plan)
}

function sumOf(...transfers: readonly (Transfer | undefined)[]): Transfer {
  return {
    bytes: transfers.reduce((sum, transfer) => sum + (transfer?.bytes ?? 0), 0),
    calls: transfers.reduce((sum, transfer) => sum + (transfer?.calls ?? 0), 0),
  }
}

/** The plans, changed to start from loaded trees in `folder`; unchanged if it is null. */
async function aged(plans: readonly RunPlan[], folder: string | null) {
  if (folder === null) return plans
  const { agedPlan } = await import('../../run/aged/run-aged.ts')
  const { describeCode } = await import('../../machine/environment.ts')
  const { varveVersion } = describeCode()
  return plans.map((plan) => agedPlan(plan, folder, varveVersion))
}

/** Each with its memory, so a machine with many cores is not filled. */
const SUITE_JOBS_MAX = 4

/** How many runs of the suite are done at once. Throws `UsageError`. */
function jobsOf({ jobs }: SuiteRequest, { name, counted }: Suite): number {
  if (counted !== undefined) return jobs ?? Math.min(availableParallelism(), SUITE_JOBS_MAX)
  if (jobs === null || jobs === 1) return 1
  throw new UsageError(`--jobs: the suite ${name} measures times, so its runs are done in turn`)
}

function fullScaleNotice({ name, fullSeconds, counted }: Suite, jobs: number): string {
  const time = formatSeconds(fullSeconds / jobs)
  const memory =
    counted === undefined || jobs === 1
      ? ''
      : `, in ${jobs} processes of up to ${formatBytes(counted.fullRssBytes)} each`
  return `the suite ${name} at full scale takes roughly ${time}${memory}`
}

async function runSuiteRequest(request: SuiteRequest, hear: () => AbortSignal): Promise<number> {
  checkOutFolder('out', request.out)
  const { SUITES } = await import('../../suites/catalog.ts')
  const suite = SUITES.get(request.suite)
  if (suite === undefined) throw unknownName('suite', request.suite, [...SUITES.keys()])
  const { runSuite } = await import('../../suites/run-suite.ts')
  const { suitePlans } = await import('./suite-plans.ts')
  const { suiteTables } = await import('./suite-table.ts')
  const jobs = jobsOf(request, suite)
  if (request.scale === 'full' && !request.quiet) note(`exp: ${fullScaleNotice(suite, jobs)}`)
  const progress = new Progress(process.stderr, request.quiet, () => performance.now())
  const signal = hear()
  try {
    const { result, path } = await runSuite(suite, {
      scale: request.scale,
      seed: request.seed,
      outFolder: request.out,
      signal,
      jobs,
      plansOf: suitePlans,
      onProgress: (what, ...place) => {
        if (suite.counted === undefined) progress.running(what)
        progress.update(what, ...place)
      },
      onEnded: (...run) => progress.ended(...run),
    })
    progress.running(null)
    progress.clear()
    const tables = suiteTables(suite, result, lookOf(process.stdout))
    if (!request.quiet) say(`${tables}\n${path}`)
    return result.claims.every(({ held }) => held) ? EXIT.done : EXIT.failed
  } finally {
    progress.clear()
  }
}
