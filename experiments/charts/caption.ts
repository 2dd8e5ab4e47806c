/**
 * Owns the caption under the plot of every figure: the meaning of the marks, the definitions used,
 * the gates that failed and the command that makes the figure again. Lines are broken here, by true
 * text widths, because Vega does not wrap text.
 */

import { concerns } from '../../results/gate-covers.ts'
import type { AnyResult } from '../../results/identity.ts'
import type { GateCover } from '../../results/schema.ts'
import { shellText } from '../../results/shell-text.ts'
import { textWidth, wrapText } from './font-metrics.ts'
import { COLOUR, FONT, FONT_MONO, type Preset, type View } from './theme.ts'

export interface CaptionParagraph {
  readonly kind: 'note' | 'gate' | 'command'
  readonly text: string
}

/** The caption as the last view of a figure. */
export function captionView(preset: Preset, paragraphs: readonly CaptionParagraph[]): View {
  const { width, fontSize } = preset
  const style = {
    note: { font: FONT, fontSize: fontSize.caption, color: COLOUR.muted },
    gate: { font: FONT, fontSize: fontSize.caption, color: COLOUR.accent },
    command: { font: FONT_MONO, fontSize: fontSize.command, color: COLOUR.ink },
  } as const
  const lineHeight = Math.ceil(fontSize.caption * 1.36)
  const paragraphGap = Math.ceil(fontSize.caption * 0.4)
  let y = 0
  const lines = paragraphs.flatMap(({ kind, text }) => {
    const wrapped = wrapText(text, width, style[kind])
    const placed = wrapped.map((line, index) => ({ kind, text: line, y: y + index * lineHeight }))
    y += wrapped.length * lineHeight + paragraphGap
    return placed
  })
  const kinds = (['note', 'gate', 'command'] as const).filter((kind) =>
    lines.some((line) => line.kind === kind),
  )
  return {
    width,
    height: y,
    data: { values: lines },
    encoding: {
      x: { value: 0 },
      y: { field: 'y', type: 'quantitative', scale: null },
      text: { field: 'text', type: 'nominal' },
    },
    layer: kinds.map((kind) => ({
      transform: [{ filter: `datum.kind === '${kind}'` }],
      mark: { type: 'text', align: 'left', baseline: 'top', ...style[kind] },
    })),
  }
}

export interface FailedGate {
  readonly name: string
  readonly why: string
  readonly failed: readonly AnyResult[]
  /**
   * Arguments of runs that would pass the gate, one entry for each run of `failed` that has a
   * remedy.
   */
  readonly remedies: readonly (readonly string[])[]
  /**
   * Whether every run failed the gate. Such a gate does not distinguish the runs. A run that does
   * not have the gate counts as one that did not fail it.
   */
  readonly everywhere: boolean
}

/** Left out of the failed gates, because the note of support already gives the number of seeds. */
const SEEDS_GATE = 'several-seeds'

/** The gates that failed in any run and cover the kinds of figures drawn, in the order met. */
export function failedGates(
  results: readonly AnyResult[],
  covers: readonly GateCover[],
): readonly FailedGate[] {
  const found = results.flatMap((result) =>
    result.gates
      .filter((gate) => !gate.passed && gate.name !== SEEDS_GATE && concerns(gate, covers))
      .map((gate) => ({ result, gate })),
  )
  return [...Map.groupBy(found, ({ gate }) => gate.name)].map(([name, all]) => ({
    name,
    why: all[0]!.gate.why,
    failed: all.map(({ result }) => result),
    remedies: all.flatMap(({ gate }) => (gate.remedy === undefined ? [] : [gate.remedy])),
    everywhere: all.length === results.length,
  }))
}

/**
 * One command that passes the gate for all runs that failed it; if no single command does, the one
 * for the first run. Null if no run has a remedy.
 */
export function remedyParagraph({ remedies }: FailedGate): CaptionParagraph | null {
  const [first] = remedies
  if (first === undefined) return null
  return { kind: 'command', text: `$ ${mergedCommand(remedies) ?? shellText(first)}` }
}

/** The distinct commands of the runs as typed in a shell, for the spec's metadata. */
export function commandsOf(results: readonly AnyResult[]): readonly string[] {
  return [...new Set(results.map((result) => shellText(result.command)))]
}

/**
 * One command for all runs. If the runs differ only in flags that take lists, and cover every
 * combination of the values, the command holds these lists. Otherwise it is the first run's
 * command, with the number of the others; the metadata holds them all.
 */
export function commandParagraph(results: readonly AnyResult[]): CaptionParagraph {
  const commands = commandsOf(results)
  const merged = mergedCommand(results.map(({ command }) => command))
  if (merged !== null) return { kind: 'command', text: `$ ${merged}` }
  const rest = commands.length - 1
  const others = `${rest} more command${rest === 1 ? '' : 's'}`
  return { kind: 'command', text: `$ ${commands[0]} # ${others}: usermeta of the .vl.json` }
}

/** Null if the commands differ in more than lists of strategies and workloads. */
function mergedCommand(commands: readonly (readonly string[])[]): string | null {
  const [first, ...others] = commands
  if (first === undefined || others.some((command) => command.length !== first.length)) return null
  let combinations = 1
  const merged: string[] = []
  for (const [index, argument] of first.entries()) {
    const values = [...new Set([first, ...others].map((command) => command[index]!))]
    const flag = /^--(?:strategy|workload)=/.exec(argument)?.[0]
    if (values.length > 1 && flag === undefined) return null
    if (values.some((value) => !value.startsWith(flag ?? ''))) return null
    const list = values.map((value) => value.slice(flag?.length ?? 0)).join(',')
    merged.push(`${flag ?? ''}${list}`)
    combinations *= values.length
  }
  const distinct = new Set(commands.map(shellText)).size
  return combinations === distinct ? shellText(merged) : null
}

/** Share of a figure's width, so that long labels leave room for the bars and lines they name. */
const LABEL_SHARE_MAX = 0.45

/**
 * The width of the widest of `texts` as an axis label, in whole pixels; limited to a share of the
 * figure.
 */
export function labelWidth({ width, fontSize }: Preset, texts: readonly string[]): number {
  const style = { font: FONT, fontSize: fontSize.label }
  const widest = Math.max(0, ...texts.map((text) => textWidth(text, style)))
  return Math.min(Math.ceil(widest), Math.floor(width * LABEL_SHARE_MAX))
}
