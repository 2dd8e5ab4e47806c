/**
 * Owns the checks of what callers pass in, because types do not hold at run time: a string for a
 * key, a `NaN` for a limit, an option with a wrong name. Without a check, each of these would
 * silently be taken for something else. Invariant: a check returns or throws
 * `LSM_INVALID_ARGUMENT`, and changes nothing.
 */

import { isProxy, isUint8Array } from 'node:util/types'
import { invalidArgument, type LsmError } from './errors.ts'

/** The array's own count. Callers can define a property named `length`; this getter ignores it. */
const countOf = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  'length',
)!.get!

/**
 * How many bytes `value` has. It must be a `Uint8Array` (a `Buffer` is one) that still has its
 * memory. An array whose buffer was transferred or shrunk has no bytes, and must not pass for an
 * empty key.
 *
 * A view of a `SharedArrayBuffer` is accepted. Its bytes are read at the moment of the call; the
 * caller ensures that no other thread writes them meanwhile.
 */
export function bytesIn(value: Uint8Array, name: string): number {
  if (!isUint8Array(value)) throw notBytes(value, name)
  const count: number = countOf.call(value)
  if (count === 0 && lostItsMemory(value)) {
    throw invalidArgument(`${name} has lost its memory: its buffer was transferred or shrunk`)
  }
  return count
}

function lostItsMemory(value: Uint8Array): boolean {
  try {
    Uint8Array.prototype.at.call(value, 0)
    return false
  } catch {
    return true
  }
}

function notBytes(value: unknown, name: string): LsmError {
  return invalidArgument(`${name} must be a Uint8Array, not ${show(value)}${remedy(value)}`)
}

function remedy(value: unknown): string {
  if (isProxy(value)) return ''
  if (typeof value === 'string') return ': encode it, as with new TextEncoder().encode(text)'
  if (ArrayBuffer.isView(value)) {
    return ': take new Uint8Array(view.buffer, view.byteOffset, view.byteLength)'
  }
  if (value instanceof ArrayBuffer) return ': take new Uint8Array(buffer)'
  return Array.isArray(value) ? ': take Uint8Array.from(array)' : ''
}

/**
 * Checks that `options` is a plain object whose every option is in `names`; `call` names the
 * function in error messages. Returns a copy made by reading each option once, so that the checked
 * value is the used value.
 */
export function checkOptions<Options extends object>(
  options: Options,
  names: readonly string[],
  call: string,
): Options {
  checkPlain(options, `the options of ${call}`)
  const copy: Partial<Options> = {}
  for (const name in options) {
    if (names.includes(name)) {
      copy[name] = options[name]
      continue
    }
    const known = names.join(', ')
    throw invalidArgument(`${call} has no option ${JSON.stringify(name)}; it has ${known}`, {
      option: name,
    })
  }
  return copy as Options
}

/** `value` must be an object of plain data: no list, no `Map`, no instance of a class. */
export function checkPlain(value: object, name: string): void {
  if (!isPlain(value)) throw invalidArgument(`${name} must be a plain object, not ${show(value)}`)
}

/** Accepts plain objects of other realms too: their prototype is the last one of its chain. */
function isPlain(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  try {
    const prototype: unknown = Object.getPrototypeOf(value)
    return prototype === null || Object.getPrototypeOf(prototype) === null
  } catch {
    // A proxy that was revoked.
    return false
  }
}

/** `value` must be an object that has all of `methods`. */
export function checkObject<Value extends object>(
  value: Value,
  name: string,
  methods: readonly (keyof Value)[],
): void {
  if (typeof value !== 'object' || value === null) {
    throw invalidArgument(`${name} must be an object, not ${show(value)}`, { option: name })
  }
  const missing = methods.find((method) => typeof value[method] !== 'function')
  if (missing === undefined) return
  throw invalidArgument(`${name} has no method ${String(missing)}`, { option: name })
}

/**
 * A switch is true, false or absent. Other values are refused, as the text 'false' would count as
 * true.
 */
export function checkFlag(value: boolean | undefined, name: string): void {
  if (value === undefined || typeof value === 'boolean') return
  throw invalidArgument(`${name} must be true or false, not ${show(value)}`, { option: name })
}

/** A whole number in [min, max]. */
export function checkWhole(
  value: number,
  name: string,
  min = 0,
  max = Number.MAX_SAFE_INTEGER,
): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return
  const range = max === Number.MAX_SAFE_INTEGER ? `from ${min} on` : `from ${min} to ${max}`
  throw invalidArgument(`${name} must be a whole number ${range}, not ${show(value)}`, {
    option: name,
  })
}

/** `value` must be a number other than `NaN` and the infinities. */
export function checkFinite(value: number, name: string): void {
  if (Number.isFinite(value)) return
  throw invalidArgument(`${name} must be a finite number, not ${show(value)}`, { option: name })
}

/** `memory` must be a `SharedArrayBuffer` of `bytes` bytes. */
export function checkShared(memory: SharedArrayBuffer, bytes: number, name: string): void {
  if (memory instanceof SharedArrayBuffer && memory.byteLength === bytes) return
  throw invalidArgument(`${name} must be ${bytes} bytes of shared memory, not ${show(memory)}`)
}

export function checkText(value: string, name: string): void {
  if (typeof value !== 'string') {
    throw invalidArgument(`${name} must be a string, not ${show(value)}`)
  }
}

/** Describes a value in words: 'a string', 'NaN', 'a Uint16Array', 'undefined'. */
export function show(value: unknown): string {
  if (value === null || value === undefined || typeof value === 'boolean') return `${value}`
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : `${value}`
  if (isProxy(value)) return 'a Proxy'
  const kind =
    typeof value === 'object' ? Object.prototype.toString.call(value).slice(8, -1) : typeof value
  return `${/^[aeio]/i.test(kind) ? 'an' : 'a'} ${kind}`
}
