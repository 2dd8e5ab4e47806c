/**
 * Owns the reaction of a command to signals. The first interrupt, termination or hang-up aborts its
 * work, which then cleans up. From then on the process listens to none of them, so that the system
 * ends it at once at the second signal.
 */
import { constants } from 'node:os'

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** The first signal. A process has one set of signals. */
let heard: NodeJS.Signals | null = null

/**
 * Aborts at the first signal. A command without anything to clean up does not call this: the system
 * ends it at once, even if its work never yields.
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
