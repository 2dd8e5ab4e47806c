/**
 * Owns the benchmarks of reads, on a copy of the loaded folder. Before anything is measured, the
 * store is read once from end to end and by some gets, so that caches are warm and code is compiled
 * for all stores alike.
 */
import { createRandom, deriveSeed } from '../../../../engine/base/random.ts'
import type { RaceBenchmark } from '../../../../results/race-schema.ts'
import { peakRssBytes } from '../../../machine/peak-rss.ts'
import { type CallStore, Tally } from '../../../targets/peers/calls/call-store.ts'
import type { EntryRing, Holdings } from '../entries.ts'
import {
  checkTally,
  type GroupContext,
  type GroupFigure,
  isWanted,
  openStore,
  rateOf,
} from '../group.ts'
import { BATCH, heldWhenLoaded } from './writes.ts'

/** Scans are repeated so often, because one is over soon. */
const PASSES = 3
const SEEK_ENTRIES = 10

/** Gets and scans with a small block cache; the page cache holds the rest. */
export async function readAll(context: GroupContext): Promise<readonly GroupFigure[]> {
  const { entries } = context.task.size
  const store = await openStore(context)
  const held = heldWhenLoaded(entries)
  const gets = Math.max(Math.ceil(entries / 3), BATCH)
  await warmUp(context, store)
  const race = new Reads(context)
  await race.gets('get-hit', 'get-miss', store, gets, held)
  const numbers = numbersBelow(context, 'get-many', gets, entries)
  await race.measure('get-many', gets, sumAt(held, numbers), (tally) =>
    getMany(context.ring, store, numbers, tally),
  )
  const all = timesPasses(held.total())
  for (const [benchmark, reverse] of [
    ['scan', false],
    ['scan-reverse', true],
  ] as const) {
    await race.measure(benchmark, all.count, all, (tally) =>
      repeatedly(() => store.scan(reverse, tally)),
    )
  }
  for (const [benchmark, reverse] of [
    ['walk', false],
    ['walk-reverse', true],
  ] as const) {
    await race.measure(benchmark, all.count, all, (tally) =>
      repeatedly(() => (store.walk === null ? store.scan : store.walk).call(store, reverse, tally)),
    )
  }
  const seeks = numbersBelow(context, 'seek-10', Math.max(Math.ceil(entries / 10), 20), entries)
  await race.measure('seek-10', seeks.length, seekTotal(held, seeks), async (tally) => {
    for (const number of seeks) {
      const pending = store.seek(context.ring.key(number), SEEK_ENTRIES, tally)
      if (pending instanceof Promise) await pending
    }
  })
  race.add('memory-read', peakRssBytes())
  await store.close()
  return race.figures
}

/** Gets with a block cache that holds everything. */
export async function readCached(context: GroupContext): Promise<readonly GroupFigure[]> {
  const { entries } = context.task.size
  const store = await openStore(context, { largeCache: true })
  await warmUp(context, store)
  const race = new Reads(context)
  const gets = Math.max(Math.ceil(entries / 3), BATCH)
  await race.gets('get-hit-cached', 'get-miss-cached', store, gets, heldWhenLoaded(entries))
  await store.close()
  return race.figures
}

class Reads {
  readonly figures: GroupFigure[] = []
  readonly #context: GroupContext

  constructor(context: GroupContext) {
    this.#context = context
  }

  add(benchmark: RaceBenchmark, value: number): void {
    if (isWanted(this.#context, benchmark)) this.figures.push({ benchmark, value, workLeft: null })
  }

  /** Measures `work`, and checks what it read. */
  async measure(
    benchmark: RaceBenchmark,
    count: number,
    expected: ReturnType<Holdings['total']>,
    work: (tally: Tally) => unknown,
  ): Promise<void> {
    if (!isWanted(this.#context, benchmark)) return
    const tally = new Tally()
    const value = await rateOf(count, () => work(tally))
    checkTally(this.#context, benchmark, tally, expected)
    this.add(benchmark, value)
  }

  async gets(
    hit: RaceBenchmark,
    miss: RaceBenchmark,
    store: CallStore,
    count: number,
    held: Holdings,
  ): Promise<void> {
    const { ring } = this.#context
    const numbers = numbersBelow(this.#context, hit, count, held.tags.length)
    await this.measure(hit, count, sumAt(held, numbers), (tally) => {
      for (let at = 0; at < count; at++) {
        const value = store.get(ring.key(numbers[at]!))
        if (value !== undefined) tally.add(value)
      }
    })
    await this.measure(miss, count, { count: 0, sum: 0 }, (tally) => {
      for (let at = 0; at < count; at++) {
        const value = store.get(ring.absentKey(numbers[at]!))
        if (value !== undefined) tally.add(value)
      }
    })
  }
}

/** Reads the store from end to end, and a few keys. */
export async function warmUp(context: GroupContext, store: CallStore): Promise<void> {
  const { entries } = context.task.size
  const tally = new Tally()
  await store.scan(false, tally)
  const count = Math.ceil(entries / 15)
  for (const number of numbersBelow(context, 'warm-up', count, entries)) {
    store.get(context.ring.key(number))
  }
}

/** In groups of `BATCH`; the answers are in the order of the keys. */
async function getMany(
  ring: EntryRing,
  store: CallStore,
  numbers: Uint32Array,
  tally: Tally,
): Promise<void> {
  for (let at = 0; at < numbers.length; at += BATCH) {
    const keys = Array.from(numbers.subarray(at, at + BATCH), (number) => ring.key(number))
    for (const value of await store.getMany(keys)) if (value !== undefined) tally.add(value)
  }
}

async function repeatedly(work: () => unknown): Promise<void> {
  for (let pass = 0; pass < PASSES; pass++) {
    const pending = work()
    if (pending instanceof Promise) await pending
  }
}

/** Uniformly below `below`; equal for all stores. */
function numbersBelow(
  { task }: GroupContext,
  role: string,
  count: number,
  below: number,
): Uint32Array {
  const random = createRandom(deriveSeed(task.seed, role, task.round))
  return Uint32Array.from({ length: count }, () => random.nextBelow(below))
}

function sumAt({ tags }: Holdings, numbers: Uint32Array) {
  let sum = 0
  for (const number of numbers) sum += tags[number]!
  return { count: numbers.length, sum }
}

function seekTotal(held: Holdings, numbers: Uint32Array) {
  const total = { count: 0, sum: 0 }
  for (const number of numbers) {
    const { count, sum } = held.total(number, SEEK_ENTRIES)
    total.count += count
    total.sum += sum
  }
  return total
}

function timesPasses({ count, sum }: ReturnType<Holdings['total']>) {
  return { count: count * PASSES, sum: sum * PASSES }
}
