/**
 * Owns the benchmarks of writes: in batches, one at a time, and synced. Each ends with a scan that
 * compares the store with what was written into it, outside of the measured time.
 */
import type { RaceBenchmark } from '../../../../results/race-schema.ts'
import { peakRssBytes } from '../../../machine/peak-rss.ts'
import { type CallStore, Tally } from '../../../targets/peers/calls/call-store.ts'
import { Holdings } from '../entries.ts'
import {
  checkTally,
  type GroupContext,
  type GroupFigure,
  isWanted,
  openStore,
  rateOf,
  settle,
} from '../group.ts'
import { randomKeys, shuffledKeys } from '../key-numbers.ts'

export const BATCH = 100
const WRITERS = 64

/** Keys in order, into an empty store. */
export async function fillSequentially(context: GroupContext): Promise<readonly GroupFigure[]> {
  const { entries } = context.task.size
  const store = await openStore(context)
  const numbers = Uint32Array.from({ length: entries }, (_, at) => at)
  const value = await rateOf(entries, () => putBatches(context, store, numbers, 1))
  const workLeft = await settle(context, store)
  await checkAll(context, store, 'fillseq', heldAfter(new Holdings(entries), numbers, 1))
  await store.close()
  return [{ benchmark: 'fillseq', value, workLeft }]
}

/** Keys drawn with replacement, twice: into an empty store, and over its entries. */
export async function fillRandomly(context: GroupContext): Promise<readonly GroupFigure[]> {
  const { size, seed } = context.task
  const { entries } = size
  const store = await openStore(context)
  const held = new Holdings(entries)
  const figures: GroupFigure[] = []
  for (const [index, benchmark] of (['fillrandom', 'overwrite'] as const).entries()) {
    const numbers = randomKeys(seed + index, entries, entries, BATCH)
    const tag = 1 + index * entries
    const value = await rateOf(entries, () => putBatches(context, store, numbers, tag))
    const workLeft = await settle(context, store)
    heldAfter(held, numbers, tag)
    if (isWanted(context, benchmark)) figures.push({ benchmark, value, workLeft })
  }
  if (isWanted(context, 'memory-write')) {
    figures.push({ benchmark: 'memory-write', value: peakRssBytes(), workLeft: null })
  }
  await checkAll(context, store, 'overwrite', held)
  await store.close()
  return figures
}

/** Single writes at random, each acknowledged before the next; through both interfaces. */
export async function putSingly(context: GroupContext): Promise<readonly GroupFigure[]> {
  const { size, seed } = context.task
  const count = Math.max(Math.ceil(size.entries / 5), BATCH)
  const store = await openStore(context)
  const held = new Holdings(size.entries)
  const figures: GroupFigure[] = []
  const measure = async (
    benchmark: RaceBenchmark,
    index: number,
    work: (numbers: Uint32Array, tag: number) => unknown,
  ) => {
    const numbers = randomKeys(seed + index, count, size.entries, 1)
    const tag = 1 + index * count
    // Until the code is compiled.
    const warm = numbers.subarray(0, Math.ceil(count / 20))
    await work(warm, tag)
    const value = await rateOf(count, () => work(numbers, tag))
    figures.push({ benchmark, value, workLeft: await settle(context, store) })
    heldAfter(held, numbers, tag)
    await checkAll(context, store, benchmark, held)
  }
  if (isWanted(context, 'put-awaited')) {
    await measure('put-awaited', 0, async (numbers, tag) => {
      const { ring } = context
      for (let at = 0; at < numbers.length; at++)
        await store.put(ring.key(numbers[at]!), ring.value(tag + at))
    })
  }
  const { putNow } = store
  if (putNow !== null && isWanted(context, 'put-now')) {
    await measure('put-now', 1, (numbers, tag) => {
      const { ring } = context
      for (let at = 0; at < numbers.length; at++)
        putNow(ring.key(numbers[at]!), ring.value(tag + at))
    })
  }
  await store.close()
  return figures
}

