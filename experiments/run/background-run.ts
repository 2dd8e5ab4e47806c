/**
 * Owns what a run with background work is made of: the clock that the database and the measurement
 * share, the executor of the jobs, and how time passes while the run waits.
 */
import {
  type Clock,
  type ExecutorFactory,
  systemClock,
  systemTimers,
  type Timers,
  threads,
  VirtualClock,
} from '../../engine/index.ts'
import type { Background, RunResult } from '../../results/schema.ts'
import { LOGICAL_START_MS } from '../base/context.ts'
import { type Passage, realPassage, virtualPassage } from '../load/passage.ts'
import { VirtualDevice } from '../targets/virtual-device.ts'

export interface BackgroundRun {
  /** Also the time that is measured. */
  readonly clock: Clock
  readonly timers: Timers
  readonly passage: Passage
  readonly scheduling: ExecutorFactory
  /** Null in real time. */
  readonly logical: { readonly clock: VirtualClock; readonly device: VirtualDevice } | null
  /** Operations that may be under way at once in the run phases. */
  readonly clients: number
  /**
   * Several clients in real time read in a thread each. Logical time has one thread, and a single
   * client needs none besides the harness's.
   */
  readonly clientsIn: Background['clientsIn']
}

/** Null with inline scheduling. */
export function backgroundRunOf({
  scheduling,
  arrival,
}: Pick<RunResult['config'], 'scheduling' | 'arrival'>): BackgroundRun | null {
  if (scheduling === undefined) return null
  const clients = arrival?.clients ?? 1
  if (scheduling.device === undefined) return threadsRun(clients)
  const clock = new VirtualClock({ startMs: LOGICAL_START_MS })
  const device = new VirtualDevice(clock, scheduling.device)
  return {
    clock,
    timers: clock,
    passage: virtualPassage(clock),
    scheduling: device.executor,
    logical: { clock, device },
    clients,
    clientsIn: 'one-thread',
  }
}

/** Jobs run in worker threads, in real time. */
export function threadsRun(clients = 1): BackgroundRun {
  return {
    clock: systemClock,
    timers: systemTimers,
    passage: realPassage,
    scheduling: threads(),
    logical: null,
    clients,
    clientsIn: clients > 1 ? 'threads' : 'one-thread',
  }
}
