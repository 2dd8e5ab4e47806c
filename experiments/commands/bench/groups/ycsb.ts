/**
 * Owns YCSB's workloads in the races, in the order that its authors advise (A, B, C, F, D, E), on a
 * copy of the loaded folder. Operations are those of our generators; their keys and values have the
 * sizes of the race. They are drawn before they are measured. Reads and single writes are each
 * store's fastest calls.
 */
import type { RaceBenchmark } from '../../../../results/race-schema.ts'
import { OPERATION_KIND, Operation, WORKLOADS } from '../../../../workloads/index.ts'
import { type CallStore, Tally } from '../../../targets/peers/calls/call-store.ts'
import { type EntryRing, Holdings, VALUE_BYTES } from '../entries.ts'
import {
  checkTally,
  type GroupContext,
  type GroupFigure,
  isWanted,
  openStore,
  rateOf,
  settle,
} from '../group.ts'
import { warmUp } from './reads.ts'
import { heldWhenLoaded } from './writes.ts'

const ORDER = ['ycsb-a', 'ycsb-b', 'ycsb-c', 'ycsb-f', 'ycsb-d', 'ycsb-e'] as const

/** Operations as columns. */
interface Drawn {
  readonly kinds: Uint8Array
  readonly keys: Uint32Array
  readonly scanLengths: Uint32Array
  /** Tags of writes. */
  readonly tags: Uint32Array
  /** The values that all reads and scans together must return. */
  readonly expected: { count: number; sum: number }
}

export async function runYcsb(context: GroupContext): Promise<readonly GroupFigure[]> {
  const { entries } = context.task.size
  const count = Math.max(Math.ceil(entries / 6), 50)
  const store = await openStore(context)
  await warmUp(context, store)
  // Each workload that inserts adds at most as many records as it has operations.
  const held = new Holdings(entries + ORDER.length * count)
  held.tags.set(heldWhenLoaded(entries).tags)
  const figures: GroupFigure[] = []
  let records = entries
  for (const [index, benchmark] of ORDER.entries()) {
    if (!isWanted(context, benchmark)) continue
    const firstTag = 1 + entries + index * count
    const drawn = draw(context, benchmark, records, count, held, firstTag)
    while (held.tags[records] !== 0) records++
    const tally = new Tally()
    const value = await rateOf(count, () => drive(store, context.ring, drawn, tally))
    checkTally(context, benchmark, tally, drawn.expected)
    figures.push({ benchmark, value, workLeft: await settle(context, store) })
  }
  await store.close()
  return figures
}

/** Draws the operations, and does them on `held`. */
function draw(
  { task }: GroupContext,
  name: RaceBenchmark,
  records: number,
  count: number,
  held: Holdings,
  firstTag: number,
): Drawn {
  const { seed, round } = task
  const workload = WORKLOADS.get(name)!.create(
    {},
    { records, operations: count, seed, repeat: round, valueBytes: VALUE_BYTES },
  )
  const operation = new Operation()
  while (workload.load.next(operation)) workload.load.acknowledge(operation)
  const stream = workload.phases[0]!.stream
  const drawn: Drawn = {
    kinds: new Uint8Array(count),
    keys: new Uint32Array(count),
    scanLengths: new Uint32Array(count),
    tags: new Uint32Array(count),
    expected: { count: 0, sum: 0 },
  }
  const { expected } = drawn
  for (let at = 0; at < count && stream.next(operation); at++) {
    const { kind, keyNumber, scanLength } = operation
    drawn.kinds[at] = kind
    drawn.keys[at] = keyNumber
    drawn.scanLengths[at] = scanLength
    drawn.tags[at] = firstTag + at
    if (kind === OPERATION_KIND.scan) {
      const { count: found, sum } = held.total(keyNumber, scanLength)
      expected.count += found
      expected.sum += sum
    } else if (kind === OPERATION_KIND.read || kind === OPERATION_KIND.readModifyWrite) {
      expected.count++
      expected.sum += held.tags[keyNumber]!
    }
    if (isWrite(kind)) held.tags[keyNumber] = firstTag + at
    stream.acknowledge(operation)
  }
  return drawn
}

function isWrite(kind: number): boolean {
  return kind !== OPERATION_KIND.read && kind !== OPERATION_KIND.scan
}

async function drive(
  store: CallStore,
  ring: EntryRing,
  { kinds, keys, scanLengths, tags }: Drawn,
  tally: Tally,
): Promise<void> {
  const { putNow } = store
  for (let at = 0; at < kinds.length; at++) {
    const kind = kinds[at]!
    const key = ring.key(keys[at]!)
    if (kind === OPERATION_KIND.scan) {
      const pending = store.seek(key, scanLengths[at]!, tally)
      if (pending instanceof Promise) await pending
      continue
    }
    if (kind === OPERATION_KIND.read || kind === OPERATION_KIND.readModifyWrite) {
      const value = store.get(key)
      if (value !== undefined) tally.add(value)
      if (kind === OPERATION_KIND.read) continue
    }
    if (putNow !== null) putNow(key, ring.value(tags[at]!))
    else await store.put(key, ring.value(tags[at]!))
  }
}
