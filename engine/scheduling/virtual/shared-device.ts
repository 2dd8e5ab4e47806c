/**
 * Owns how jobs and clients share a device: a fluid model (processor sharing). At each moment every
 * piece of work goes on at a rate, its part of the device; the rates change only when work arrives,
 * ends or is allotted another share. Time is in nanoseconds, work in milliseconds of a whole
 * device.
 *
 * 1. A client's operation and a job that runs are a stream each, and streams have equal parts.
 * 2. Jobs have at most `jobsPart` of the device together, even if the rest is idle.
 * 3. The jobs' part is divided between them by their shares.
 * 4. A job whose share is taken away goes on as an equal stream to its next table border.
 *
 * Invariant: the rates never add up to more than 1.
 */

import { assert } from '../../base/assert.ts'

const NS_PER_MS = 1e6

/** Work that a border lacks only because of rounding. */
const ROUNDING_MS = 1e-9

/** An operation of a client on the device. */
interface Operation {
  leftMs: number
  readonly key: number
}

/** A job on the device. */
interface Job {
  readonly id: number
  readonly busyMs: number
  /** Work between two table borders. */
  readonly tableMs: number
  leftMs: number
  share: number
  /** Where it will have paused: what is left then. Null: it does not pause. */
  pausesAtMs: number | null
  hasEnded: boolean
}

/** Work that has ended, and when. */
export interface EndedWork {
  readonly kind: 'job' | 'operation'
  /** The job's id, or the key of the operation. */
  readonly id: number
  readonly atNs: number
}

export class SharedDevice {
  #nowNs: number
  readonly #operations: Operation[] = []
  readonly #jobs: Job[] = []
  #jobsPart = 1
  #nextKey = 0

  constructor(nowNs: number) {
    this.#nowNs = nowNs
  }

  /** Begins an operation of a client. Returns its key. */
  serve(busyMs: number): number {
    const operation = { leftMs: busyMs, key: this.#nextKey++ }
    this.#operations.push(operation)
    return operation.key
  }

  /** Adds a job, which waits for a share. It writes `tables` tables of equal size. */
  addJob(id: number, busyMs: number, tables: number): void {
    const tableMs = busyMs / Math.max(1, tables)
    this.#jobs.push({
      id,
      busyMs,
      tableMs,
      leftMs: busyMs,
      share: 0,
      pausesAtMs: busyMs,
      hasEnded: false,
    })
  }

  removeJobs(): void {
    this.#jobs.length = 0
  }

  /**
   * Gives each job its share of the jobs' part of the device; both are from 0 to 1. A job that is
   * not named has none.
   */
  allot(shares: ReadonlyMap<number, number>, jobsPart: number): void {
    this.#jobsPart = jobsPart
    for (const job of this.#jobs) {
      job.share = shares.get(job.id) ?? 0
      if (job.share > 0) job.pausesAtMs = null
      else job.pausesAtMs ??= nextBorder(job)
    }
  }

  /** The part of the job's work that is left, from 1 to 0. */
  leftOf(id: number): number {
    const job = this.#jobs.find((job) => job.id === id)
    assert(job !== undefined, `no job ${id} is on the device`)
    return job.busyMs === 0 ? 0 : job.leftMs / job.busyMs
  }

  /** When a rate changes next if nothing is added or allotted; null if nothing goes on. */
  get nextChangeNs(): number | null {
    const rates = this.#rates()
    let soonestMs = Number.POSITIVE_INFINITY
    for (const { leftMs } of this.#operations) {
      soonestMs = Math.min(soonestMs, leftMs / rates.operation)
    }
    for (const job of this.#jobs) {
      if (isGoing(job)) soonestMs = Math.min(soonestMs, toDo(job) / rates.job(job))
    }
    if (soonestMs === Number.POSITIVE_INFINITY) return null
    return this.#nowNs + Math.ceil(soonestMs * NS_PER_MS)
  }

  /** Lets time pass up to `toNs`. Returns what has ended on the way, in order. */
  advance(toNs: number): readonly EndedWork[] {
    const ended: EndedWork[] = []
    for (;;) {
      const changeNs = this.nextChangeNs
      if (changeNs === null || changeNs > toNs) break
      this.#pass(changeNs, ended)
    }
    if (toNs > this.#nowNs) this.#pass(toNs, ended)
    return ended
  }

  /** Time passes to `toNs` at constant rates. */
  #pass(toNs: number, ended: EndedWork[]): void {
    const rates = this.#rates()
    const passedMs = (toNs - this.#nowNs) / NS_PER_MS
    this.#nowNs = toNs
    // What would end within the current nanosecond has ended.
    const done = (leftMs: number, rate: number) => leftMs <= rate / NS_PER_MS
    for (const operation of this.#operations) {
      operation.leftMs -= passedMs * rates.operation
      if (!done(operation.leftMs, rates.operation)) continue
      operation.leftMs = 0
      ended.push({ kind: 'operation', id: operation.key, atNs: toNs })
    }
    for (const job of this.#jobs) {
      if (!isGoing(job)) continue
      const rate = rates.job(job)
      job.leftMs -= passedMs * rate
      if (!done(toDo(job), rate)) continue
      job.leftMs = job.pausesAtMs ?? 0
      if (job.leftMs > 0) continue
      job.hasEnded = true
      ended.push({ kind: 'job', id: job.id, atNs: toNs })
    }
    remove(this.#operations, ({ leftMs }) => leftMs === 0)
    remove(this.#jobs, ({ hasEnded }) => hasEnded)
  }

  /** The rates that hold now, by the rules of the header. */
  #rates(): Rates {
    const going = this.#jobs.filter(isGoing)
    const running = going.filter(({ share }) => share > 0)
    const clients = this.#operations.length
    const fairPart = going.length === 0 ? 0 : going.length / (going.length + clients)
    const jobsRate = clients === 0 ? this.#jobsPart : Math.min(this.#jobsPart, fairPart)
    const job = ({ share }: Job) => {
      return jobsRate * (share > 0 ? (share * running.length) / going.length : 1 / going.length)
    }
    const byJobs = going.reduce((sum, each) => sum + job(each), 0)
    return { operation: (1 - byJobs) / clients, job }
  }
}

interface Rates {
  /** Of each operation. */
  readonly operation: number
  /** Of a job that goes on. */
  readonly job: (job: Job) => number
}

/** Whether it makes progress: it has a share, or has not reached the border where it pauses. */
function isGoing({ leftMs, pausesAtMs }: Job): boolean {
  return pausesAtMs === null || leftMs > pausesAtMs
}

/** Work until the job ends or pauses. */
function toDo({ leftMs, pausesAtMs }: Job): number {
  return leftMs - (pausesAtMs ?? 0)
}

/** What is left at the job's next table border; what is left now if it is at one. */
function nextBorder({ busyMs, tableMs, leftMs }: Job): number {
  if (tableMs === 0) return leftMs
  const tables = Math.ceil((busyMs - leftMs) / tableMs - ROUNDING_MS)
  const atBorderMs = busyMs - tables * tableMs
  return Math.min(leftMs, atBorderMs <= ROUNDING_MS ? 0 : atBorderMs)
}

function remove<Item>(items: Item[], isGone: (item: Item) => boolean): void {
  let kept = 0
  for (const item of items) if (!isGone(item)) items[kept++] = item
  items.length = kept
}
