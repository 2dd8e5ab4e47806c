/**
 * Owns the life of a process of a crew (`crew.ts`): it performs one order at a time and ends when
 * the command lets go of it, or is gone.
 *
 * Messages about progress are bytes that the process writes while a run counts what it writes, so
 * they are counted too.
 */
import { serialize } from 'node:v8'
import type { Transfer } from '../base/context.ts'
import { type FromProcess, failureOf, type Place, type ToProcess } from './order-messages.ts'
import { peakRssBytes } from './peak-rss.ts'

/** What an order gets beside itself. */
export interface OrderContext {
  /** Aborts when the order is to end early: it then throws `Interrupted`. */
  readonly signal: AbortSignal
  /** Tells the command how far the order is, at most ten times a second. */
  onProgress(place: Place): void
  /** What this process has written to the command so far. */
  written(): Transfer
}

const TELL_MS = 100
/** Node writes the length of a message before it. */
const HEADER_BYTES = 4

/** Performs orders until the channel closes. `heard` aborts when this process gets a signal. */
export function serveOrders<Order>(
  heard: AbortSignal,
  perform: (order: Order, context: OrderContext) => Promise<unknown>,
): void {
  let isBusy = false
  let stop = new AbortController()
  const written = { bytes: 0, calls: 0 }
  const tell = (message: FromProcess) => {
    if (!process.connected) return
    written.bytes += HEADER_BYTES + serialize(message).byteLength
    written.calls++
    process.send!(message)
  }
  const answerTo = async (order: Order): Promise<FromProcess> => {
    const signal = AbortSignal.any([heard, stop.signal])
    let toldMs = Number.NEGATIVE_INFINITY
    const onProgress = (place: Place) => {
      const nowMs = performance.now()
      if (nowMs - toldMs < TELL_MS) return
      toldMs = nowMs
      tell({ kind: 'progress', ...place })
    }
    try {
      const outcome = await perform(order, { signal, onProgress, written: () => ({ ...written }) })
      return { kind: 'outcome', outcome, peakRssBytes: peakRssBytes() }
    } catch (error) {
      return { kind: 'failure', failure: failureOf(error) }
    }
  }
  process.on('message', async (message: ToProcess) => {
    if (message.kind === 'interrupt') return stop.abort()
    isBusy = true
    stop = new AbortController()
    const answer = await answerTo(message.order as Order)
    isBusy = false
    if (process.connected) tell(answer)
    else process.exit()
  })
  process.on('disconnect', () => {
    if (isBusy) stop.abort()
    else process.exit()
  })
}
