/** Owns traps on globals that a pure function must not use: each is replaced while it runs. */

const { hrtime } = process

const TRAPPED = [
  [Math, 'Math', 'random'],
  [Date, 'Date', 'now'],
  [performance, 'performance', 'now'],
  [crypto, 'crypto', 'getRandomValues'],
  [crypto, 'crypto', 'randomUUID'],
  [process, 'process', 'hrtime'],
  [hrtime, 'hrtime', 'bigint'],
  [globalThis, 'globalThis', 'Date'],
] as const

/** The first trapped global that `work` used, or null. `work` must be synchronous. */
export function withTraps(work: () => void): string | null {
  let asked: string | null = null
  const restore = TRAPPED.map(([owner, ownerName, member]) => {
    const original = Object.getOwnPropertyDescriptor(owner, member)
    const real = (owner as unknown as Record<string, unknown>)[member] as object
    const note = () => {
      asked ??= member === 'Date' ? 'new Date' : `${ownerName}.${member}`
    }
    const value = new Proxy(real, {
      apply: (target, self, args) => {
        note()
        return Reflect.apply(target as (...all: unknown[]) => unknown, self, args)
      },
      construct: (target, args, newTarget) => {
        // A date made from given numbers does not read the clock.
        if (args.length === 0) note()
        return Reflect.construct(target as new (...all: unknown[]) => object, args, newTarget)
      },
    })
    Object.defineProperty(owner, member, { value, configurable: true, writable: true })
    return () => {
      if (original !== undefined) Object.defineProperty(owner, member, original)
      else delete (owner as unknown as Record<string, unknown>)[member]
    }
  })
  try {
    work()
  } finally {
    for (const undo of restore.reverse()) undo()
  }
  return asked
}
