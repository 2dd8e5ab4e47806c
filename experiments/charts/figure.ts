/**
 * Owns what all figures have in common: the title with the settings the runs share, the watermark of
 * failed gates, and the caption with definitions, support, provenance and the command.
 */

import type { RunResult } from '../../results/schema.ts'
import { type CaptionParagraph, commandParagraph, commandsOf, failedGates } from './caption.ts'
import { textWidth } from './font-metrics.ts'
import { framed } from './frame.ts'
import type { Layer } from './panels.ts'
import { COLOUR, type Preset, type VegaLiteSpec, type View } from './theme.ts'
import { listText, provenance, settingsOf, workloadLabels } from './wording.ts'

/** Fewer paired seeds than this support no claim about a difference. */
const PAIRED_SEEDS_MIN = 10

/** Gates of how long things took: figures of bytes and runs ask for none of them. */
export const TIME_GATES = ['open-loop-latency', 'overload'] as const

/** The note of support says it of the figure; of a single run it says nothing. */
const SEEDS_GATE = 'several-seeds'

export interface Figure {
  readonly title: string
  readonly description: string
  readonly results: readonly RunResult[]
  /** Stacked by their true bounds. */
  readonly rows: readonly View[]
  /** Paragraphs that explain marks and define quantities. */
  readonly notes: readonly string[]
}

export function figureOf(preset: Preset, figure: Figure): VegaLiteSpec {
  const { title, description, results, rows, notes } = figure
  return framed(preset, {
    title,
    settings: sharedSettings(results),
    description,
    usermeta: {
      commands: [...commandsOf(results)],
      results: results.map(({ id }) => id),
    },
    rows,
    notes,
    paragraphs: [...gateParagraphs(results), commandParagraph(results)],
  })
}

/** 'leveling and tiering on ycsb-a'. */
export function subjectOf(results: readonly RunResult[]): string {
  const strategies = [...new Set(results.map(({ config }) => config.strategy.name))]
  const workloads = [...new Set(results.map(({ config }) => config.workload.name))]
  const who = strategies.length > 3 ? `${strategies.length} strategies` : listText(strategies)
  const where = workloads.length > 4 ? `${workloads.length} workloads` : listText(workloads)
  return `${who} on ${where}`
}

/** What all runs have in common. */
function sharedSettings(results: readonly RunResult[]): readonly string[] {
  const all = results.map((result) => new Set(settingsOf(result)))
  const seeds = new Set(results.map(({ config }) => config.seed))
  return [
    ...[...all[0]!].filter((setting) => all.every((settings) => settings.has(setting))),
    ...(seeds.size === 1 ? [] : [`${seeds.size} seeds`]),
  ]
}

/** How many seeds stand behind a comparison, and what code made it. */
export function supportNote(
  results: readonly RunResult[],
  groups: readonly (readonly RunResult[])[],
): string {
  if (groups.length < 2) return provenance(results[0]!)
  const pairs = Math.min(...groups.map((group) => new Set(group.map(seedOf)).size))
  const support =
    pairs >= PAIRED_SEEDS_MIN
      ? `${pairs} paired seeds.`
      : `${pairs === 1 ? 'Single seed' : `${pairs} seeds`}: differences are not tested.`
  return `${support} ${provenance(results[0]!)}`
}

function gateParagraphs(results: readonly RunResult[]): readonly CaptionParagraph[] {
  const [only] = results
  const told = failedGates(results).filter(({ name }) => name !== SEEDS_GATE)
  const failed = told.map(({ name, why, failed, everywhere }): CaptionParagraph => {
    if (results.length === 1) return { kind: 'gate', text: `✗ ${name}: ${why}` }
    const example = `${failed[0]!.config.strategy.name} on ${failed[0]!.config.workload.name}`
    const where = everywhere ? 'in every run' : `in ${failed.length} of ${results.length} runs`
    const text = `${everywhere ? '✗' : '†'} ${name} failed ${where}; ${example}: ${why}`
    return { kind: 'gate', text }
  })
  return only === undefined ? [] : [...unpaired(results), ...failed]
}

/**
 * Strategies that did not see the same operations are no pair; the figure says so. A statistical
 * simulation sees none.
 */
function unpaired(results: readonly RunResult[]): readonly CaptionParagraph[] {
  const workloads = workloadLabels(results)
  const groups = Map.groupBy(
    results.filter(({ config }) => config.target !== 'simulator (statistical)'),
    (result) => `${workloads.get(result)} with seed ${seedOf(result)}`,
  )
  return [...groups]
    .filter(([, runs]) => new Set(runs.map((run) => run.deterministic.traceHash)).size > 1)
    .slice(0, 1)
    .map(([name]) => ({
      kind: 'gate',
      text: `✗ paired-traces: runs of ${name} did not see the same operations`,
    }))
}

export function seedOf({ config }: RunResult): string {
  return `${config.seed}/${config.repeat}`
}

/** Words for what a figure of runs that failed a gate is; the others go by the gate's name. */
const WATERMARKS: Readonly<Record<string, string>> = {
  conservation: 'bytes missing',
  'dataset-beyond-cache': 'within the cache',
  drained: 'not drained',
  measured: 'simulated',
  'open-loop-latency': 'no latency claim',
  'operating-system': 'unexplained bytes',
  overload: 'overloaded',
  'steady-state': 'transient',
}

/** Opacity under which a text is a watermark, and may lie behind others. */
export const WATERMARK_OPACITY = 0.1

/**
 * Faint words across a plot, for the gates that failed in every run; those in `ignored` say nothing
 * about this kind of figure. Gates that failed in some runs only are marked at the runs.
 */
export function watermarkLayers(
  preset: Preset,
  results: readonly RunResult[],
  box: { readonly width: number; readonly height: number; readonly x?: number },
  ignored: readonly string[],
): readonly Layer[] {
  const words = failedGates(results)
    .filter(({ name, everywhere }) => everywhere && name !== SEEDS_GATE && !ignored.includes(name))
    .map(({ name }) => WATERMARKS[name] ?? name)
  if (words.length === 0) return []
  const lines = watermarkLines(
    preset,
    words.map((word) => word.toUpperCase()),
    box,
  )
  return [
    {
      data: { values: [{ watermark: lines.text }] },
      mark: {
        type: 'text',
        fontSize: lines.fontSize,
        lineBreak: '\n',
        fontWeight: 'bold',
        color: COLOUR.accent,
        opacity: WATERMARK_OPACITY,
      },
      encoding: {
        x: { value: (box.x ?? 0) + box.width / 2 },
        y: { value: box.height / 2 },
        text: { field: 'watermark', type: 'nominal' },
      },
    },
  ]
}

/** All words in one line or each in its own, whichever comes out larger. */
function watermarkLines(
  preset: Preset,
  words: readonly string[],
  { width, height }: { readonly width: number; readonly height: number },
): { readonly text: string; readonly fontSize: number } {
  const sizeOf = (lines: readonly string[]) => {
    const em = Math.max(
      ...lines.map((line) => textWidth(line, { fontWeight: 'bold', fontSize: 1 })),
    )
    const fits = Math.min((width * 0.9) / em, (height * 0.6) / lines.length)
    return Math.floor(Math.min(fits, preset.fontSize.title * 3))
  }
  const line = [words.join(' · ')]
  const lines = sizeOf(words) > sizeOf(line) ? words : line
  return { text: lines.join('\n'), fontSize: sizeOf(lines) }
}
