/**
 * Owns the command `npm run exp`: arguments in; results, charts and a table out; and the exit code.
 * 0 done, 1 a run failed or a suite's claim does not hold, 2 a mistake in the arguments, 130 interrupted. Errors are one line on
 * stderr, with a stack under --debug only.
 */
import { checkOutFile, checkOutFolder } from './cli/check-out.ts'
import { closingTable, untilLines } from './cli/closing-table.ts'
import { EXIT } from './cli/explain.ts'
import { Progress, type Written } from './cli/progress.ts'
import { isEngineTarget, parseCommand, type Request, type SuiteRequest } from './cli/request.ts'
import { runCommand } from './cli/run-command.ts'
import { UsageError, unknownName } from './cli/usage-error.ts'
import type { RunPlan } from './run-plan.ts'
import type { SweepContext } from './sweep.ts'
import type { PeerPlan } from './targets/peers/peer-run.ts'
import type { Recording } from './trace/recording.ts'

async function main(argv: readonly string[]): Promise<number> {
  const command = parseCommand(argv)
  if (command.kind === 'run') return runRequest(command.request)
  if (command.kind === 'suite') return runSuiteRequest(command.request)
  // Loaded here: a mistake in the arguments should not wait for the catalogues.
  const { helpText, listText } = await import('./cli/help.ts')
  process.stdout.write(`${command.kind === 'help' ? helpText() : listText()}\n`)
  return EXIT.done
}

async function runRequest(request: Request): Promise<number> {
  checkOutFolder('out', request.out)
  if (request.aged !== null) checkOutFolder('aged', request.aged)
  if (request.record !== null) checkOutFile('record', request.record)
  const { resolvePlans } = await import('./cli/resolve.ts')
  const engines = request.target.some(isEngineTarget)
  const plans = await aged(engines ? await resolvePlans(request) : [], request.aged)
  const { resolvePeerPlans } = await import('./cli/resolve-peers.ts')
  const peerPlans = await resolvePeerPlans(request)
  const { runSweep, writeCharts } = await import('./sweep.ts')
  const progress = new Progress(process.stderr, request.quiet, () => performance.now())
  const interrupt = new AbortController()
  process.on('SIGINT', () => interrupt.abort())
  const say = (line: string) => {
    progress.clear()
    if (!request.quiet) process.stdout.write(`${line}\n`)
  }
  using recording = await recordingOf(request, plans, peerPlans)
  for (const note of new Set(plans.flatMap(({ notes = [] }) => notes))) say(note)
  try {
    const context: SweepContext = {
      outFolder: request.out,
      versions: request.versions,
      keep: request.keep,
      force: request.force || recording !== null,
      signal: interrupt.signal,
      terminalWritten: () => sumOf(progress.written, recording?.written),
      onProgress: (...place) => progress.update(...place),
      onReuse: (path) => say(`${path}: same configuration and code, reused`),
    }
    const run = recording === null ? plans : [recording.plan]
    const { results, resultPaths } = await runSweep(run, context)
    recording?.finish()
    const peers = await runPeers(peerPlans, context)
    const chartPaths = await writeCharts(results, request.out, peers.results)
    if (results.length > 0) say(closingTable(results, process.stdout.isTTY === true))
    if (peers.table !== '') say(peers.table)
    for (const line of untilLines(results)) say(line)
    // The .png and .vl.json beside each .svg need no line of their own.
    const pictures = chartPaths.filter((path) => path.endsWith('.svg'))
    for (const path of [...resultPaths, ...peers.resultPaths, ...pictures]) say(path)
    return EXIT.done
  } finally {
    progress.clear()
  }
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
  const { Recording } = await import('./trace/recording.ts')
  return new Recording(record, plan)
}

function sumOf(terminal: Written, trace: Written = { bytes: 0, calls: 0 }): Written {
  return { bytes: terminal.bytes + trace.bytes, calls: terminal.calls + trace.calls }
}

/** From trees in `folder`; as they are where there is none. */
async function aged(plans: readonly RunPlan[], folder: string | null) {
  if (folder === null) return plans
  const { agedPlan } = await import('./aged/run-aged.ts')
  const { describeCode } = await import('./environment.ts')
  const { varveVersion } = describeCode()
  return plans.map((plan) => agedPlan(plan, folder, varveVersion))
}

/** Loaded only where asked for: a store of somebody else's need not be installed. */
async function runPeers(plans: readonly PeerPlan[], context: SweepContext) {
  if (plans.length === 0) return { table: '', results: [], resultPaths: [] }
  const { runPeerSweep } = await import('./targets/peers/peer-sweep.ts')
  const { peerTables } = await import('./targets/peers/peer-table.ts')
  const { results, resultPaths } = await runPeerSweep(plans, context)
  return { table: peerTables(results, process.stdout.isTTY === true), results, resultPaths }
}

async function runSuiteRequest(request: SuiteRequest): Promise<number> {
  checkOutFolder('out', request.out)
  const { SUITES } = await import('./suites/catalog.ts')
  const suite = SUITES.get(request.suite)
  if (suite === undefined) throw unknownName('suite', request.suite, [...SUITES.keys()])
  const { runSuite } = await import('./suites/run-suite.ts')
  const { suiteTables } = await import('./suites/suite-table.ts')
  const progress = new Progress(process.stderr, request.quiet, () => performance.now())
  const interrupt = new AbortController()
  process.on('SIGINT', () => interrupt.abort())
  try {
    const { result, path } = await runSuite(suite, {
      scale: request.scale,
      seed: request.seed,
      outFolder: request.out,
      signal: interrupt.signal,
      onProgress: (...place) => progress.update(...place),
    })
    progress.clear()
    const tables = suiteTables(suite, result, process.stdout.isTTY === true)
    if (!request.quiet) process.stdout.write(`${tables}\n${path}\n`)
    return result.claims.every(({ held }) => held) ? EXIT.done : EXIT.failed
  } finally {
    progress.clear()
  }
}

await runCommand('exp', main)
