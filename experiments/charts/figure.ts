/**
 * Owns what all figures have in common: the title with the settings that the runs share, the
 * watermark of failed gates, and the caption with definitions, support, provenance and the command.
 */

import { workloadLabels } from '../../results/design-labels.ts'
import {
  type AnyResult,
  type DesignGroup,
  groupByDesign,
  sampleKey,
  workloadKey,
} from '../../results/identity.ts'
import type { GateCover } from '../../results/schema.ts'
import {
  type CaptionParagraph,
  commandParagraph,
  commandsOf,
  type FailedGate,
  failedGates,
  remedyParagraph,
} from './caption.ts'
import { textWidth } from './font-metrics.ts'
import { framed } from './frame.ts'
import type { Layer } from './panels.ts'
import { COLOUR, type Preset, type VegaLiteSpec, type View } from './theme.ts'
import { listText, provenance, settingsOf } from './wording.ts'

/** With fewer paired seeds, the figure makes no claim about a difference. */
const PAIRED_SEEDS_MIN = 10

/** Which kinds of figures are drawn. This decides which gates cover them. */
export interface Drawn {
  readonly covers: readonly GateCover[]
  /** Gates that cover such figures but do not matter to this kind. */
  readonly except?: readonly string[]
}

export interface Figure {
  readonly drawn: Drawn
  readonly title: string
  readonly description: string
  readonly results: readonly AnyResult[]
  /** Stacked by their true bounds, so that no row reaches into the next. */
  readonly rows: readonly View[]
  /** Paragraphs that explain marks and define quantities. */
  readonly notes: readonly string[]
}

export function figureOf(preset: Preset, figure: Figure): VegaLiteSpec {
  const { drawn, title, description, results, rows, notes } = figure
  return framed(preset, {
    title,
    settings: sharedSettings(results),
    description,
    usermeta: { commands: [...commandsOf(results)], results: results.map(({ id }) => id) },
    rows,
    notes,
    paragraphs: [...gateParagraphs(results, drawn), commandParagraph(results)],
  })
}

/** 'leveling and tiering on ycsb-a'. */
export function subjectOf(results: readonly AnyResult[]): string {
  const strategies = [...new Set(results.map(({ config }) => config.strategy.name))]
  const workloads = [...new Set(results.map(({ config }) => config.workload.name))]
  const who = strategies.length > 3 ? `${strategies.length} strategies` : listText(strategies)
  const where = workloads.length > 4 ? `${workloads.length} workloads` : listText(workloads)
  return `${who} on ${where}`
}

/** The settings that all runs have in common. */
function sharedSettings(results: readonly AnyResult[]): readonly string[] {
  const all = results.map((result) => new Set(settingsOf(result)))
  const shared = [...all[0]!].filter((setting) => all.every((settings) => settings.has(setting)))
  const seeds = Math.max(...groupByDesign(results).map(({ samples }) => samples.size))
  if (seeds === 1) return shared
  return [...shared.filter((setting) => !setting.startsWith('seed ')), `${seeds} seeds`]
}

/** The number of seeds behind the figure's designs, and the version of the code that made them. */
export function supportNote(results: readonly AnyResult[]): string {
  const support = supportOf(results)
  const made = provenance(results[0]!)
  return support === null ? made : `${support} ${made}`
}

/** Null for a single run, which makes no claim that needs support. */
function supportOf(results: readonly AnyResult[]): string | null {
  const designs = groupByDesign(results)
  const samples = Math.min(...designs.map((design) => design.samples.size))
  if (designs.length === 1) return samples === 1 ? null : `${samples} seeds.`
  const pairs = pairedSamples(designs)
  if (pairs >= PAIRED_SEEDS_MIN) return `${pairs} paired seeds.`
  if (samples === 1) return 'Single seed: differences are not tested.'
  if (pairs === 0) return `${samples} seeds, not paired: differences are not tested.`
  return `${pairs} paired ${pairs === 1 ? 'seed' : 'seeds'}: differences are not tested.`
}

