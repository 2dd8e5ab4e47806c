/**
 * Owns a strict parser of OpenMetrics text for tests. Invariant: it fails on any text that a
 * scraper would have to repair or to guess
 * (https://prometheus.io/docs/specs/om/open_metrics_spec/#abnf).
 */
import { expect } from 'vitest'

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y
const SAMPLE =
  /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (-?\d+(?:\.\d+)?(?:e[+-]\d+)?|NaN|[+-]Inf)$/s

/** A family as its text has it. */
interface ParsedFamily {
  type: string
  unit: string
  help: string
  /** The value by the labels, which are the JSON of their [name, value] pairs in order. */
  readonly samples: Map<string, number>
}

/**
 * Reads a text by the grammar of the OpenMetrics specification, and checks its rules: metadata
 * before samples, families not interleaved, no duplicates, suffixes, units, one set of label names.
 */
export function parseOpenMetrics(text: string): ReadonlyMap<string, ParsedFamily> {
  expect(text.endsWith('\n')).toBe(true)
  const lines = text.slice(0, -1).split('\n')
  expect(lines.pop()).toBe('# EOF')
  const families = new Map<string, ParsedFamily>()
  let current = ''
  for (const line of lines) {
    const [, keyword, name = '', rest = ''] = /^# (TYPE|UNIT|HELP) (\S+) (.*)$/s.exec(line) ?? []
    if (keyword === undefined) readSample(line, current, families.get(current)!)
    else if (name !== current) {
      expect(name).toMatch(NAME)
      expect(families.has(name), `${name} is in one piece`).toBe(false)
      families.set(name, { type: '', unit: '', help: '', samples: new Map() })
      current = name
    }
    if (keyword === undefined) continue
    const family = families.get(current)!
    const field = keyword.toLowerCase() as 'type' | 'unit' | 'help'
    expect(family.samples.size, 'metadata comes first').toBe(0)
    expect(family[field], `${keyword} once`).toBe('')
    family[field] = rest
    if (field === 'unit') expect(name.endsWith(`_${rest}`)).toBe(true)
    if (field === 'type') expect(['counter', 'gauge']).toContain(rest)
  }
  return families
}

function readSample(line: string, name: string, family: ParsedFamily): void {
  const [, sampleName, labelText = '', value] = SAMPLE.exec(line) ?? []
  expect(sampleName, line).toBe(family.type === 'counter' ? `${name}_total` : name)
  const labels: [string, string][] = []
  LABEL.lastIndex = 0
  while (LABEL.lastIndex < labelText.length) {
    const match = LABEL.exec(labelText)
    expect(match, line).not.toBeNull()
    labels.push([match![1]!, match![2]!.replace(/\\(.)/gs, (_, c) => (c === 'n' ? '\n' : c))])
  }
  const key = JSON.stringify(labels)
  const names = labels.map(([label]) => label)
  for (const other of family.samples.keys()) {
    expect(JSON.parse(other).map(([label]: [string]) => label)).toEqual(names)
  }
  expect(family.samples.has(key), `${line} once`).toBe(false)
  if (family.type === 'counter') expect(Number(value)).toBeGreaterThanOrEqual(0)
  family.samples.set(key, Number(value))
}
