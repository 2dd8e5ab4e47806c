/**
 * Owns how a command hears that it is to end. The first interrupt, termination or hang-up aborts
 * its work, which then cleans up behind itself. From then on the process listens to none of them,
 * so that the second one ends it at once, as the system does it.
 */
import { constants } from 'node:os'

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** The first signal. A process has one set of signals. */
let heard: NodeJS.Signals | null = null

/**
 * Aborts at the first signal. A command that has nothing to clean up does not call this: the system
 * ends it at once, also where its work never yields.
 */
export function hearSignals(): AbortSignal {
  const work = new AbortController()
  const hear = (signal: NodeJS.Signals) => {
    for (const each of ENDING) process.off(each, hear)
    heard = signal
    work.abort()
  }
  for (const each of ENDING) process.on(each, hear)
  return work.signal
}

/** The exit code of shells for a process that a signal ended: 128 + its number. */
export function interruptedCode(): number {
  return 128 + constants.signals[heard ?? 'SIGINT']
}
