/** Owns the work of `varve bench peers`: from flags to a race, its result, chart and table. */
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import {
  RACE_BENCHMARK_NAMES,
  RACE_COMPRESSIONS,
  RACED_ENGINES,
  type RaceResult,
  raceResultSchema,
  VARVE_ENGINES,
} from '../../../results/race-schema.ts'
import { writeWhole } from '../../../results/write-result.ts'
import { checkOutFolder } from '../../base/check-out.ts'
import { makeFolder } from '../../base/make-folder.ts'
import { startWords } from '../../base/start-words.ts'
import { UsageError, unknownName } from '../../base/usage-error.ts'
import { type Arguments, integerOf, textOf } from '../../cli/arguments.ts'
import { EXIT } from '../../cli/explain.ts'
import { Progress } from '../../cli/progress.ts'
import { note, say, sayWritten } from '../../cli/run-command.ts'
import { lookOf } from '../../cli/terminal.ts'
import type { RaceSize } from './group.ts'
import { presentEngines } from './present-engines.ts'
import { type RacePlan, runRace } from './race.ts'
import { raceTables } from './tables.ts'

const MiB = 1024 * 1024
const QUICK = { entries: 20_000, rounds: 2, recoveryBytes: 16 * MiB }
const RECOVERY_BYTES = 1e9
const MEMTABLE_BYTES = 4 * MiB
const BLOCK_CACHE_BYTES = 8 * MiB
/** The large cache holds everything, uncompressed and with its accounts. */
const LARGE_CACHE_BYTES_PER_ENTRY = 512
const RESULT = 'peers.race.json'

export async function racePeers(given: Arguments, hear: () => AbortSignal): Promise<number> {
  const out = textOf(given, 'out')!
  checkOutFolder('out', out)
  const isQuiet = given.flags.has('quiet')
  const signal = hear()
  const plan = await planOf(given, signal)
  makeFolder(out)
  const progress = new Progress(process.stderr, isQuiet, () => performance.now())
  const work = mkdtempSync(join(out, '.race-'))
  try {
    const result = raceResultSchema.parse(
      await runRace(plan, work, signal, (what, done, total) => {
        progress.running(what)
        progress.update(what, done, total, done / total)
      }),
    )
    progress.running(null)
    progress.clear()
    writeWhole(join(out, RESULT), `${JSON.stringify(result, null, 2)}\n`)
    const pictures = await writeFigures(result, out)
    if (!isQuiet) say(raceTables(result, lookOf(process.stdout)))
    for (const { name, passed, why } of result.gates) if (!passed) note(`✗ ${name}: ${why}`)
    for (const path of [join(out, RESULT), ...pictures]) sayWritten(path)
    return EXIT.done
  } finally {
    progress.clear()
    rmSync(work, { recursive: true, force: true })
  }
}

async function planOf(given: Arguments, signal: AbortSignal): Promise<RacePlan> {
  const isQuick = given.flags.has('quick')
  const isGiven = (name: 'entries' | 'rounds') => given.flags.has(name)
  const entries = isQuick && !isGiven('entries') ? QUICK.entries : integerOf(given, 'entries')
  const rounds = isQuick && !isGiven('rounds') ? QUICK.rounds : integerOf(given, 'rounds')
  if (isQuick && entries > QUICK.entries) {
    throw new UsageError(`--quick: at most ${QUICK.entries} entries, not ${entries}`)
  }
  const only = onlyOf(given)
  const size: RaceSize = {
    entries,
    memtableBytes: MEMTABLE_BYTES,
    blockCacheBytes: BLOCK_CACHE_BYTES,
    largeCacheBytes: Math.max(entries * LARGE_CACHE_BYTES_PER_ENTRY, BLOCK_CACHE_BYTES),
    recoveryBytes: isQuick ? QUICK.recoveryBytes : RECOVERY_BYTES,
  }
  const engines = await presentEngines(only.engines ?? RACED_ENGINES, only.engines !== null, signal)
  return {
    engines,
    benchmarks: only.benchmarks ?? RACE_BENCHMARK_NAMES,
    compressions: only.compressions ?? (isQuick ? ['none'] : RACE_COMPRESSIONS),
    rounds,
    size,
    seed: integerOf(given, 'seed'),
    command: commandOf(given, entries, rounds),
  }
}

interface Only {
  readonly engines: RacePlan['engines'] | null
  readonly benchmarks: RacePlan['benchmarks'] | null
  readonly compressions: RacePlan['compressions'] | null
}

/** The names of `--only`, each in the list it belongs to; null: all. Throws `UsageError`. */
function onlyOf({ flags }: Arguments): Only {
  const names = (flags.get('only') ?? []).flatMap((text) => text.split(','))
  const lists = [RACED_ENGINES, RACE_BENCHMARK_NAMES, RACE_COMPRESSIONS]
  const known: readonly string[] = lists.flat()
  for (const name of names) if (!known.includes(name)) throw unknownName('--only name', name, known)
  const named = <Name extends string>(all: readonly Name[]): readonly Name[] | null => {
    const found = all.filter((name) => names.includes(name))
    return found.length === 0 ? null : found
  }
  const engines = named(RACED_ENGINES)
  if (engines !== null && !VARVE_ENGINES.some((name) => engines.includes(name))) {
    throw new UsageError(`--only: name ${VARVE_ENGINES.join(' or ')} too; ratios are to Varve`)
  }
  return {
    engines,
    benchmarks: named(RACE_BENCHMARK_NAMES),
    compressions: named(RACE_COMPRESSIONS),
  }
}

/** States every value that a default could change. */
function commandOf({ flags }: Arguments, entries: number, rounds: number): readonly string[] {
  const only = flags.get('only') ?? []
  return [
    ...startWords('bench:peers'),
    `--entries=${entries}`,
    `--rounds=${rounds}`,
    `--seed=${flags.get('seed')?.at(-1) ?? 42}`,
    ...(only.length === 0 ? [] : [`--only=${only.join(',')}`]),
    ...(flags.has('quick') ? ['--quick'] : []),
  ]
}

/** A figure for each compression and executor of Varve, for one column of a paper. */
async function writeFigures(result: RaceResult, out: string): Promise<readonly string[]> {
  // Loaded after the race, so that nothing is loaded beside it.
  const { raceFigure } = await import('../../charts/race-figure.ts')
  const { PRESETS } = await import('../../charts/theme.ts')
  const { writeChart } = await import('../../charts/render.ts')
  const pictures: string[] = []
  for (const compression of result.config.compressions) {
    for (const varve of VARVE_ENGINES) {
      const spec = raceFigure(result, { varve, compression }, PRESETS['one-column'])
      if (spec === null) continue
      const paths = await writeChart(spec, join(out, `peers-${compression}-${varve}`))
      pictures.push(...paths.filter((path) => path.endsWith('.svg')))
    }
  }
  return pictures
}
