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
import { quotient } from '../measure/figures.ts'
import { countedSuite, type Task } from './counted-suite.ts'
import { type CountedContext, equalClaim } from './suite.ts'

interface Agreement {
  readonly run: SuiteRun
  readonly claims: readonly Claim[]
}

/** Writes between two turns of the event loop. */
const SLICE_WRITES = 4096

interface Plan {
  readonly compared: Compared
  readonly scale: Scale
}

export const agreement = countedSuite<Plan, Agreement>({
  name: 'agreement',
  fullSeconds: 1950,
  fullRssBytes: 1.9e9,
  description: 'the exact simulator against the engine, edit by edit, for every strategy',
  columns: [
    { heading: 'edits', figure: 'engineEdits' },
    { heading: 'alike', figure: 'editsAlike' },
    { heading: 'WA engine', figure: 'engineWaLsm' },
    { heading: 'WA simulator', figure: 'simulatorWaLsm' },
    { heading: 'WA entries', figure: 'engineWaEntries' },
    { heading: 'simulator', figure: 'simulatorWaEntries' },
  ],
  tasksOf: (scale) => scalesOf(scale).flatMap(tasksOf),
  perform: agreementOf,
  conclude: (agreements) => ({
    runs: agreements.map(({ run }) => run),
    claims: agreements.flatMap(({ claims }) => claims),
  }),
})

function scalesOf(scale: SuiteScale): readonly Scale[] {
  if (scale === 'full') return SCALES
  return SCALES.map((one) => ({
    ...reduced(one, 16),
    name: `small ${one.name}`,
    levels: one.levels - 1,
  }))
}

function tasksOf(scale: Scale): readonly Task<Plan>[] {
  return COMPARED.map((compared) => ({
    name: `${scale.name} ${compared.name}`,
    work: writesOf(scale),
    plan: { compared, scale },
  }))
}

async function agreementOf(
  { name, work, plan }: Task<Plan>,
  { seed, signal, onShare }: CountedContext,
): Promise<Agreement> {
  const { compared, scale } = plan
  const startMs = performance.now()
  const setup = setupOf(compared, scale)
  const engine = engineSide(setup)
  const simulator = simulatorSide(setup)
  let done = 0
  for (const write of streamOf(scale, seed)) {
    engine.write(write)
    simulator.write(write)
    if (++done % SLICE_WRITES !== 0) continue
    onShare(done / work)
    await nextTurn()
    if (signal.aborted) throw new Interrupted('interrupted')
  }
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
