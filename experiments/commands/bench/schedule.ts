/**
 * Owns the order of a race. In each round every benchmark is run by all stores before the next one
 * begins, so that a slow minute of the machine meets all of them; each second round reverses the
 * order of the stores.
 */
import type { RaceBenchmark, RaceCompression, RacedEngine } from '../../../results/race-schema.ts'
import { compresses, whyLeftOut } from './entrants.ts'
import { GROUPS, ON_LARGE, ON_LOADED, type RaceGroup, type TaskName } from './group.ts'

export interface Race {
  readonly engines: readonly RacedEngine[]
  readonly benchmarks: readonly RaceBenchmark[]
  readonly compressions: readonly RaceCompression[]
  readonly rounds: number
}

export interface Step {
  readonly name: TaskName
  readonly engine: RacedEngine
  readonly compression: RaceCompression
  readonly round: number
  readonly benchmarks: readonly RaceBenchmark[]
}

/** All steps, folders that others start from first. */
export function scheduleOf(race: Race): readonly Step[] {
  const rounds = Array.from({ length: race.rounds }, (_, round) => stepsOfRound(race, round)).flat()
  return [...loadsBefore(rounds), ...rounds]
}

function stepsOfRound(race: Race, round: number): readonly Step[] {
  const engines = round % 2 === 0 ? race.engines : race.engines.toReversed()
  const groups = Object.keys(GROUPS) as RaceGroup[]
  return race.compressions.flatMap((compression) =>
    groups.flatMap((name) =>
      engines.flatMap((engine): readonly Step[] => {
        // The large folder is the same for all compressions: opening it reads no block.
        if (ON_LARGE.has(name) && compression !== race.compressions[0]) return []
        const benchmarks = benchmarksOf(race, name, engine)
        if (benchmarks.length === 0 || !compresses(engine, compression)) return []
        return [{ name, engine, compression, round, benchmarks }]
      }),
    ),
  )
}

/** `recovery` follows the crash that `open` ends with, so they run together or not at all. */
function benchmarksOf(race: Race, name: RaceGroup, engine: RacedEngine) {
  const inGroup: readonly RaceBenchmark[] = GROUPS[name]
  const wanted = ON_LARGE.has(name)
    ? inGroup.filter(() => race.benchmarks.some((one) => one === 'open' || one === 'recovery'))
    : inGroup.filter((benchmark) => race.benchmarks.includes(benchmark))
  return wanted.filter((benchmark) => whyLeftOut(engine, benchmark) === null)
}

/** One for each store and compression that a later step needs. */
function loadsBefore(steps: readonly Step[]): readonly Step[] {
  const loads = new Map<string, Step>()
  for (const { name, engine, compression } of steps) {
    const group = name as RaceGroup
    const load = ON_LOADED.has(group) ? 'load' : ON_LARGE.has(group) ? 'load-large' : null
    if (load === null) continue
    const key = `${load} ${engine} ${compression}`
    if (!loads.has(key))
      loads.set(key, { name: load, engine, compression, round: 0, benchmarks: [] })
  }
  return [...loads.values()]
}
