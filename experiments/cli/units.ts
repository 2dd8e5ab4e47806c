/**
 * Owns the units people type and read: byte sizes are binary (4k = 4 KiB = 4,096), counts decimal
 * (100k = 100,000). Fractions are fine where they come out whole (1.5MiB).
 */

const BYTE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 2 ** 10,
  kb: 2 ** 10,
  kib: 2 ** 10,
  m: 2 ** 20,
  mb: 2 ** 20,
  mib: 2 ** 20,
  g: 2 ** 30,
  gb: 2 ** 30,
  gib: 2 ** 30,
  t: 2 ** 40,
  tb: 2 ** 40,
  tib: 2 ** 40,
}

const COUNT_UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9, b: 1e9 }

/** '64KiB' → 65536; undefined when the text is no byte size. */
export function parseBytes(text: string): number | undefined {
  return parseQuantity(text, BYTE_UNITS)
}

/** '100k' → 100000; undefined when the text is no count. */
export function parseCount(text: string): number | undefined {
  return parseQuantity(text, COUNT_UNITS)
}

function parseQuantity(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const match = /^(\d[\d_,]*(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim())
  if (match === null) return undefined
  const unit = units[match[2]!.toLowerCase()]
  if (unit === undefined) return undefined
  const value = Number(match[1]!.replaceAll(/[_,]/g, '')) * unit
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
