/**
 * Owns the command `npm run chart`: results in, figures out, a file for each kind and format. What
 * the results can feed is drawn, the rest is told. Exit codes: 0 something was drawn, 1 a failure,
 * 2 a mistake in the arguments, or results that feed none of the kinds; errors are one line on
 * stderr.
 */
import { join } from 'node:path'
import { isLsmError } from '../../engine/index.ts'
import { writeWhole } from '../../results/write-result.ts'
import { checkOutFolder } from '../base/check-out.ts'
import { makeFolder } from '../base/make-folder.ts'
import { UsageError, unknownName } from '../base/usage-error.ts'
import { chartKinds } from '../charts/catalog.ts'
import { CHART_FORMATS, type ChartFormat } from '../charts/chart-format.ts'
import { type ChartKind, peersIn, type ResultDocument } from '../charts/chart-kind.ts'
import { captionText } from '../charts/frame.ts'
import { PRESET_NAMES, PRESETS, type Preset } from '../charts/theme.ts'
import { flagRows, readArguments } from '../cli/arguments.ts'
import { EXIT } from '../cli/explain.ts'
import { readDocuments } from '../cli/read-documents.ts'
import { runCommand, say } from '../cli/run-command.ts'

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
  caption: {
    value: 'PLACE',
    help: 'inside; file: title and caption in a text beside the figure; none',
    default: 'inside',
  },
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
  const kinds = kindNames.includes(ALL)
    ? [...chartKinds.values()]
    : [...new Set(kindNames.map(kindNamed))]
  const formats = listOf(flags.get('format'), FLAGS.format.default).map(formatNamed)
  const preset = presetNamed(flags.get('preset')?.at(-1) ?? FLAGS.preset.default)
  const caption = captionNamed(flags.get('caption')?.at(-1) ?? FLAGS.caption.default)
  const at = caption === 'inside' ? 'inside' : 'beside'
  if (operands.length === 0) throw new UsageError('name results: .json files or their folders')
  const documents = readDocuments(operands)
  const out = flags.get('out')?.at(-1) ?? FLAGS.out.default
  checkOutFolder('out', out)
  const drawable = drawableOf(kinds, documents, [
    { ...preset, caption: at },
    { ...PRESETS['one-column'], caption: at },
  ])
  tellLeftOutPeers(
    drawable.map(({ kind }) => kind),
    documents,
  )
  makeFolder(out)
  // Loaded here: a mistake in the arguments should not wait for the renderer.
  const { writeChart } = await import('../charts/render.ts')
  for (const { kind, specs } of drawable) {
    const [spec, narrow] = specs
    const base = join(out, kind.name)
    for (const path of await writeChart(spec!, base, formats, narrow!)) say(path)
    if (caption !== 'file') continue
    writeWhole(`${base}.caption.txt`, captionText(spec!)!)
    say(`${base}.caption.txt`)
  }
  return EXIT.done
}

/** Peers keep other books; kinds that need ours are drawn without them, and the command says so. */
function tellLeftOutPeers(drawn: readonly ChartKind[], documents: readonly ResultDocument[]): void {
  const peers = peersIn(documents)
  const without = drawn.filter(({ drawsPeers }) => drawsPeers !== true).map(({ name }) => name)
  if (peers.length === 0 || without.length === 0) return
  const names = [...new Set(peers.map(({ peer }) => peer.name))].join(', ')
  process.stderr.write(`chart: left out results of ${names} from ${without.join(', ')}\n`)
}

/** A figure of each kind that the results can feed, for every preset; the others are told. */
function drawableOf(
  kinds: readonly ChartKind[],
  documents: readonly ResultDocument[],
  presets: readonly Preset[],
) {
  const unfit: string[] = []
  const drawable = kinds.flatMap((kind) => {
    try {
      const specs = presets.map((preset) => kind.specOf(documents, preset))
      return [{ kind, specs }]
    } catch (error) {
      if (!isLsmError(error, 'LSM_INVALID_ARGUMENT')) throw error
      unfit.push(error.message)
      return []
    }
  })
  if (drawable.length === 0 && unfit.length === 1) throw new UsageError(unfit[0]!)
  for (const why of unfit) process.stderr.write(`chart: left out ${why}\n`)
  if (drawable.length === 0) throw new UsageError('--kind: these results feed none of these kinds')
  return drawable
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

const CAPTIONS = ['inside', 'file', 'none'] as const

function captionNamed(name: string): (typeof CAPTIONS)[number] {
  const known = CAPTIONS.find((place) => place === name)
  if (known === undefined) throw unknownName('caption', name, CAPTIONS)
  return known
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
    '  npm run chart -- results/strategies-on-ycsb --kind=trade-off,wa-by-level --preset=one-column \\',
    '      --format=pdf --caption=file',
    '',
    ...flagRows(FLAGS),
    '',
    'Kinds',
    ...[...chartKinds.values()].map(
      ({ name, description }) => `  ${name.padEnd(width)}${description}`,
    ),
    '',
    'Results are files (.json, .json.gz) or folders of them.',
    'Exit codes: 0 something was drawn, 1 a failure, 2 a mistake in the arguments or results that',
    'feed none of the kinds.',
  ].join('\n')
}

if (import.meta.main) await runCommand('chart', main)
