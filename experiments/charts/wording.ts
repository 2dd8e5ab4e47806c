/**
 * Owns the words and numbers of figures: the labels of runs, the list of settings, and the number
 * of digits of a ratio.
 */

import { jsonText } from '../../results/design-labels.ts'
import type { RunResult } from '../../results/schema.ts'
import { wrapText } from './font-metrics.ts'
import type { Preset } from './theme.ts'

export const WA_DEFINITION =
  'Write amplification: all bytes written (log, flush, compaction, metadata) ÷ user bytes put, ' +
  'since the folder was opened.'
export const SPACE_DEFINITION =
  'Space amplification: physical bytes ÷ live logical bytes (key + value of the newest versions).'
export const STATES_DEFINITION = 'Burst: at the last operation. Drained: after all due compactions.'

/** The read accounts with their names in figures, in the order shown. */
export const READ_ACCOUNTS = [
  { key: 'getHit', name: 'get (found)' },
  { key: 'getMiss', name: 'get (absent)' },
  { key: 'updateRead', name: 'update read' },
  { key: 'shortScan', name: 'short scan' },
  { key: 'longScan', name: 'long scan' },
] as const

/** Three significant digits, no exponent: 0.13, 6.81, 42.7, 1,230. */
export function formatRatio(value: number): string {
  if (value !== 0 && Math.abs(value) < 0.01) return value.toPrecision(1)
  const digits = Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0
  return formatNumber(Number(value.toFixed(digits)), digits)
}

export function formatNumber(value: number, digits = 0): string {
  return value.toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
}

/** 1536 → '1.5 KiB'. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1)
  return `${Number((bytes / 1024 ** power).toFixed(1))} ${units[power]}`
}

/** The unit in which `bytesMax` is a number from 1 to 1,023. */
export function byteUnit(bytesMax: number): { readonly name: string; readonly bytes: number } {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = bytesMax < 1 ? 0 : Math.min(Math.floor(Math.log2(bytesMax) / 10), units.length - 1)
  return { name: units[power]!, bytes: 1024 ** power }
}

/** Sizes among the parameters of strategies where 0 stands for the size of the memtable. */
const MEMTABLE_AT_ZERO: ReadonlySet<string> = new Set(['targetTableBytes', 'baseBytes'])

/** The settings of one run, for a subtitle. */
export function settingsOf(result: Pick<RunResult, 'config'>): readonly string[] {
  const { config } = result
  const params = Object.entries(config.strategy.params).map(([key, value]) => {
    const isMemtable = value === 0 && MEMTABLE_AT_ZERO.has(key)
    return `${key} = ${isMemtable ? 'memtable' : jsonText(value)}`
  })
  return [...params, ...commonSettings(result), `seed ${config.seed}`]
}

/** Settings as lines of a subtitle; lines break only between settings. */
export function settingsLines({ width, fontSize }: Preset, settings: readonly string[]): string[] {
  const text = settings.map((setting) => setting.replaceAll(' ', '\u00a0')).join('\u00a0· ')
  return wrapText(text, width, { fontSize: fontSize.label }).map((line) =>
    line.replace(/\u00a0·$/, ''),
  )
}

/** Settings that the runs of a comparison may share. */
function commonSettings({ config }: Pick<RunResult, 'config'>): readonly string[] {
  const { memtableBytes } = config.engine
  return [
    `${formatNumber(config.records)} records`,
    `${formatNumber(config.operations)} operations`,
    ...(config.valueBytes === null ? [] : [`values of ${formatBytes(config.valueBytes)}`]),
    ...(typeof memtableBytes === 'number' ? [`memtable ${formatBytes(memtableBytes)}`] : []),
    ...(config.target === 'varve' ? [] : [`target ${config.target}`]),
    ...schedulingSettings(config),
  ]
}

/** Empty for an inline run. */
function schedulingSettings({ scheduling }: RunResult['config']): readonly string[] {
  if (scheduling === undefined) return []
  const { executor, policy, backgroundJobs, device } = scheduling
  return [
    `${executor}: ${policy}, ${backgroundJobs} ${backgroundJobs === 1 ? 'job' : 'jobs'}`,
    ...(device === undefined
      ? []
      : [`device ${device.readMBps}/${device.writeMBps} MB/s, ${device.latencyUs} µs`]),
  ]
}

/** Version, commit and runtime that made the figures. */
export function provenance({ environment }: Pick<RunResult, 'environment'>): string {
  const { varveVersion, commit, dirty, node } = environment
  const at = commit === null ? '' : ` at ${commit.slice(0, 10)}${dirty ? ' (modified)' : ''}`
  return `Varve ${varveVersion}${at}, Node ${node}.`
}

export function listText(names: readonly string[]): string {
  return names.length === 1 ? names[0]! : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}
