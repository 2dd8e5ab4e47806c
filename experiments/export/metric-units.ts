/**
 * Owns the units of figures, read off their names: the schema lets every name say its unit. What says
 * none is a count, or a ratio where it is called one.
 */

const SUFFIXES = [
  ['PerSecond', '1/s'],
  ['Bytes', 'B'],
  ['Seconds', 's'],
  ['Us', 'µs'],
  ['Ns', 'ns'],
  ['Ms', 'ms'],
] as const

/** Names of bytes that end in something else. */
const BYTES = new Set(['bytes', 'bytesWritten', 'bytesRead', 'bytesReturned', 'bytesFromStorage'])
const RATIO = /^wa[A-Z]|[aA]mplification$|PerOperation$|PerByteReturned$|^scores$|^tolerance$/
/** Sections of settings, which mean whatever their owner says. */
const SETTINGS = new Set(['strategy', 'workload', 'engine', 'suite'])

/** 'B', 's', 'µs', 'ns', 'ms', '1/s', 'ratio', 'count', 'truth', 'text', or 'number' of a setting. */
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
