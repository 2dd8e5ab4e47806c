/**
 * Owns the record of background work during a run: the times of its jobs, and the stalls of
 * writers. Stalls are summed by cause; the first ones are also kept one by one.
 */
import type { StallEvent } from '../../engine/index.ts'
import { type Background, STALL_CAUSES } from '../../results/schema.ts'
import type { JobTimes } from '../base/target.ts'

const STALLS_KEPT_MAX = 2000

interface StallSpan {
  readonly event: StallEvent
  readonly startNs: number
  readonly endNs: number
}

export class BackgroundLog {
  readonly #jobs: (JobTimes & { readonly installedNs: number })[] = []
  readonly #stalls: StallSpan[] = []
  readonly #times = new Map(
    STALL_CAUSES.map((cause) => [cause, { slowdownSeconds: 0, stopSeconds: 0 }]),
  )
  readonly #clientsIn: Background['clientsIn']
  #stallsTotal = 0

  constructor(clientsIn: Background['clientsIn']) {
    this.#clientsIn = clientsIn
  }

  /** Call it for each job that the log of events keeps, in order. */
  addJob(times: JobTimes, installedNs: number): void {
    this.#jobs.push({ ...times, installedNs })
  }

  /** The stall was reported at `nowNs`. Returns its span as readings of that clock. */
  addStall(event: StallEvent, nowNs: number): { readonly startNs: number; readonly endNs: number } {
    const { cause, step, atMs, beganAtMs, endedAtMs, delayedMs } = event
    const endNs = nowNs - (atMs - endedAtMs) * 1e6
    const startNs = endNs - (endedAtMs - beganAtMs) * 1e6
    const times = this.#times.get(cause)!
    if (step === 'stop') times.stopSeconds += delayedMs / 1e3
    else times.slowdownSeconds += delayedMs / 1e3
    if (this.#stallsTotal++ < STALLS_KEPT_MAX) this.#stalls.push({ event, startNs, endNs })
    return { startNs, endNs }
  }

  /** `since` converts a reading of the clock to seconds since the run began. */
  figures(since: (ns: number) => number): Background {
    return {
      clientsIn: this.#clientsIn,
      stalls: Object.fromEntries(this.#times) as Background['stalls'],
      stallEvents: {
        total: this.#stallsTotal,
        log: this.#stalls.map(({ event, startNs, endNs }) => ({
          cause: event.cause,
          step: event.step,
          startSeconds: since(startNs),
          endSeconds: since(endNs),
          groups: event.groups,
          delayedSeconds: event.delayedMs / 1e3,
        })),
      },
      jobs: this.#jobs.map(({ queuedNs, startedNs, endedNs, installedNs }) => ({
        queuedSeconds: since(queuedNs),
        startedSeconds: since(startedNs),
        endedSeconds: since(endedNs),
        installedSeconds: since(installedNs),
      })),
    }
  }
}
