/**
 * Owns the thread of one client: it reads an open database as the harness asks, and takes the time
 * of each read. The system's clock has one origin in all threads of a process.
 *
 * Invariant: it holds no view for longer than `IDLE_MS` while nothing is asked.
 */
import { workerData } from 'node:worker_threads'
import { type DatabaseReader, isLsmError, openReader, systemClock } from '../../engine/index.ts'
import { AnswerWriter } from './read-answer.ts'
import { READ_KIND, ReadSlot, SLOT_STATE } from './read-slot.ts'
import { scanCursor } from './scan-cursor.ts'
import type { ReadThreadMessage, ReadThreadStart } from './thread-messages.ts'

/** At rest the event loop turns this often, so that the reader lets go of old views. */
const IDLE_MS = 20

const { channel, port, slot: memory, waiting } = workerData as ReadThreadStart
const send = (message: ReadThreadMessage) => port.postMessage(message)
const slot = new ReadSlot(memory)
const answer = new AnswerWriter((moved) => send({ kind: 'memory', memory: moved }))
const reader = openReader(channel)
/** The reader's counters after the last read. */
let { gets, scans } = reader.metrics()
send({ kind: 'ready' })
serve()

function serve(): void {
  for (;;) {
    if (slot.isClosing) break
    const { state } = slot
    if (state !== SLOT_STATE.asked) {
      slot.waitWhile(state, IDLE_MS)
      if (slot.state !== SLOT_STATE.asked) {
        setImmediate(serve)
        return
      }
    }
    try {
      read(reader)
    } catch (error) {
      sendError(error)
      break
    }
    slot.state = SLOT_STATE.answered
    if (Atomics.exchange(waiting, 0, 0) === 1) send({ kind: 'answered' })
  }
  reader.close()
  port.close()
}

function read(from: DatabaseReader): void {
  const key = slot.copyKey()
  const { kind, limit } = slot
  if (kind === READ_KIND.get || kind === READ_KIND.pair) {
    get(from, key, kind === READ_KIND.pair)
    return
  }
  answer.clear()
  const startNs = systemClock.elapsedNs()
  const sink = kind === READ_KIND.shownScan ? answer : null
  const { entries, bytes } = scanCursor(from.cursor(), key, limit, sink)
  slot.writeTimes(startNs, systemClock.elapsedNs())
  const before = scans
  scans = from.metrics().scans
  slot.writeCounters(0, before, scans)
  slot.writeAnswer(true, entries, bytes, answer.used)
}

function get(from: DatabaseReader, key: Uint8Array, isPair: boolean): void {
  let before = gets
  const startNs = systemClock.elapsedNs()
  let value = from.get(key)
  if (isPair) {
    const between = from.metrics().gets
    slot.writeCounters(0, before, between)
    before = between
    value = from.get(key)
  }
  const endNs = systemClock.elapsedNs()
  gets = from.metrics().gets
  slot.writeTimes(startNs, endNs)
  slot.writeCounters(isPair ? 1 : 0, before, gets)
  if (value !== undefined) answer.setValue(value)
  slot.writeAnswer(value !== undefined, 0, 0, value?.length ?? 0)
}

function sendError(error: unknown): void {
  const { message, stack } = error instanceof Error ? error : new Error(String(error))
  const lsm = isLsmError(error) ? { code: error.code, data: error.data } : null
  send({ kind: 'failed', message, stack, lsm })
}
