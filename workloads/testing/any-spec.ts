/** Owns arbitrary valid specs for property tests: every distribution, order, part and option. */

import fc from 'fast-check'
import type { WorkloadSpecInput } from '../spec/spec-schema.ts'

type Phase = NonNullable<WorkloadSpecInput['phases']>[number]
type Keys = NonNullable<Phase['keys']>
type Step = Phase['steps'][number]
type Size = NonNullable<Step['valueBytes']>

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
const between = (min: number, max: number) => fc.double({ min, max, noNaN: true })
const theta = between(0.1, 3)
const drift = optional(between(-3, 3))
const size = fc.integer({ min: 0, max: 200 })
const bounds = { min: size, max: size.map((over) => 200 + over) }

/** Drops names without a value, as JSON does. */
const present = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  arbitrary.map((value) => JSON.parse(JSON.stringify(value)) as T)

const sizes: fc.Arbitrary<Size> = fc.oneof(
  size,
  fc.record({ distribution: fc.constant('uniform' as const), ...bounds }),
  fc.record({ distribution: fc.constant('zipfian' as const), ...bounds, theta: optional(theta) }),
  fc.record({
    distribution: fc.constant('exponential' as const),
    mean: between(1, 500),
    ...bounds,
  }),
  fc.record({
    distribution: fc.constant('normal' as const),
    mean: between(-10, 3000),
    deviation: between(0.1, 500),
    ...bounds,
  }),
  fc.record({
    distribution: fc.constant('beta' as const),
    alpha: between(0.1, 9),
    beta: between(0.1, 9),
    ...bounds,
  }),
  fc.record({
    distribution: fc.constant('pareto' as const),
    location: optional(between(-5, 50)),
    scale: between(0.1, 99),
    shape: between(-0.5, 3),
    ...bounds,
    beyond: optional(fc.constantFrom('clamp' as const, 'modulo' as const)),
  }),
  fc.record({
    distribution: fc.constant('gev' as const),
    location: between(-5, 500),
    scale: between(0.1, 99),
    shape: between(-0.5, 1),
    ...bounds,
  }),
  fc.record({
    distribution: fc.constant('discrete' as const),
    values: fc.array(fc.record({ value: size, weight: between(0.1, 9) }), { minLength: 1 }),
  }),
)

const keys: fc.Arbitrary<Keys> = fc.oneof(
  fc.record({
    distribution: fc.constantFrom('uniform' as const, 'shuffled' as const, 'oldest' as const),
  }),
  fc.record({
    distribution: fc.constant('sequential' as const),
    step: optional(fc.integer({ min: 1, max: 99 })),
  }),
  fc.record({
    distribution: fc.constantFrom('zipfian' as const, 'scrambled' as const),
    theta: optional(theta),
    drift,
  }),
  fc.record({ distribution: fc.constant('latest' as const), theta: optional(theta) }),
  fc.record({
    distribution: fc.constant('hotspot' as const),
    drift,
    dataFraction: optional(between(0.01, 1)),
    operationFraction: optional(between(0, 1)),
  }),
  fc.record({
    distribution: fc.constant('exponential' as const),
    percentile: between(1, 99),
    fraction: between(0.01, 2),
  }),
  fc.record({
    distribution: fc.constant('normal' as const),
    mean: optional(between(0, 1)),
    deviation: optional(between(0.01, 1)),
    drift,
  }),
  fc.record({
    distribution: fc.constant('beta' as const),
    alpha: between(0.1, 9),
    beta: between(0.1, 9),
    drift,
  }),
  fc.record({
    distribution: fc.constant('pareto' as const),
    shape: optional(between(0.1, 9)),
    drift,
  }),
  fc.record({
    distribution: fc.constant('power' as const),
    a: between(0.001, 0.9),
    b: between(0.1, 0.9),
  }),
  fc.record({
    distribution: fc.constant('key-ranges' as const),
    ranges: fc.integer({ min: 1, max: 40 }),
    a: between(0.1, 20),
    b: between(-3, 0),
    c: between(0, 1),
    d: between(-1, 0),
    keyA: optional(between(0, 0.9)),
    keyB: optional(between(0.1, 0.9)),
  }),
)

const weight = fc.oneof(
  between(0.1, 9),
  fc.tuple(between(0.1, 9), between(0.1, 9)) as fc.Arbitrary<[number, number]>,
)

const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    operation: fc.constant('read' as const),
    weight: optional(weight),
    keys: optional(keys),
    missing: optional(fc.boolean()),
  }),
  fc.record({
    operation: fc.constant('scan' as const),
    weight: optional(weight),
    keys: optional(keys),
    scanLength: optional(sizes),
  }),
  fc.record({ operation: fc.constant('delete' as const), keys: optional(keys) }),
  fc.record({ operation: fc.constant('insert' as const), valueBytes: optional(sizes) }),
  fc.record({
    operation: fc.constantFrom('update' as const, 'read-modify-write' as const),
    weight: optional(weight),
    keys: optional(keys),
    valueBytes: optional(sizes),
  }),
)

const length = fc.oneof(
  fc.record({ share: optional(between(0.1, 9)) }),
  fc.record({ operations: fc.nat({ max: 60 }) }),
  fc.record({ perRecord: between(0, 2) }),
)

const phases: fc.Arbitrary<Phase> = fc
  .tuple(
    length,
    fc.record({
      name: optional(fc.constantFrom('run', 'warm')),
      keys: optional(keys),
      steps: fc.array(steps, { minLength: 1, maxLength: 4 }),
      oneDraw: optional(fc.boolean()),
      sineRate: optional(fc.record({ a: between(1, 9), b: between(0, 1), d: between(10, 99) })),
    }),
  )
  .map(([some, rest]) => ({ ...some, ...rest }))

const order = fc.oneof(
  fc.constantFrom(
    'ascending' as const,
    'descending' as const,
    'shuffled' as const,
    'random' as const,
  ),
  fc.record({ k: between(0, 1), l: between(0, 1), alpha: optional(between(0.5, 5)) }),
)

const keyFormat = fc.constantFrom<WorkloadSpecInput['keys']>(
  undefined,
  { prefix: 'k', parts: [{ width: 9 }] },
  { parts: [{ encoding: 'binary', width: 8 }], bytes: 16 },
  {
    parts: [
      { count: 9, width: 3 },
      { order: 'hashed', encoding: 'hex', width: 16 },
    ],
  },
)

export const anySpec: fc.Arbitrary<WorkloadSpecInput> = present(
  fc.record({
    name: optional(fc.constant('mine')),
    keys: keyFormat,
    values: optional(
      fc.record({ bytes: optional(sizes), compressionRatio: optional(between(0, 1)) }),
    ),
    load: optional(fc.option(fc.record({ order: optional(order) }))),
    phases: fc.array(phases, { minLength: 1, maxLength: 3 }),
  }),
)
