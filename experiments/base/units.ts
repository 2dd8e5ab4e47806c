/**
 * Owns reading and printing numbers with units. Byte sizes are binary (4k = 4 KiB = 4,096), counts
 * are decimal (100k = 100,000). Every number of a flag, parameter or config file is read here.
 *
 *   digits     1234, 1_234, or 1,234: groups of exactly three after one to three leading digits
 *   fraction   1.5, .5
 *   exponent   1e6, 2.5e-3; not together with a unit
 *   unit       k, M, G for counts; B, k, kB, KiB, M, … TiB for sizes; upper or lower case
 *
 * Invariant: a number is read as exactly the number written (a fraction as its nearest double), or
 * it is refused. Any other comma separates the values of a list.
 */

const BYTE_UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['b', 1],
  ...['k', 'm', 'g', 't'].flatMap((letter, index) =>
    ['', 'b', 'ib'].map((end) => [letter + end, 1024 ** (index + 1)] as const),
  ),
])

const COUNT_UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['k', 1e3],
  ['m', 1e6],
  ['g', 1e9],
  ['b', 1e9],
])

/** '64KiB' → 65536; undefined if the text is not a byte size. */
export function parseBytes(text: string): number | undefined {
  return parseWhole(text, BYTE_UNITS)
}

/** '100k' → 100000; undefined if the text is not a count. */
export function parseCount(text: string): number | undefined {
  return parseWhole(text, COUNT_UNITS)
}

/** As `parseCount`, but also below 0: '-1' → -1. */
export function parseInteger(text: string): number | undefined {
  const count = parseCount(text.trim().replace(/^-/, ''))
  return count && text.trim().startsWith('-') ? -count : count
}

/** '-1' → -1, '0.25' → 0.25, '1.5k' → 1500; undefined if the text is not a number. */
export function parseReal(text: string): number | undefined {
  const unsigned = text.trim().replace(/^-/, '')
  const written = readDigits(unsigned)
  const unit = written === undefined ? undefined : COUNT_UNITS.get(written.unit)
  if (written === undefined || unit === undefined) return undefined
  const { whole, fraction, exponent } = written
  // The unit is a power of ten: as an exponent it is not rounded by a multiplication.
  const value = Number(`${whole}.${fraction}e${exponent + Math.log10(unit)}`)
  if (!Number.isFinite(value)) return undefined
  // Smaller doubles have fewer digits than were written.
  if (value < SMALLEST_NORMAL && /[1-9]/.test(whole + fraction)) return undefined
  return unsigned !== text.trim() && value !== 0 ? -value : value
}

/** The values of a list, written '9,2,1' or, as in JSON, '[9,2,1]'. */
export function splitList(text: string): readonly string[] {
  const inner = /^\s*\[(.*)\]\s*$/s.exec(text)?.[1] ?? text
  return inner.split(',').map((part) => part.trim())
}

/** The count of numbers in a list; 1 if the text is a single number or no list of numbers. */
export function countOfNumbers(text: string): number {
  if (readDigits(text) !== undefined) return 1
  const parts = splitList(text)
  return parts.every((part) => readDigits(part) !== undefined) ? parts.length : 1
}

const SMALLEST_NORMAL = 2 ** -1022
const TEXT_LENGTH_MAX = 1000

const NUMBER =
  /^(\d+(?:_\d+)*|[1-9]\d{0,2}(?:,\d{3})+)?(?:\.(\d+))?(?:e([+-]?\d{1,3})|\s*([a-z]*))$/i

interface Digits {
  /** Before the decimal point, without separators. */
  readonly whole: string
  readonly fraction: string
  readonly exponent: number
  /** In lower case. */
  readonly unit: string
}

function readDigits(text: string): Digits | undefined {
  if (text.length > TEXT_LENGTH_MAX) return undefined
  const [, whole, fraction, exponent = '0', unit = ''] = NUMBER.exec(text.trim()) ?? []
  if (whole === undefined && fraction === undefined) return undefined
  return {
    whole: (whole ?? '0').replaceAll(/[_,]/g, ''),
    fraction: fraction ?? '',
    exponent: Number(exponent),
    unit: unit.toLowerCase(),
  }
}

/**
 * A whole number that a double holds exactly. A fraction needs a unit that makes it whole: 1.5k. A
 * plain 1.000 is refused, since it means one in some countries and a thousand in others.
 */
function parseWhole(text: string, units: ReadonlyMap<string, number>): number | undefined {
  const written = readDigits(text)
  const unit = written === undefined ? undefined : units.get(written.unit)
  if (written === undefined || unit === undefined) return undefined
  const { whole, fraction, exponent } = written
  if (fraction !== '' && unit === 1 && exponent === 0) return undefined
  const digits = BigInt(whole + fraction) * BigInt(unit)
  const shift = exponent - fraction.length
  const divisor = 10n ** BigInt(Math.max(0, -shift))
  if (digits % divisor !== 0n) return undefined
  const value = Number((digits / divisor) * 10n ** BigInt(Math.max(0, shift)))
  return Number.isSafeInteger(value) ? value : undefined
}

/** 1048576 → '1 MiB', with up to three significant digits. */
export function formatBytes(bytes: number): string {
  const names = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes
  let unit = 0
  while (Math.abs(value) >= 1024 && unit < names.length - 1) {
    value /= 1024
    unit++
  }
  return `${significant(value)} ${names[unit]}`
}

/** 123456 → '123 k'. */
export function formatCount(count: number): string {
  if (Math.abs(count) >= 1e9) return `${significant(count / 1e9)} G`
  if (Math.abs(count) >= 1e6) return `${significant(count / 1e6)} M`
  if (Math.abs(count) >= 1e3) return `${significant(count / 1e3)} k`
  return significant(count)
}

/** Nanoseconds as the unit that reads best: '830 ns', '1.2 µs', '3.4 ms', '12 s'. */
export function formatNs(ns: number): string {
  if (ns < 1e3) return `${significant(ns)} ns`
  if (ns < 1e6) return `${significant(ns / 1e3)} µs`
  if (ns < 1e9) return `${significant(ns / 1e6)} ms`
  return `${significant(ns / 1e9)} s`
}

/** Seconds as '7 s', '3 min 20 s', '1 h 5 min'. */
export function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}

function significant(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toString()
  return Number(value.toPrecision(3)).toString()
}
