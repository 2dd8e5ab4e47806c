import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  OPERATION_KIND,
  OPERATION_KIND_NAMES,
  Operation,
  type OperationStream,
} from '../operation.ts'
import { anySpec } from '../testing/any-spec.ts'
import { specDefinition } from './spec-definition.ts'
import { type WorkloadSpecInput, workloadSpecSchema } from './spec-schema.ts'
import { createSpecWorkload } from './spec-workload.ts'

const SIZE = { records: 60, operations: 120 }

const create = (spec: WorkloadSpecInput, size = SIZE, seed = 42) =>
  createSpecWorkload(workloadSpecSchema.parse(spec), size, seed)

interface Seen {
  readonly kind: string
  readonly key: string
  readonly number: number
  readonly scanLength: number
  readonly valueLength: number
  readonly value: string
}

function drain(stream: OperationStream, values = true): Seen[] {
  const operation = new Operation()
  const seen: Seen[] = []
  while (stream.next(operation)) {
    seen.push({
      kind: OPERATION_KIND_NAMES[operation.kind],
      key: String.fromCharCode(...operation.key),
      number: operation.keyNumber,
      scanLength: operation.scanLength,
      valueLength: operation.valueLength,
      value: values ? String.fromCharCode(...stream.value(operation)) : '',
    })
    stream.acknowledge(operation)
  }
  return seen
}

const all = ({ load, phases }: ReturnType<typeof create>, values = true) =>
  [load, ...phases.map(({ stream }) => stream)].map((stream) => drain(stream, values))

describe('any spec', () => {
  test('is unchanged by writing and reading it as JSON, and makes the same stream', () => {
    fc.assert(
      fc.property(anySpec, fc.nat(), (input, seed) => {
        const spec = workloadSpecSchema.parse(input)
        const again = workloadSpecSchema.parse(JSON.parse(JSON.stringify(spec)))
        expect(again).toEqual(spec)
        const first = all(createSpecWorkload(spec, SIZE, seed))
        expect(all(createSpecWorkload(again, SIZE, seed))).toEqual(first)
      }),
      { numRuns: 60 },
    )
  })

  test('holds the reported number of operations, on records that may exist, with its sizes', () => {
    fc.assert(
      fc.property(anySpec, (input) => {
        const { load, phases } = create(input)
        const loaded = drain(load)
        expect(loaded).toHaveLength(load.expected)
        expect(loaded).toHaveLength(input.load === null ? 0 : SIZE.records)
        let records = SIZE.records
        for (const { stream } of phases) {
          const seen = drain(stream)
          expect(seen).toHaveLength(stream.expected)
          for (const { kind, number, valueLength, value, scanLength } of seen) {
            if (kind === 'insert') records++
            expect(number).toBeLessThan(records)
            expect(value).toHaveLength(valueLength)
            expect(scanLength > 0).toBe(kind === 'scan')
          }
        }
      }),
      { numRuns: 40 },
    )
  })

  test('does not depend on whether values are made or earlier phases are consumed', () => {
    fc.assert(
      fc.property(anySpec, (input) => {
        const bare = (seen: Seen[]) => seen.map((operation) => ({ ...operation, value: '' }))
        expect(all(create(input), false)).toEqual(all(create(input)).map(bare))
        const last = create(input).phases.at(-1)!
        expect(drain(last.stream)).toEqual(all(create(input)).at(-1))
      }),
      { numRuns: 20 },
    )
  })

  test('is a workload in which every number is a parameter named by its path', () => {
    fc.assert(
      fc.property(anySpec, (input) => {
        const definition = specDefinition(input, 'mine')
        const context = { ...SIZE, seed: 1, repeat: 0 }
        const whole = definition.parse({})
        expect(specDefinition(whole, 'mine').parse({})).toEqual(whole)
        const changed = definition.parse({ 'values.compressionRatio': 0.125 })
        expect(changed).toMatchObject({ values: { compressionRatio: 0.125 } })
        expect(drain(definition.create({}, context).phases[0]!.stream)).toEqual(
          drain(specDefinition(whole, 'mine').create({}, context).phases[0]!.stream),
        )
      }),
      { numRuns: 15 },
    )
  })
})

describe('the load', () => {
  const numbers = (order: NonNullable<WorkloadSpecInput['load']>['order']) =>
    drain(create({ load: { order }, phases: [] }).load).map(({ number }) => number)
  const ascending = Array.from({ length: SIZE.records }, (_, at) => at)

  test("loads each record once, in the spec's order", () => {
    expect(numbers('ascending')).toEqual(ascending)
    expect(numbers('descending')).toEqual(ascending.toReversed())
    for (const order of ['shuffled' as const, { k: 0.5, l: 0.5 }]) {
      expect(numbers(order)).not.toEqual(ascending)
      expect(numbers(order).toSorted((a, b) => a - b)).toEqual(ascending)
    }
  })

  test('in random order leaves records out, as fillrandom does', () => {
    const distinct = new Set(numbers('random')).size / SIZE.records
    expect(distinct).toBeGreaterThan(0.5)
    expect(distinct).toBeLessThan(0.75)
  })
})