/** Durable writes: by one writer, and by many that wait at the same time. */
export async function putSynced(context: GroupContext): Promise<readonly GroupFigure[]> {
  const { size, seed } = context.task
  const store = await openStore(context, { synced: true })
  const held = new Holdings(size.entries)
  const figures: GroupFigure[] = []
  const plans = [
    { benchmark: 'sync-1', writers: 1, count: Math.max(Math.ceil(size.entries / 200), 20) },
    { benchmark: 'sync-64', writers: WRITERS, count: Math.max(Math.ceil(size.entries / 60), 64) },
  ] as const
  for (const [index, { benchmark, writers, count }] of plans.entries()) {
    if (!isWanted(context, benchmark)) continue
    // Keys are distinct, because the order of writers that wait together is the store's.
    const numbers = shuffledKeys(seed + index, size.entries).subarray(0, count)
    const tag = 1 + index * size.entries
    const value = await rateOf(numbers.length, () => putBy(writers, context, store, numbers, tag))
    figures.push({ benchmark, value, workLeft: await settle(context, store) })
    heldAfter(held, numbers, tag)
    await checkAll(context, store, benchmark, held)
  }
  await store.close()
  return figures
}

/** Deletes keys of the loaded folder at random. */
export async function deleteRandomly(context: GroupContext): Promise<readonly GroupFigure[]> {
  const { size, seed } = context.task
  const { entries } = size
  const store = await openStore(context)
  const numbers = randomKeys(seed, entries, entries, BATCH)
  const value = await rateOf(entries, async () => {
    const keys: Uint8Array[] = []
    for (let at = 0; at < entries; at += BATCH) {
      const count = Math.min(BATCH, entries - at)
      for (let i = 0; i < count; i++) keys[i] = context.ring.key(numbers[at + i]!)
      const pending = store.deleteBatch(keys, count)
      if (pending instanceof Promise) await pending
    }
  })
  const workLeft = await settle(context, store)
  const held = heldWhenLoaded(entries)
  for (const number of numbers) held.tags[number] = 0
  await checkAll(context, store, 'delete', held)
  await store.close()
  return [{ benchmark: 'delete', value, workLeft }]
}

/** Writes every key once in random order; that of key n gets the tag n + 1. */
export async function load(context: GroupContext): Promise<readonly GroupFigure[]> {
  const { size, seed } = context.task
  const store = await openStore(context)
  const numbers = shuffledKeys(seed, size.entries)
  await putBatches(context, store, numbers, null)
  await settle(context, store)
  await store.close()
  return []
}

/** What the loaded folder holds. */
export function heldWhenLoaded(entries: number): Holdings {
  const held = new Holdings(entries)
  for (let key = 0; key < entries; key++) held.tags[key] = key + 1
  return held
}

/** Write i gets the tag `firstTag` + i; without it, the number of its key + 1. */
export async function putBatches(
  { ring }: GroupContext,
  store: CallStore,
  numbers: Uint32Array,
  firstTag: number | null,
): Promise<void> {
  const keys: Uint8Array[] = []
  const values: Uint8Array[] = []
  for (let at = 0; at < numbers.length; at += BATCH) {
    const count = Math.min(BATCH, numbers.length - at)
    for (let i = 0; i < count; i++) {
      const number = numbers[at + i]!
      keys[i] = ring.key(number)
      values[i] = ring.value(firstTag === null ? number + 1 : firstTag + at + i)
    }
    const pending = store.putBatch(keys, values, count)
    if (pending instanceof Promise) await pending
  }
}

/** Each writer takes the next number when its write is acknowledged. */
async function putBy(
  writers: number,
  { ring }: GroupContext,
  store: CallStore,
  numbers: Uint32Array,
  firstTag: number,
): Promise<void> {
  let next = 0
  const write = async () => {
    while (next < numbers.length) {
      const at = next++
      await store.put(ring.key(numbers[at]!), ring.value(firstTag + at))
    }
  }
  await Promise.all(Array.from({ length: writers }, write))
}

function heldAfter(held: Holdings, numbers: Uint32Array, firstTag: number): Holdings {
  for (let at = 0; at < numbers.length; at++) held.tags[numbers[at]!] = firstTag + at
  return held
}

async function checkAll(
  context: GroupContext,
  store: CallStore,
  what: string,
  held: Holdings,
): Promise<void> {
  const tally = new Tally()
  await store.scan(false, tally)
  checkTally(context, what, tally, held.total())
}
