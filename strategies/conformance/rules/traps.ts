/** Owns the traps on what a pure function must not ask: each global is replaced while it runs. */

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

/** The first trapped global that `work` asked, or null. `work` is synchronous: it runs alone. */
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
        // A date made of numbers given to it asks nothing.
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
