/**
 * Owns the command `npm run chart`: results in, figures out, a file for each kind and format. Exit
 * codes: 0 done, 1 a failure, 2 a mistake in the arguments, or results that cannot feed the kind;
 * errors are one line on stderr.
 */
import { join } from 'node:path'
import { isLsmError } from '../engine/index.ts'
import { chartKinds } from './charts/catalog.ts'
import { CHART_FORMATS, type ChartFormat } from './charts/chart-format.ts'
import { type ChartKind, peersIn, type ResultDocument } from './charts/chart-kind.ts'
import { PRESET_NAMES, PRESETS, type Preset } from './charts/theme.ts'
import { flagRows, readArguments } from './cli/arguments.ts'
import { checkOutFolder } from './cli/check-out.ts'
import { EXIT } from './cli/explain.ts'
import { readDocuments } from './cli/read-documents.ts'
import { usageOf } from './cli/read-result.ts'
import { runCommand, say } from './cli/run-command.ts'
import { UsageError, unknownName } from './cli/usage-error.ts'
import { makeFolder } from './make-folder.ts'

/** Every kind that the results can feed. */
const ALL = 'all'

export const FLAGS = {
  kind: {
    value: 'NAME,…',
    help: 'what to draw; all: whatever the results can feed',
    multiple: true,
  },
  format: { value: 'NAME,…', help: CHART_FORMATS.join(', '), default: 'svg', multiple: true },
  preset: { value: 'NAME', help: PRESET_NAMES.join(', '), default: 'two-column' },
  out: { value: 'FOLDER', help: 'where the files go', default: 'out' },
  debug: { value: null, help: 'show the stack of an error' },
  help: { value: null, help: 'show this help' },
} as const

async function main(argv: readonly string[]): Promise<number> {
  const { operands, flags } = readArguments('chart', argv, FLAGS)
  if (flags.has('help')) return say(helpText())
  const kindNames = listOf(flags.get('kind'), '')
  if (kindNames.length === 0) {
    throw new UsageError(`--kind: name what to draw: ${[...chartKinds.keys(), ALL].join(', ')}`)
  }
  const kinds = kindNames.includes(ALL) ? [...chartKinds.values()] : kindNames.map(kindNamed)
  const formats = listOf(flags.get('format'), FLAGS.format.default).map(formatNamed)
  const preset = presetNamed(flags.get('preset')?.at(-1) ?? FLAGS.preset.default)
  if (operands.length === 0) throw new UsageError('name results: .json files or their folders')
  const documents = readDocuments(operands)
  const out = flags.get('out')?.at(-1) ?? FLAGS.out.default
  checkOutFolder('out', out)
  tellLeftOutPeers(kinds, documents)
  const specs = kinds.flatMap((kind) => {
    const spec = specOf(kind, documents, preset, kindNames.includes(ALL))
    return spec === null ? [] : [{ name: kind.name, spec }]
  })
  if (specs.length === 0) throw new UsageError('--kind=all: these results feed no kind')
  makeFolder(out)
  // Loaded here: a mistake in the arguments should not wait for the renderer.
  const { writeChart } = await import('./charts/render.ts')
  for (const { name, spec } of specs) {
    for (const path of await writeChart(spec, join(out, name), formats)) say(path)
  }
  return EXIT.done
}

/** Peers keep other books; kinds that need ours leave them out, and say so. */
function tellLeftOutPeers(kinds: readonly ChartKind[], documents: readonly ResultDocument[]): void {
  const peers = peersIn(documents)
  const without = kinds.filter(({ drawsPeers }) => drawsPeers !== true).map(({ name }) => name)
  if (peers.length === 0 || without.length === 0) return
  const names = [...new Set(peers.map(({ peer }) => peer.name))].join(', ')
  process.stderr.write(`chart: left out results of ${names} from ${without.join(', ')}\n`)
}

/** Null where one of all kinds cannot be fed: that is told, and no mistake. */
function specOf(
  kind: ChartKind,
  documents: readonly ResultDocument[],
  preset: Preset,
  oneOfAll: boolean,
) {
  if (!oneOfAll) return usageOf(() => kind.specOf(documents, preset))
  try {
    return kind.specOf(documents, preset)
  } catch (error) {
    if (!isLsmError(error, 'LSM_INVALID_ARGUMENT')) throw error
    process.stderr.write(`chart: left out ${error.message}\n`)
    return null
  }
}

function listOf(given: readonly string[] | undefined, preset: string): readonly string[] {
  return (given ?? [preset]).flatMap((text) => text.split(',')).filter((name) => name !== '')
}

function kindNamed(name: string): ChartKind {
  const kind = chartKinds.get(name)
  if (kind === undefined) throw unknownName('kind', name, [...chartKinds.keys(), ALL])
  return kind
}

function formatNamed(name: string): ChartFormat {
  const format = CHART_FORMATS.find((known) => known === name)
  if (format === undefined) throw unknownName('format', name, CHART_FORMATS)
  return format
}

function presetNamed(name: string): Preset {
  const known = PRESET_NAMES.find((preset) => preset === name)
  if (known === undefined) throw unknownName('preset', name, PRESET_NAMES)
  return PRESETS[known]
}

function helpText(): string {
  const width = Math.max(...[...chartKinds.keys()].map((name) => name.length)) + 2
  return [
    'Draws figures from results.',
    '',
    '  npm run chart -- out/*.json --kind=amplification --format=svg,pdf',
    '  npm run chart -- results/strategies-on-ycsb --kind=trade-off,wa-by-level --preset=one-column',
    '',
    ...flagRows(FLAGS),
    '',
    'Kinds',
    ...[...chartKinds.values()].map(
      ({ name, description }) => `  ${name.padEnd(width)}${description}`,
    ),
    '',
    'Results are files (.json, .json.gz) or folders of them.',
    'Exit codes: 0 done, 1 a failure, 2 a mistake in the arguments or unfit results.',
  ].join('\n')
}

if (import.meta.main) await runCommand('chart', main)
