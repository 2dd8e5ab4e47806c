/**
 * Owns the unit of each figure, which follows from its name in the schema. A name without a unit is
 * a count, or a ratio if its name is one of a ratio.
 */

const SUFFIXES = [
  ['PerSecond', '1/s'],
  ['Bytes', 'B'],
  ['Seconds', 's'],
  ['Us', 'µs'],
  ['Ns', 'ns'],
  ['Ms', 'ms'],
] as const

/** Byte counts whose names do not end in `Bytes`. */
const BYTES = new Set(['bytes', 'bytesWritten', 'bytesRead', 'bytesReturned', 'bytesFromStorage'])
const RATIO =
  /^wa[A-Z]|[aA]mplification$|PerOperation$|PerByteReturned$|^scores$|^tolerance$|^probesPerMiss$|^falsePositiveRate$|Ratio$/
/** Sections that hold settings; the unit of a setting is not known here. */
const SETTINGS = new Set(['strategy', 'workload', 'engine', 'suite'])

/**
 * 'B', 's', 'µs', 'ns', 'ms', '1/s', 'ratio', 'count', 'truth', 'text', or for settings 'number'.
 */
export function unitOf(section: string, metric: string, scalar: number | string | boolean): string {
  if (typeof scalar === 'string') return 'text'
  if (typeof scalar === 'boolean') return 'truth'
  if (BYTES.has(metric) || metric === 'bytesWrittenByCause') return 'B'
  if (RATIO.test(metric)) return 'ratio'
  const suffix = SUFFIXES.find(([ending]) => metric.endsWith(ending))
  if (suffix !== undefined) return suffix[1]
  if (metric === 'measured' || metric === 'expected') return 'number'
  return SETTINGS.has(section) ? 'number' : 'count'
}
