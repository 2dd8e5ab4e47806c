/**
 * Owns what separating values costs (WiscKey, FAST '16): the tree rewrites keys and pointers, a
 * value is written once to a log, and again each time the log's garbage collection finds it live.
 */

/** Bytes of one entry and of the pointer that replaces its value. */
export interface SeparatedEntry {
  readonly keyBytes: number
  readonly valueBytes: number
  readonly pointerBytes: number
  /** Of the value's record in the log. */
  readonly headerBytes: number
}

/** WA = (WA_lsm·k + v)/(k + v): WiscKey, where pointers and headers weigh nothing. */
export function separatedWaIdeal(waLsm: number, keyBytes: number, valueBytes: number): number {
  return (waLsm * keyBytes + valueBytes) / (keyBytes + valueBytes)
}

/**
 * WA = (WA_lsm·(k + pointer) + WA_vlog·(v + header))/(k + v): derived here; WA_vlog is 1 until
 * garbage is collected, then `vlogWa`. A log that holds keys counts them in its header.
 */
export function separatedWa(waLsm: number, entry: SeparatedEntry, waVlog = 1): number {
  const { keyBytes, valueBytes, pointerBytes, headerBytes } = entry
  const tree = waLsm * (keyBytes + pointerBytes)
  return (tree + waVlog * (valueBytes + headerBytes)) / (keyBytes + valueBytes)
}

/**
 * u: the share of a log's tail still live when it is cleaned, first in first out, under uniform
 * updates; f < 1 is the live share of the log's capacity. The root u < 1 of u = exp(−(1 − u)/f)
 * (derived here). The fixed-point map rises and is convex, so bisection below its other root, 1,
 * is safe: its slope falls under 1 at u = 1 + f·ln f.
 */
export function vlogTailLiveShare(f: number): number {
  let low = 0
  let high = 1 + f * Math.log(f)
  for (let step = 0; step < 100; step++) {
    const u = (low + high) / 2
    if (u < Math.exp(-(1 - u) / f)) low = u
    else high = u
  }
  return (low + high) / 2
}

/** Log bytes written per byte of new values: 1/(1 − u). */
export function vlogWa(f: number): number {
  return 1 / (1 - vlogTailLiveShare(f))
}
