/**
 * Owns the text of a pick's reason: the formula, then the same with its values inserted, then the
 * remaining values. `bytes ≥ (T − ½)·unit: 4,413,440 ≥ (4 − ½)·1,048,576 (level 1)`.
 */
import type { Json, PickReason } from '../../engine/index.ts'

/** A name, with its argument if it has one: `runs`, `runs(0)`. */
const NAME = /[A-Za-z_]\w*(?:\(\w+\))?/g

/** `params` give the values of names that the reason has no value for. */
export function explainReason(
  { trigger, formula, values }: PickReason,
  params: Readonly<Record<string, Json>>,
): string {
  const used = new Set<string>()
  const substituted = formula.replaceAll(NAME, (text) => {
    const name = text.replace(/\(.*/, '')
    const value = values[name] ?? params[name]
    if (typeof value !== 'number' && typeof value !== 'string') return text
    used.add(name)
    return shown(value)
  })
  const rest = Object.entries(values)
    .filter(([name]) => !used.has(name))
    .map(([name, value]) => `${name} ${shown(value)}`)
  const besides = rest.length === 0 ? '' : ` (${rest.join(', ')})`
  const same = substituted === formula ? '' : `: ${substituted}`
  return `${trigger}: ${formula}${same}${besides}`
}

function shown(value: number | string): string {
  if (typeof value === 'string') return value
  return Number.isInteger(value) ? value.toLocaleString('en-US') : `${Number(value.toPrecision(4))}`
}
