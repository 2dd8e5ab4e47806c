/**
 * Owns the suite `agreement`: every registered strategy, and the forms of `composed`, on the engine
 * and on the exact simulator, with the same stream, write by write. Every version edit of the
 * simulator must equal the engine's. Its bytes must equal the engine's counters and the ledger of
 * the tables' files.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Claim, SuiteRun, SuiteScale } from '../../results/suite-schema.ts'
import {
  editsAlike,
  engineSide,
  type Outcome,
  simulatorSide,
} from '../../strategies/simulator/testing/both-ways.ts'
import {
  COMPARED,
  type Compared,
  designOf,
  reduced,
  SCALES,
  type Scale,
  setupOf,
  streamOf,
  writesOf,
} from '../../strategies/simulator/testing/scales.ts'
import { Interrupted } from '../base/interrupted.ts'
import { quotient, sum } from '../measure/figures.ts'
import { equalClaim, type Suite, type SuiteContext } from './suite.ts'

interface Agreement {
  readonly run: SuiteRun
  readonly claims: readonly Claim[]
}

/** Writes between two turns of the event loop. */
const SLICE_WRITES = 4096

export const agreement: Suite = {
  name: 'agreement',
  fullSeconds: 1950,
  description: 'the exact simulator against the engine, edit by edit, for every strategy',
  columns: [
    { heading: 'edits', figure: 'engineEdits' },
    { heading: 'alike', figure: 'editsAlike' },
    { heading: 'WA engine', figure: 'engineWaLsm' },
    { heading: 'WA simulator', figure: 'simulatorWaLsm' },
    { heading: 'WA entries', figure: 'engineWaEntries' },
    { heading: 'simulator', figure: 'simulatorWaEntries' },
  ],
  run: async (context) => {
    const agreements = await runAll(scalesOf(context.scale), context)
    return {
      runs: agreements.map(({ run }) => run),
      claims: agreements.flatMap(({ claims }) => claims),
    }
  },
}

function scalesOf(scale: SuiteScale): readonly Scale[] {
  if (scale === 'full') return SCALES
  return SCALES.map((one) => ({
    ...reduced(one, 16),
    name: `small ${one.name}`,
    levels: one.levels - 1,
  }))
}

async function runAll(
  scales: readonly Scale[],
  context: SuiteContext,
): Promise<readonly Agreement[]> {
  const plans = scales.flatMap((scale) => COMPARED.map((compared) => ({ compared, scale })))
  const writesTotal = sum(plans.map(({ scale }) => writesOf(scale)))
  let writesBefore = 0
  const agreements: Agreement[] = []
  for (const { compared, scale } of plans) {
    const name = `${scale.name} ${compared.name}`
    const writes = writesOf(scale)
    agreements.push(
      await agreementOf(name, compared, scale, context, (done) =>
        context.onProgress(name, done, writes, (writesBefore + done) / writesTotal),
      ),
    )
    writesBefore += writes
  }
  return agreements
}

async function agreementOf(
  name: string,
  compared: Compared,
  scale: Scale,
  { seed, signal }: SuiteContext,
  onProgress: (writesDone: number) => void,
): Promise<Agreement> {
  const startMs = performance.now()
  const setup = setupOf(compared, scale)
  const engine = engineSide(setup)
  const simulator = simulatorSide(setup)
  let done = 0
  for (const write of streamOf(scale, seed)) {
    engine.write(write)
    simulator.write(write)
    if (++done % SLICE_WRITES !== 0) continue
    onProgress(done)
    await nextTurn()
    if (signal.aborted) throw new Interrupted('interrupted')
  }
  onProgress(done)
  const outcomes = { engine: engine.finish(), simulator: simulator.finish() }
  const wallSeconds = (performance.now() - startMs) / 1e3
  const { name: _, ...load } = scale
  const { params, retention } = designOf(compared, scale)
  const figures = figuresOf(outcomes)
  const run = {
    name,
    figures,
    series: [],
    wallSeconds,
    params: { strategy: compared.strategy, ...load, ...params, ...retention },
  }
  return { run, claims: claimsOf(name, figures) }
}

function figuresOf({
  engine,
  simulator,
}: {
  readonly engine: Outcome
  readonly simulator: Outcome
}) {
  const { userBytes } = engine
  return {
    userBytes,
    engineEdits: engine.edits.length,
    simulatorEdits: simulator.edits.length,
    editsAlike: editsAlike(engine, simulator),
    engineRawBytes: engine.writtenRawBytes,
    simulatorRawBytes: simulator.writtenRawBytes,
    engineTableBytes: engine.writtenTableBytes,
    simulatorTableBytes: simulator.writtenTableBytes,
    engineWaEntries: quotient(engine.writtenRawBytes, userBytes),
    simulatorWaEntries: quotient(simulator.writtenRawBytes, userBytes),
    engineWaLsm: quotient(engine.writtenTableBytes, userBytes),
    simulatorWaLsm: quotient(simulator.writtenTableBytes, userBytes),
  }
}

function claimsOf(name: string, figures: ReturnType<typeof figuresOf>): readonly Claim[] {
  const { engineEdits, simulatorEdits, editsAlike: alike } = figures
  const edits = Math.max(engineEdits, simulatorEdits)
  const { engineRawBytes, simulatorRawBytes, engineTableBytes, simulatorTableBytes } = figures
  const equal = (what: string, measured: number, expected: number, source: string) =>
    equalClaim(`${name}: ${what}`, measured, expected, source)
  return [
    equal('edits alike, from the first', alike, edits, "the engine's manifest"),
    equal('raw bytes written', simulatorRawBytes, engineRawBytes, "the engine's counters"),
    equal('bytes of tables written', simulatorTableBytes, engineTableBytes, 'the byte ledger'),
  ]
}
