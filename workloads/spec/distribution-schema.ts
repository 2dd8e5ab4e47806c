/**
 * Owns the vocabulary of distributions in a workload's spec. Distributions of sizes (bytes of a
 * value, entries of a scan) give whole numbers between two bounds. Distributions of keys choose
 * among the existing records. The names are those of the literature; each description says what the
 * numbers mean.
 */

import { z } from 'zod'

const SIZE_MAX = 2 ** 30
const positive = z.number().positive().max(1e12)
const real = z.number().min(-1e12).max(1e12)
const size = z.int().min(0).max(SIZE_MAX)
const fraction = z.number().min(0).max(1)
/** If it were steeper, the second item would be drawn less than once in 10^6 times. */
const theta = z.number().positive().max(20)
/**
 * A width on either side of a centre, or a shape of a beta. Values outside these bounds are
 * refused.
 */
const shape = z.number().min(0.01).max(1000)

const bounds = {
  min: size.default(0).describe('smaller numbers become this'),
  max: size.describe('larger numbers become this'),
}

/**
 * A number, or one of these distributions, whose values are rounded to the nearest whole number.
 */
export const sizeSchema = z.union([
  size,
  z.discriminatedUnion('distribution', [
    z.strictObject({ distribution: z.literal('uniform'), min: size, max: size }),
    z.strictObject({
      distribution: z.literal('zipfian').describe('`min` is the most popular'),
      min: size,
      max: size,
      theta: theta.default(0.99),
    }),
    z.strictObject({ distribution: z.literal('exponential'), mean: positive, ...bounds }),
    z.strictObject({
      distribution: z.literal('normal'),
      mean: real,
      deviation: positive,
      ...bounds,
    }),
    z.strictObject({
      distribution: z.literal('beta').describe('stretched over min … max'),
      alpha: shape,
      beta: shape,
      min: size,
      max: size,
    }),
    z.strictObject({
      distribution: z.literal('pareto').describe('generalised Pareto, rounded up'),
      location: real.default(0),
      scale: positive,
      shape: real,
      ...bounds,
      beyond: z
        .enum(['clamp', 'modulo'])
        .default('clamp')
        .describe('modulo: larger numbers become their remainder modulo `max`, as in mixgraph'),
    }),
    z.strictObject({
      distribution: z.literal('gev').describe('generalised extreme value, rounded up'),
      location: real,
      scale: positive,
      shape: real,
      ...bounds,
    }),
    z.strictObject({
      distribution: z.literal('discrete'),
      values: z.array(z.strictObject({ value: size, weight: positive })).min(1),
    }),
  ]),
])

export type SizeDistribution = z.output<typeof sizeSchema>

const drift = z
  .number()
  .min(-1000)
  .max(1000)
  .default(0)
  .describe('turns of the whole key space that the popular keys travel during the phase')

export const keySchema = z.discriminatedUnion('distribution', [
  z.strictObject({ distribution: z.literal('uniform') }),
  z.strictObject({
    distribution: z
      .literal('sequential')
      .describe('one record after another, then from the start again'),
    step: z.int().min(1).max(1e9).default(1),
  }),
  z.strictObject({
    distribution: z.literal('shuffled').describe('each record once, in random order, and again'),
  }),
  z.strictObject({
    distribution: z.literal('zipfian').describe('record 0 is the most popular'),
    theta: theta.default(0.99),
    drift,
  }),
  z.strictObject({
    distribution: z
      .literal('scrambled')
      .describe('Zipfian, with ranks scattered over the records that exist when the phase starts'),
    theta: theta.default(0.99),
    drift,
  }),
  z.strictObject({
    distribution: z.literal('latest').describe('Zipfian, counted back from the newest record'),
    theta: theta.default(0.99),
  }),
  z.strictObject({
    distribution: z
      .literal('hotspot')
      .describe('uniform within a hot part, and uniform outside it'),
    dataFraction: z.number().gt(0).max(1).default(0.2),
    operationFraction: fraction.default(0.8),
    drift,
  }),
  z.strictObject({
    distribution: z
      .literal('exponential')
      .describe(
        'counted back from the newest: `percentile` % fall in the newest `fraction` of all',
      ),
    percentile: z.number().gt(0).lt(100).default(95),
    fraction: z.number().gt(0).max(1000).default(0.8571428571),
  }),
  z.strictObject({
    distribution: z.literal('normal').describe('both as fractions of the key space'),
    mean: fraction.default(0.5),
    deviation: z.number().min(1e-9).max(10).default(0.1),
    drift,
  }),
  z.strictObject({
    distribution: z.literal('beta').describe('stretched over the key space'),
    alpha: shape,
    beta: shape,
    drift,
  }),
  z.strictObject({
    distribution: z.literal('pareto').describe('record 0 is the most popular; shape 1.16 is 80/20'),
    shape: z.number().min(0.01).max(100).default(1.16),
    drift,
  }),
  z.strictObject({
    distribution: z
      .literal('power')
      .describe('mixgraph: accesses of the x hottest keys are a·x^b of all'),
    a: positive,
    b: positive,
  }),
  z.strictObject({
    distribution: z
      .literal('key-ranges')
      .describe('mixgraph: range x as hot as a·e^(bx) + c·e^(dx), in it a power law (0: uniform)'),
    ranges: z.int().min(1).max(1_000_000),
    a: real,
    b: real,
    c: real,
    d: real,
    keyA: z.number().min(0).default(0),
    keyB: z.number().min(0).default(0),
  }),
  z.strictObject({
    distribution: z
      .literal('oldest')
      .describe(
        'the first record that no operation with this distribution has deleted: the head of a queue',
      ),
  }),
])

export type KeyDistribution = z.output<typeof keySchema>
