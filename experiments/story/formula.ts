/**
 * Owns a reason as a person reads it: the formula, then the same with the values put in, then what
 * was given besides. `bytes ≥ (T − ½)·unit: 4,413,440 ≥ (4 − ½)·1,048,576 (level 1)`.
 */
import type { Json, PickReason } from '../../engine/index.ts'

/** A name, with what it is a function of: `runs`, `runs(0)`. */
const NAME = /[A-Za-z_]\w*(?:\(\w+\))?/g

/** `params` stand in for names the reason gives no value of. */
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
