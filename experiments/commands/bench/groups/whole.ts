/**
 * Owns the benchmarks of a whole folder: merging everything into one sorted run, opening a large
 * folder, and recovering it after a crash. The large folder is used round after round: `open`
 * writes half a memtable and ends the process at once, and `recovery` opens it after that.
 */
import { type CallStore, Tally } from '../../../targets/peers/calls/call-store.ts'
import { ENTRY_BYTES, EntryRing, KEY_BYTES } from '../entries.ts'
import {
  checkTally,
  type GroupContext,
  type GroupFigure,
  type GroupTask,
  openStore,
  rateOf,
  WrongAnswer,
} from '../group.ts'
import { heldWhenLoaded, putBatches } from './writes.ts'

/** Values of the large folder are larger, so that it is filled soon. */
const LARGE_VALUE_BYTES = 1000
const LARGE_ENTRY_BYTES = KEY_BYTES + LARGE_VALUE_BYTES

/** In bytes of keys and values, each of which the loaded folder has once. */
export async function mergeAll(context: GroupContext): Promise<readonly GroupFigure[]> {
  const { entries } = context.task.size
  const store = await openStore(context)
  const { merge } = store
  if (merge === null) throw new Error(`${context.task.engine}: it has no call for a full merge`)
  const value = await rateOf((entries * ENTRY_BYTES) / 1e6, () => merge.call(store))
  const tally = new Tally()
  await store.scan(false, tally)
  checkTally(context, 'full-merge', tally, heldWhenLoaded(entries).total())
  await store.close()
  return [{ benchmark: 'full-merge', value, workLeft: null }]
}

/** Fills the large folder in the order of its keys, and closes it. */
export async function loadLarge(context: GroupContext): Promise<readonly GroupFigure[]> {
  const store = await openStore(context)
  await putRange(context, store, 0, largeEntries(context.task))
  await store.close()
  return []
}

export async function openLarge(context: GroupContext): Promise<readonly GroupFigure[]> {
  const startMs = performance.now()
  const store = await openStore(context)
  await checkNewest(context, store, context.task.round)
  const value = performance.now() - startMs
  const half = halfMemtable(context.task)
  const from = largeEntries(context.task) + context.task.round * half
  await putRange(context, store, from, from + half)
  return [{ benchmark: 'open', value, workLeft: null }]
}

export async function recoverLarge(context: GroupContext): Promise<readonly GroupFigure[]> {
  const startMs = performance.now()
  const store = await openStore(context)
  await checkNewest(context, store, context.task.round + 1)
  const value = performance.now() - startMs
  await store.close()
  return [{ benchmark: 'recovery', value, workLeft: null }]
}

function largeEntries({ size }: GroupTask): number {
  return Math.ceil(size.recoveryBytes / LARGE_ENTRY_BYTES)
}

function halfMemtable({ size }: GroupTask): number {
  return Math.ceil(size.memtableBytes / 2 / LARGE_ENTRY_BYTES)
}

/** The newest entry after so many halves of a memtable: a store is open once it answers. */
async function checkNewest(context: GroupContext, store: CallStore, halves: number): Promise<void> {
  const { task, ring } = context
  const newest = largeEntries(task) + halves * halfMemtable(task) - 1
  const tally = new Tally()
  const value = store.get(ring.key(newest))
  if (value === undefined)
    throw new WrongAnswer(`${task.engine}: ${task.name}: entry ${newest} is lost`)
  tally.add(value)
  checkTally(context, task.name, tally, { count: 1, sum: newest + 1 })
}

const PIECE = 100_000

async function putRange(
  context: GroupContext,
  store: CallStore,
  from: number,
  to: number,
): Promise<void> {
  const large = { ...context, ring: new EntryRing(LARGE_VALUE_BYTES) }
  for (let start = from; start < to; start += PIECE) {
    const length = Math.min(PIECE, to - start)
    const numbers = Uint32Array.from({ length }, (_, at) => start + at)
    await putBatches(large, store, numbers, null)
  }
}
