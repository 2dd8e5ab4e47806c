/**
 * Owns the tables of conditions: settings that differ between the runs, settings that all share,
 * the machines, and the gates of a fair measurement that the runs pass.
 */
import type { Json } from '../../engine/index.ts'
import { jsonText } from '../../results/design-labels.ts'
import type { RunResult } from '../../results/schema.ts'
import { shellText } from '../../results/shell-text.ts'
import { type ReportCell, type ReportColumn, type ReportTable, words } from './report-table.ts'

/** Shown for a setting that a run does not have. */
const NONE = '–'

const WORDS = (...names: readonly string[]): ReportColumn[] =>
  names.map((name) => ({ name, kind: 'words' as const }))

/**
 * One row for each setting that is not equal in all runs: its values, and the strategies that have
 * each.
 */
export function differencesTable(results: readonly RunResult[]): ReportTable {
  const rows = settingRows(results).filter(({ values }) => values.size > 1)
  return {
    id: 'differences',
    title: 'What differs',
    note: 'Every setting whose value is not the same in all runs. –: a run has no such setting.',
    columns: WORDS('setting', 'values'),
    rows: rows.map(({ name, values }) => [words(name), words(valuesText(values))]),
  }
}

/** One row for each setting that is equal in all runs. */
export function sharedTable(results: readonly RunResult[]): ReportTable {
  const rows = settingRows(results).filter(({ values }) => values.size === 1)
  return {
    id: 'shared',
    title: 'What all runs share',
    note: 'Settings with one value throughout, defaults filled in.',
    columns: WORDS('setting', 'value'),
    rows: rows.map(({ name, values }) => [words(name), words([...values.keys()][0]!)]),
  }
}

/** Machine and code; a row with several values is marked. */
export function environmentTable(results: readonly RunResult[]): ReportTable {
  const fields = Object.keys(results[0]!.environment) as (keyof RunResult['environment'])[]
  return {
    id: 'environment',
    title: 'Environment',
    note: 'Where the runs ran. Bytes, blocks and runs do not depend on it; times do.',
    columns: WORDS('field', 'value'),
    rows: fields.map((field): readonly ReportCell[] => {
      const values = [...new Set(results.map(({ environment }) => environment[field]))]
      if (field === 'startedAt') return [words(field), words(spanOf(values.map(String)))]
      const text = values.map((value) => (value === null ? 'unknown' : String(value))).join(' · ')
      return [words(field), values.length > 1 ? { text, mark: 'bad' } : words(text)]
    }),
  }
}

/** One row for each gate: how many runs pass, and why the first of the others fails. */
export function gatesTable(results: readonly RunResult[]): ReportTable {
  const gates = results.flatMap((result) => result.gates.map((gate) => ({ ...gate, result })))
  const byName = Map.groupBy(gates, ({ name }) => name)
  return {
    id: 'gates',
    title: 'Gates',
    note:
      'Guards against wrong conclusions. Read the figures of a run together with its failed gates. –: ' +
      'it passed, or no command is known.',
    columns: [
      ...WORDS('gate'),
      { name: 'passed', kind: 'figure' },
      { name: 'failed', kind: 'figure' },
      ...WORDS('why', 'a run that passes'),
    ],
    rows: Array.from(byName, ([name, all]): readonly ReportCell[] => {
      const failed = all.filter(({ passed }) => !passed)
      const passed = all.length - failed.length
      const first = failed[0]
      return [
        words(name),
        { text: String(passed), value: passed },
        failed.length === 0
          ? { text: '0', value: 0 }
          : { text: String(failed.length), value: failed.length, mark: 'bad' },
        words(first === undefined ? all[0]!.why : whyOf(first, failed.length)),
        words(first?.remedy === undefined ? NONE : shellText(first.remedy)),
      ]
    }),
  }
}

function whyOf(
  { why, result }: { readonly why: string; readonly result: RunResult },
  failed: number,
): string {
  const { strategy, workload } = result.config
  return failed === 1 ? why : `for example ${strategy.name} on ${workload.name}: ${why}`
}

/** Runs without the setting come last. */
function valuesText(values: SettingRow['values']): string {
  const sorted = [...values].sort(([a], [b]) => Number(a === NONE) - Number(b === NONE))
  return sorted.map(([value, runs]) => `${value} (${countOf(runs.length, 'run')})`).join(' · ')
}

interface SettingRow {
  readonly name: string
  /** Runs by their value of the setting, as text. */
  readonly values: ReadonlyMap<string, readonly RunResult[]>
}

function settingRows(results: readonly RunResult[]): readonly SettingRow[] {
  const flat = results.map(({ config }) => settingsOf(config as Readonly<Record<string, Json>>))
  const names = [...new Set(flat.flatMap((settings) => [...settings.keys()]))]
  return names.map((name) => ({
    name,
    values: Map.groupBy(results, (result) => flat[results.indexOf(result)]!.get(name) ?? NONE),
  }))
}

/**
 * The strategy's description in words and a measured property of the values: neither is a setting.
 */
const NO_SETTINGS = ['strategy.primitives', 'workload.valueCompression.achievedRatio']

/** 'strategy.params.T' → '4'. */
function settingsOf(value: Json, path = ''): ReadonlyMap<string, string> {
  if (NO_SETTINGS.includes(path)) return new Map()
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return new Map([[path, jsonText(value)]])
  }
  return new Map(
    Object.entries(value).flatMap(([key, inner]) => [
      ...settingsOf(inner as Json, path === '' ? key : `${path}.${key}`),
    ]),
  )
}

function spanOf(times: readonly string[]): string {
  const sorted = [...times].sort()
  const [first, last] = [sorted[0]!, sorted.at(-1)!]
  return first === last ? first : `${first} to ${last}`
}

function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