describe('phases', () => {
  test('divide all operations by their shares', () => {
    const steps = [{ operation: 'read' as const }]
    const phases = [
      { steps },
      { steps, share: 3 },
      { steps, operations: 7 },
      { steps, perRecord: 0.5 },
      { steps, share: 0.7 },
    ]
    const lengths = (operations: number) =>
      create({ phases }, { records: 60, operations }).phases.map(({ stream }) => stream.expected)
    expect(lengths(470)).toEqual([100, 300, 7, 30, 70])
    for (let operations = 0; operations < 60; operations++) {
      const [a, b, , , c] = lengths(operations)
      expect(a! + b! + c!).toBe(operations)
    }
  })

  test('weights change from one mix to another', () => {
    const steps = [
      { operation: 'read' as const, weight: [1, 0] as [number, number] },
      { operation: 'update' as const, weight: [0, 1] as [number, number] },
    ]
    const { phases } = create({ phases: [{ steps }] }, { records: 60, operations: 4000 })
    const kinds = drain(phases[0]!.stream, false).map(({ kind }) => kind)
    const reads = (quarter: number) =>
      kinds.slice(quarter * 1000, (quarter + 1) * 1000).filter((kind) => kind === 'read').length
    expect([0, 1, 2, 3].map((quarter) => Math.round(reads(quarter) / 100))).toEqual([9, 6, 4, 1])
  })

  test('an inserted record may be drawn only after it is acknowledged', () => {
    const spec: WorkloadSpecInput = {
      phases: [
        { steps: [{ operation: 'insert' }] },
        { keys: { distribution: 'latest', theta: 20 }, steps: [{ operation: 'read' }] },
      ],
    }
    const newest = (acknowledged: number) => {
      const { phases } = create(spec)
      const slot = new Operation()
      for (let i = 0; i < 10; i++) {
        phases[0]!.stream.next(slot)
        if (i < acknowledged) phases[0]!.stream.acknowledge(slot)
      }
      while (phases[0]!.stream.next(slot)) {}
      phases[1]!.stream.next(slot)
      return slot.keyNumber
    }
    expect(newest(0)).toBe(SIZE.records - 1)
    expect(newest(4)).toBe(SIZE.records + 3)
  })

  test('a queue is first in, first out', () => {
    const spec: WorkloadSpecInput = {
      phases: [
        {
          keys: { distribution: 'oldest' },
          steps: [{ operation: 'insert' }, { operation: 'delete' }, { operation: 'read' }],
        },
      ],
    }
    const [, run] = all(create(spec))
    const taken = run!.filter(({ kind }) => kind === 'delete').map(({ number }) => number)
    expect(taken).toEqual(taken.map((_, at) => at))
    let head = 0
    for (const { kind, number } of run!) {
      if (kind === 'read') expect(number).toBe(head)
      if (kind === 'delete') head++
    }
  })

  test('one draw determines kind, key and size together', () => {
    const spec = (oneDraw: boolean): WorkloadSpecInput => ({
      keys: { parts: [{ width: 9 }] },
      phases: [
        {
          oneDraw,
          steps: [
            { operation: 'update', valueBytes: { distribution: 'uniform', min: 0, max: 999 } },
          ],
        },
      ],
    })
    const isTied = ({ number, valueLength }: Seen) =>
      valueLength === Math.floor((number / 60) * 1000)
    expect(all(create(spec(true)))[1]!.every(isTied)).toBe(true)
    expect(all(create(spec(false)))[1]!.filter(isTied).length).toBeLessThan(5)
  })

  test('missing keys are between existing keys, and never equal one', () => {
    const spec: WorkloadSpecInput = {
      phases: [
        {
          steps: [
            { operation: 'read', missing: true },
            { operation: 'scan', missing: true },
          ],
        },
      ],
    }
    const [loaded, run] = all(create(spec))
    const keys = loaded!.map(({ key }) => key)
    for (const { key } of run!) {
      expect(keys).not.toContain(key)
      expect(keys).toContain(key.slice(0, -1))
    }
  })
})

test('values compress as the spec asks, and each write has a different one', () => {
  const [loaded] = all(create({ values: { bytes: 100, compressionRatio: 0.5 } }))
  expect(new Set(loaded!.map(({ value }) => value)).size).toBe(SIZE.records)
  expect(loaded![0]!.value.slice(0, 40)).toBe(loaded![0]!.value.slice(45, 85))
})

test('the kinds are the operation kinds', () => {
  const operation =
    workloadSpecSchema.shape.phases.unwrap().element.shape.steps.element.shape.operation
  expect([...operation.options].sort()).toEqual([...OPERATION_KIND_NAMES].sort())
  expect(Object.keys(OPERATION_KIND)).toHaveLength(OPERATION_KIND_NAMES.length)
})
