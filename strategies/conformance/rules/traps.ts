/**
 * Owns traps on globals that a pure function must not use: clocks, randomness, the environment,
 * files and the network. While the traps are set, each such global is replaced by a stand-in that
 * works as before and notes its use by a running strategy.
 *
 * A module that is loaded while the traps are set keeps the stand-ins, so a function that it took
 * from a global beforehand (`const { now } = Date`) is seen as well.
 */

import { runningMember } from '../meter.ts'

/** Objects that a strategy may not use at all. */
const OBJECTS = ['process', 'performance', 'crypto', 'navigator', 'Temporal'] as const

/** Members whose call reads a clock, the machine's time zone, or unseeded randomness. */
const MEMBERS: readonly (readonly [object, string, readonly string[]])[] = [
  [Math, 'Math', ['random']],
  [Date, 'Date', ['now']],
  [
    Date.prototype,
    'Date.prototype',
    Object.getOwnPropertyNames(Date.prototype).filter((name) => {
      return /^(get|set)(?!UTC|Time$)|^to(Locale|String|DateString|TimeString)/.test(name)
    }),
  ],
]

/** Functions that a strategy may not call. */
const FUNCTIONS = [
  'fetch',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'require',
] as const

/** Would end the check without a verdict. */
const ENDS_PROCESS = /^process\.(exit|reallyExit|kill|abort)$/

type Properties = Record<PropertyKey, unknown>

/** The first trapped use by a strategy since it was last cleared. */
let asked: string | null = null

function note(name: string): void {
  if (runningMember() !== null) asked ??= name
}

/** The first trapped global that a strategy used during `work`, or null. */
export function withTraps(work: () => void): string | null {
  const restore = setTraps()
  asked = null
  try {
    work()
  } finally {
    restore()
  }
  return asked
}

/** Whether the traps are set. */
let set = false

/** Sets the traps; the result takes them away. Where they are set, both do nothing. */
export function setTraps(): () => void {
  if (set) return () => {}
  set = true
  const undo: (() => void)[] = []
  const put = (owner: object, name: string, value: unknown) => {
    const original = Object.getOwnPropertyDescriptor(owner, name)
    Object.defineProperty(owner, name, { value, configurable: true, writable: true })
    undo.push(() => {
      if (original !== undefined) Object.defineProperty(owner, name, original)
      else delete (owner as Properties)[name]
    })
  }
  const realOf = (owner: object, name: string) => (owner as Properties)[name] as object
  for (const [owner, ownerName, names] of MEMBERS) {
    for (const name of names)
      put(owner, name, calledAs(`${ownerName}.${name}`, realOf(owner, name)))
  }
  const all = [
    ['Date', dateOf(Date)],
    ...OBJECTS.map((name) => [name, usedAs(name, realOf(globalThis, name))]),
    ...FUNCTIONS.map((name) => [name, calledAs(name, realOf(globalThis, name))]),
  ] as const
  for (const [name, value] of all) if (value !== undefined) put(globalThis, name as string, value)
  return () => {
    set = false
    for (const step of undo.reverse()) step()
  }
}

/** A function whose calls are noted. */
function calledAs(name: string, real: object | undefined): unknown {
  if (typeof real !== 'function') return undefined
  return new Proxy(real, {
    apply(target, self, given) {
      note(name)
      return Reflect.apply(target as () => unknown, self, given)
    },
  })
}

/** A date that is made from a given time does not read the clock. */
function dateOf(real: DateConstructor): unknown {
  return new Proxy(real, {
    apply(target, self, given) {
      note('Date')
      return Reflect.apply(target, self, given)
    },
    construct(target, given, newTarget) {
      if (given.length === 0) note('new Date')
      return Reflect.construct(target, given, newTarget)
    },
  })
}

/** By stand-in, what it stands for. */
const reals = new WeakMap<object, object>()

/** An object any use of which is noted, and so is any use of what it holds. */
function usedAs(name: string, real: unknown): unknown {
  if ((typeof real !== 'object' && typeof real !== 'function') || real === null) return real
  const standIn = new Proxy(real, {
    get(target, member) {
      const path = `${name}.${String(member)}`
      note(path)
      const own = Object.getOwnPropertyDescriptor(target, member)
      const value: unknown = Reflect.get(target, member, target)
      const isFixed = own !== undefined && !own.configurable && !own.writable
      return isFixed ? value : usedAs(path, value)
    },
    has(target, member) {
      note(`${name}.${String(member)}`)
      return Reflect.has(target, member)
    },
    ownKeys(target) {
      note(name)
      return Reflect.ownKeys(target)
    },
    apply(target, self, given) {
      note(name)
      if (runningMember() !== null && ENDS_PROCESS.test(name)) {
        throw new Error(`a strategy must not call ${name}`)
      }
      return Reflect.apply(target as () => unknown, reals.get(self as object) ?? self, given)
    },
    construct(target, given) {
      note(name)
      return Reflect.construct(target as new () => object, given)
    },
  })
  reals.set(standIn, real)
  return standIn
}
