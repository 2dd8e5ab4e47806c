import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Database, ReadCounters, systemClock } from '../../engine/index.ts'
import { STRATEGIES } from '../../strategies/index.ts'
import { ScannedEntries } from '../measure/scanned-entries.ts'
import { addEntriesTo } from './read-answer.ts'
import { READ_KIND } from './read-slot.ts'
import { type ReadThread, ReadThreads } from './read-threads.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const textOf = (found: Uint8Array) => new TextDecoder().decode(found.slice())

let folder: string
let database: Database
let threads: ReadThreads

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'varve-read-threads-'))
  const strategy = STRATEGIES.get('leveling')!.create({ T: 2 })
  database = Database.open({ folder, strategy, options: { memtableBytes: 4096 } })
  threads = new ReadThreads(() => database.readerChannel())
})
afterEach(async () => {
  await threads.close()
  database.close()
  rmSync(folder, { recursive: true })
})

const put = (key: string, value: Uint8Array | string) =>
  database.put(bytes(key), typeof value === 'string' ? bytes(value) : value)

async function answered(thread: ReadThread): Promise<ReadThread> {
  while (!thread.isAnswered) await nextTurn()
  return thread
}

async function get(thread: ReadThread, key: string): Promise<string | undefined> {
  thread.ask(READ_KIND.get, bytes(key), 0)
  await answered(thread)
  const value = thread.slot.isFound ? textOf(thread.answer) : undefined
  thread.release()
  return value
}

test('each thread finds what was acknowledged before it was asked', async () => {
  const [one, two] = await threads.open(2, () => {})
  for (let round = 0; round < 50; round++) {
    await put('a', `value ${round}`)
    expect(await get(one!, 'a')).toBe(`value ${round}`)
    expect(await get(two!, 'a')).toBe(`value ${round}`)
    expect(await get(two!, `no ${round}`)).toBeUndefined()
  }
})

test('a value larger than the memory of answers arrives whole, and so do the next ones', async () => {
  const [thread] = await threads.open(1, () => {})
  const large = 'x'.repeat(300_000)
  await put('large', large)
  await put('small', 'y')
  expect(await get(thread!, 'large')).toBe(large)
  expect(await get(thread!, 'small')).toBe('y')
  expect(await get(thread!, 'large')).toBe(large)
})

test('a shown scan has its entries, another one only their number', async () => {
  const [thread] = await threads.open(1, () => {})
  for (let at = 10; at < 30; at++) await put(`key ${at}`, `value ${at}`)
  thread!.ask(READ_KIND.shownScan, bytes('key 15'), 5)
  const { slot } = await answered(thread!)
  const shown = new ScannedEntries()
  addEntriesTo(shown, thread!.answer, slot.count)
  const entries = Array.from({ length: shown.count }, (_, at) => [
    textOf(shown.key(at)),
    textOf(shown.value(at)),
  ])
  expect(entries).toEqual([15, 16, 17, 18, 19].map((at) => [`key ${at}`, `value ${at}`]))
  expect(slot.scannedBytes).toBe(5 * ('key 15'.length + 'value 15'.length))
  thread!.release()
  thread!.ask(READ_KIND.scan, bytes('key 28'), 100)
  await answered(thread!)
  expect([slot.count, slot.answerBytes]).toEqual([2, 0])
})

test('times are on the clock of this thread, and counters are those of one read', async () => {
  const [thread] = await threads.open(1, () => {})
  await put('a', '1')
  await database.flush()
  for (const kind of [READ_KIND.get, READ_KIND.pair]) {
    const askedNs = systemClock.elapsedNs()
    thread!.ask(kind, bytes('a'), 0)
    const { slot } = await answered(thread!)
    const answeredNs = systemClock.elapsedNs()
    expect(slot.startNs).toBeGreaterThanOrEqual(askedNs)
    expect(slot.endNs).toBeGreaterThanOrEqual(slot.startNs)
    expect(slot.endNs).toBeLessThanOrEqual(answeredNs)
    const counters = new ReadCounters()
    const reads = kind === READ_KIND.pair ? 2 : 1
    for (let read = 0; read < reads; read++) slot.addCountersTo(counters, read)
    expect([counters.runsProbed, counters.memtablesProbed]).toEqual([reads, reads])
    thread!.release()
  }
})

test('who waits gets a message with the next answer', async () => {
  let wake = () => {}
  const [thread] = await threads.open(1, () => wake())
  await put('a', '1')
  for (let round = 0; round < 20; round++) {
    const woken = new Promise<void>((resolve) => {
      wake = resolve
    })
    threads.awaitMessage()
    thread!.ask(READ_KIND.get, bytes('a'), 0)
    await woken
    expect(thread!.isAnswered).toBe(true)
    thread!.release()
  }
})

test('a thread at rest lets old files go, and after a close nothing is kept', async () => {
  const [thread] = await threads.open(2, () => {})
  await put('a', '1')
  await get(thread!, 'a')
  for (let round = 0; round < 400; round++) await put(`key ${round % 20}`, 'v'.repeat(100))
  await database.flush()
  const tables = () => readdirSync(folder).filter((name) => name.endsWith('.sst')).length
  const live = () => database.version.levels.flatMap(({ runs }) => runs).length
  while (tables() > live()) await new Promise((resolve) => setTimeout(resolve, 5))
  await threads.close()
  await threads.close()
  for (let round = 0; round < 400; round++) await put(`key ${round % 20}`, 'w'.repeat(100))
  await database.flush()
  expect(tables()).toBe(live())
})

test('an error of a read is thrown where its answer is looked for', async () => {
  const [thread] = await threads.open(1, () => {})
  for (let at = 0; at < 100; at++) await put(`key ${at}`, 'v'.repeat(100))
  await database.flush()
  database.close()
  thread!.ask(READ_KIND.get, bytes('key 1'), 0)
  await expect(answered(thread!)).rejects.toMatchObject({ code: 'LSM_CLOSED' })
})
