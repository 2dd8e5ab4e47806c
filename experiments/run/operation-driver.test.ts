import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Database, Ledger, ManualClock, MemoryStorage, systemClock } from '../../engine/index.ts'
import { STRATEGIES } from '../../strategies/index.ts'
import {
  ALL_FIELDS,
  encodeRecord,
  mergeField,
  OPERATION_KIND,
  type Operation,
  type OperationKind,
  type OperationStream,
} from '../../workloads/index.ts'
import { AnswerOracle } from '../measure/answer-oracle.ts'
import { LiveSizes } from '../measure/live-sizes.ts'
import { VarveTarget } from '../targets/varve-target.ts'
import { OperationDriver } from './operation-driver.ts'
import { LONG_SCAN_ENTRIES_MIN } from './operation-effects.ts'

const text = (value: string) => new TextEncoder().encode(value)
const keyOf = (keyNumber: number) => text(`key${String(keyNumber * 7919).padStart(8, '0')}`)
const fieldNames = [text('a'), text('b')]

interface Step {
  readonly kind: OperationKind
  readonly keyNumber: number
  readonly scanLength?: number
  /** Field of a write; ALL_FIELDS: `value` is a whole record. */
  readonly fieldIndex?: number
  readonly valueBytes?: number
}

/** A stream that plays `steps`; a value repeats one byte that depends on the step. */
function scripted(steps: readonly Step[]): OperationStream {
  let at = -1
  return {
    expected: steps.length,
    fieldNames,
    next(operation) {
      const step = steps[++at]
      if (step === undefined) return false
      const key = keyOf(step.keyNumber)
      operation.keyBuffer.set(key)
      operation.setKeyLength(key.length)
      operation.kind = step.kind
      operation.keyNumber = step.keyNumber
      operation.scanLength = step.scanLength ?? 0
      operation.fieldIndex = step.fieldIndex ?? ALL_FIELDS
      operation.valueLength = valueAt(steps, at).length
      return true
    },
    acknowledge() {},
    writeValue(_: Operation, target, offset = 0) {
      const value = valueAt(steps, at)
      target.set(value, offset)
      return value.length
    },
    value: () => valueAt(steps, at),
  }
}

function valueAt(steps: readonly Step[], at: number): Uint8Array {
  const { kind, fieldIndex = ALL_FIELDS, valueBytes = 0 } = steps[at]!
  const bare = new Uint8Array(valueBytes).fill(at)
  if (kind !== OPERATION_KIND.insert && fieldIndex !== ALL_FIELDS) return bare
  if (kind === OPERATION_KIND.read || kind >= OPERATION_KIND.delete) return new Uint8Array(0)
  if (kind === OPERATION_KIND.scan) return new Uint8Array(0)
  return encodeRecord(fieldNames.map((name) => ({ name, value: bare })))
}

/** What the database must hold after `steps`, by key number. */
function shadowOf(steps: readonly Step[]): Map<number, Uint8Array> {
  const shadow = new Map<number, Uint8Array>()
  for (const [at, { kind, keyNumber, fieldIndex = ALL_FIELDS }] of steps.entries()) {
    if (kind === OPERATION_KIND.read || kind === OPERATION_KIND.scan) continue
    if (kind === OPERATION_KIND.delete) shadow.delete(keyNumber)
    else if (kind === OPERATION_KIND.insert || fieldIndex === ALL_FIELDS) {
      shadow.set(keyNumber, valueAt(steps, at))
    } else {
      const known = shadow.get(keyNumber)
      if (known === undefined) continue
      shadow.set(keyNumber, mergeField(known, fieldNames[fieldIndex]!, valueAt(steps, at)))
    }
  }
  return shadow
}

function play(steps: readonly Step[]) {
  const ledger = new Ledger()
  const storage = new MemoryStorage(ledger)
  const logicalClock = new ManualClock(1000)
  const strategy = STRATEGIES.get('leveling')!.create()
  const target = new VarveTarget({
    storage,
    ledger,
    folder: 'db',
    strategy,
    strategyParameters: null,
    engineOptions: { memtableBytes: 4096 },
    clock: logicalClock,
    seed: 1,
    onEvent() {},
  })
  const answers = new AnswerOracle({ expectedRecords: 1 })
  const driver = new OperationDriver({
    target,
    logicalClock,
    timer: systemClock,
    liveSizes: new LiveSizes(1),
    answers,
  })
  expect(driver.step(scripted(steps), Number.POSITIVE_INFINITY, null)).toBe('ended')
  const reopen = () => {
    target.close()
    return Database.open({ storage, folder: 'db', strategy })
  }
  const checkAll = async () => {
    await answers.checkAll(target, steps.length)
    return answers.figures()
  }
  return { driver, target, reopen, checkAll }
}

