/**
 * Owns the processes in which a command does independent work at once. A process performs one
 * order at a time (`serve-orders.ts`), and many one after the other, because starting one takes a
 * third of a second.
 *
 * These are processes and not threads, because a run counts the bytes, the memory and the garbage
 * collections of its process: two runs in one process would count each other's.
 *
 * Invariant: no process outlives `close`, or this process.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { Interrupted } from '../base/interrupted.ts'
import { childEnvironment } from './child-environment.ts'
import { errorOf, type FromProcess, type Place, type ToProcess } from './order-messages.ts'

export interface Performed<Outcome> {
  readonly outcome: Outcome
  readonly seconds: number
}

/** What the performer of orders hears of them, by their index. */
export interface OrderListener<Outcome> {
  onProgress(index: number, place: Place): void
  /** Called in the order of the orders. */
  onEnded(index: number, performed: Performed<Outcome>): void
}

export class Crew {
  readonly size: number
  readonly #script: string
  readonly #members = new Set<Member>()
  readonly #free: Member[] = []
  readonly #peaks = new Map<Member, number>()
  readonly #waiting: (() => void)[] = []

  /** Up to `size` processes run the module `script`, which calls `serveOrders`. */
  constructor(script: string, size: number) {
    this.#script = script
    this.size = size
  }

  /** The peaks of all processes together, as far as outcomes have told them. */
  get peakRssBytes(): number {
    return [...this.#peaks.values()].reduce((sum, bytes) => sum + bytes, 0)
  }

  /**
   * The outcome of one order, as soon as a process is free. Throws the error of the order, and
   * `Interrupted` if `signal` aborts, after the process has cleaned up.
   */
  async perform<Outcome>(
    order: unknown,
    signal: AbortSignal,
    onProgress: (place: Place) => void = () => {},
  ): Promise<Performed<Outcome>> {
    while (this.#free.length === 0 && this.#members.size === this.size) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
    if (signal.aborted) throw new Interrupted('interrupted')
    const member = this.#free.pop() ?? new Member(this.#script)
    this.#members.add(member)
    const startMs = performance.now()
    try {
      const { outcome, peakRssBytes } = await member.perform(order, signal, onProgress)
      this.#peaks.set(member, peakRssBytes)
      return { outcome: outcome as Outcome, seconds: (performance.now() - startMs) / 1e3 }
    } finally {
      if (member.isThere) this.#free.push(member)
      else this.#members.delete(member)
      this.#waiting.shift()?.()
    }
  }

  /**
   * The outcomes of all orders, which start in their order. What is seen is as if each were
   * performed after the one before: of several errors the first is thrown, when the orders before
   * it have ended and those after it are interrupted.
   */
  async performAll<Outcome>(
    orders: readonly unknown[],
    signal: AbortSignal,
    listener: OrderListener<Outcome>,
  ): Promise<readonly Performed<Outcome>[]> {
    const performed: Performed<Outcome>[] = []
    const stops = orders.map(() => new AbortController())
    let next = 0
    let told = 0
    let failed = orders.length
    let failure: unknown = null
    const work = async () => {
      while (next < failed) {
        const index = next++
        try {
          performed[index] = await this.perform<Outcome>(
            orders[index],
            AbortSignal.any([signal, stops[index]!.signal]),
            (place) => listener.onProgress(index, place),
          )
        } catch (error) {
          if (index > failed) continue
          failed = index
          failure = error
          for (const stop of stops.slice(index + 1)) stop.abort()
        }
        for (; told < failed && performed[told] !== undefined; told++) {
          listener.onEnded(told, performed[told]!)
        }
      }
    }
    await Promise.all(Array.from({ length: Math.min(this.size, orders.length) }, work))
    if (failed < orders.length) throw failure
    return performed
  }

  /** Ends the processes. Orders that are under way must have been interrupted. */
  async close(): Promise<void> {
    await Promise.all(Array.from(this.#members, (member) => member.end()))
  }
}

type Outcome = Extract<FromProcess, { readonly kind: 'outcome' }>

class Member {
  readonly #child: ChildProcess
  readonly #ended: Promise<void>

  constructor(script: string) {
    this.#child = fork(script, { serialization: 'advanced', env: childEnvironment() })
    this.#ended = new Promise((resolve) => this.#child.once('exit', () => resolve()))
  }

  get isThere(): boolean {
    const { connected, exitCode, signalCode } = this.#child
    return connected && exitCode === null && signalCode === null
  }

  async perform(
    order: unknown,
    signal: AbortSignal,
    onProgress: (place: Place) => void,
  ): Promise<Outcome> {
    const child = this.#child
    const interrupt = () => this.#send({ kind: 'interrupt' })
    const listening = new AbortController()
    const answer = new Promise<Outcome>((resolve, reject) => {
      const on = <Details extends unknown[]>(
        event: string,
        hear: (...details: Details) => void,
      ) => {
        child.on(event, hear)
        listening.signal.addEventListener('abort', () => child.off(event, hear))
      }
      on('message', (message: FromProcess) => {
        if (message.kind === 'progress') onProgress(message)
        else if (message.kind === 'failure') reject(errorOf(message.failure))
        else resolve(message)
      })
      on('error', reject)
      on('exit', (code: number | null, killer: string | null) => {
        if (signal.aborted) reject(new Interrupted('interrupted'))
        else reject(new Error(`a process of this command ended early: ${killer ?? code}`))
      })
    })
    signal.addEventListener('abort', interrupt)
    this.#send({ kind: 'order', order })
    try {
      return await answer
    } finally {
      signal.removeEventListener('abort', interrupt)
      listening.abort()
    }
  }

  async end(): Promise<void> {
    if (this.isThere) this.#child.disconnect()
    await this.#ended
  }

  #send(message: ToProcess): void {
    // What a lost channel means is decided when the process has ended.
    if (this.isThere) this.#child.send(message, () => {})
  }
}