/** The number of samples that all designs of a workload share; of the workload with the fewest. */
function pairedSamples(designs: readonly DesignGroup<AnyResult>[]): number {
  // A statistical simulation sees no operations.
  const seeing = designs.filter(({ results }) => !isStatistical(results[0]!))
  const byWorkload = Map.groupBy(seeing, ({ results }) => workloadKey(results[0]!))
  const shared = [...byWorkload.values()].map((group) => {
    const [first, ...others] = group.map(({ samples }) => samples)
    return [...first!.keys()].filter((key) => others.every((samples) => samples.has(key))).length
  })
  return shared.length === 0 ? 0 : Math.min(...shared)
}

function isStatistical({ config }: AnyResult): boolean {
  return config.target === 'simulator (statistical)'
}

/** The failed gates that cover the figure, each with the command of a run that passes it. */
function gateParagraphs(
  results: readonly AnyResult[],
  { covers }: Drawn,
): readonly CaptionParagraph[] {
  const told = failedGates(results, covers)
  const failed = told.flatMap((gate): readonly CaptionParagraph[] => {
    const remedy = remedyParagraph(gate)
    return [
      { kind: 'gate', text: `${gateText(gate, results)}${remedy === null ? '' : ' To pass it:'}` },
      ...(remedy === null ? [] : [remedy]),
    ]
  })
  return [...unpaired(results), ...failed]
}

function gateText(
  { name, why, failed, everywhere }: FailedGate,
  results: readonly AnyResult[],
): string {
  const sentence = /[.!]$/.test(why) ? why : `${why}.`
  if (results.length === 1) return `✗ ${name}: ${sentence}`
  const example = `${failed[0]!.config.strategy.name} on ${failed[0]!.config.workload.name}`
  const where = everywhere ? 'in every run' : `in ${failed.length} of ${results.length} runs`
  return `${everywhere ? '✗' : '†'} ${name} failed ${where}; ${example}: ${sentence}`
}

/**
 * Says so if strategies did not see the same operations: their runs do not form pairs. A
 * statistical simulation sees no operations and is left out.
 */
function unpaired(results: readonly AnyResult[]): readonly CaptionParagraph[] {
  const workloads = workloadLabels(results)
  const groups = Map.groupBy(
    results.filter((result) => !isStatistical(result)),
    (result) => `${workloads.get(result)} with seed ${seedOf(result)}`,
  )
  return [...groups]
    .filter(([, runs]) => new Set(runs.map(sampleKey)).size > 1)
    .slice(0, 1)
    .map(([name]) => ({
      kind: 'gate',
      text: `✗ paired-traces: runs of ${name} did not see the same operations`,
    }))
}

function seedOf({ config }: AnyResult): string {
  return `${config.seed}/${config.repeat}`
}

/** Watermark for runs that failed a gate. A gate without an entry is shown by its name. */
const WATERMARKS: Readonly<Record<string, string>> = {
  conservation: 'bytes missing',
  'dataset-beyond-cache': 'within the cache',
  drained: 'not drained',
  measured: 'simulated',
  'open-loop-latency': 'no latency claim',
  'operating-system': 'unexplained bytes',
  overload: 'overloaded',
  'steady-state': 'transient',
  'steady-throughput': 'drifting pace',
}

/** A text of this opacity or less is a watermark. Other texts may lie over it. */
export const WATERMARK_OPACITY = 0.1

/**
 * Faint words across a plot, for the gates that failed in every run and cover the figure. A gate
 * that failed only in some runs is marked at these runs.
 */
export function watermarkLayers(
  preset: Preset,
  results: readonly AnyResult[],
  box: { readonly width: number; readonly height: number; readonly x?: number },
  { covers, except = [] }: Drawn,
): readonly Layer[] {
  const words = failedGates(results, covers)
    .filter(({ name, everywhere }) => everywhere && !except.includes(name))
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

/** All words in one line or one word a line, whichever allows larger type. */
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