const kinds = Object.values(OPERATION_KIND)
const stepArbitrary: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(...kinds),
  keyNumber: fc.nat(40),
  scanLength: fc.nat(100),
  fieldIndex: fc.constantFrom(ALL_FIELDS, 0, 1),
  valueBytes: fc.nat(300),
})

test('after any operations database, map and oracles agree', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(stepArbitrary, { maxLength: 300, size: 'max' }), async (steps) => {
      const { driver, reopen, checkAll } = play(steps)
      const shadow = shadowOf(steps)
      const { wrong, gets, entries } = await checkAll()
      const reads = ['getHit', 'getMiss', 'updateRead'] as const
      const all = reads.reduce((sum, kind) => sum + driver.reads[kind].figures().operations, 0)
      const twice = steps.filter(
        ({ kind, fieldIndex = ALL_FIELDS }) =>
          kind === OPERATION_KIND.readModifyWrite && fieldIndex !== ALL_FIELDS,
      )
      expect({ wrong, gets }).toEqual({ wrong: 0, gets: all - twice.length })
      expect(entries).toBeGreaterThanOrEqual(shadow.size)
      using database = reopen()
      const expected = [...shadow]
        .map(([keyNumber, value]) => [keyOf(keyNumber), value] as const)
        .sort(([a], [b]) => Buffer.compare(a, b))
      expect([...database.scan()]).toEqual(expected)
      const bytes = expected.reduce((sum, [key, value]) => sum + key.length + value.length, 0)
      expect(driver.liveSizes.liveBytes).toBe(bytes)
      expect(driver.liveSizes.liveRecords).toBe(shadow.size)
    }),
    { numRuns: 40 },
  )
})

test('reads are counted by their outcome', () => {
  const insert = (keyNumber: number): Step => ({
    kind: OPERATION_KIND.insert,
    keyNumber,
    valueBytes: 100,
  })
  const { driver, target } = play([
    ...Array.from({ length: 200 }, (_, keyNumber) => insert(keyNumber)),
    { kind: OPERATION_KIND.read, keyNumber: 3 },
    { kind: OPERATION_KIND.read, keyNumber: 999 },
    { kind: OPERATION_KIND.update, keyNumber: 4, fieldIndex: 1, valueBytes: 50 },
    { kind: OPERATION_KIND.update, keyNumber: 5, valueBytes: 50 },
    { kind: OPERATION_KIND.readModifyWrite, keyNumber: 6, fieldIndex: 0, valueBytes: 50 },
    { kind: OPERATION_KIND.scan, keyNumber: 0, scanLength: LONG_SCAN_ENTRIES_MIN - 1 },
    { kind: OPERATION_KIND.scan, keyNumber: 0, scanLength: LONG_SCAN_ENTRIES_MIN },
  ])
  const operations = (['getHit', 'getMiss', 'updateRead', 'shortScan', 'longScan'] as const).map(
    (account) => [account, driver.reads[account].figures().operations],
  )
  // A read-modify-write reads once for itself and once for its update.
  expect(operations).toEqual([
    ['getHit', 2],
    ['getMiss', 1],
    ['updateRead', 2],
    ['shortScan', 1],
    ['longScan', 1],
  ])
  const entryBytes = keyOf(0).length + 2 * (9 + 100)
  expect(driver.reads.getHit.figures().bytesReturned).toBe(2 * entryBytes)
  expect(driver.reads.getMiss.figures().bytesReturned).toBe(0)
  // Keys 4, 5 and 6 lost 50 bytes a field that was updated.
  const scanned = LONG_SCAN_ENTRIES_MIN * entryBytes - 4 * 50
  expect(driver.reads.longScan.figures().bytesReturned).toBe(scanned)
  const probed = [driver.reads.getHit, driver.reads.getMiss, driver.reads.updateRead].map(
    (tally) => tally.figures().runsProbed,
  )
  expect(probed.reduce((sum, runs) => sum + runs, 0)).toBe(target.getCounters.runsProbed)
  target.close()
})
