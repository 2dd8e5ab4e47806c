/**
 * Owns the form of a workload's spec: keys, values, a load and phases. A spec is only data, so a
 * JSON file can define a workload (`README.md` shows some); every preset except YCSB's is a spec
 * too. Invariant: parsing a parsed spec changes nothing, so a spec survives being written and read.
 */

import { z } from 'zod'
import { KeyRanges } from '../distributions/key-ranges.ts'
import { keySchema, sizeSchema } from './distribution-schema.ts'

/** One less than an operation's slot holds, because a missing key is one byte longer. */
export const KEY_BYTES_MAX = 255

const weight = z.number().min(0).max(1e9)
/** Number of digits or bytes that hold any number from which a key is made: 20, 16 or 8. */
const WIDTH_MAX = { decimal: 20, hex: 16, binary: 8 } as const

const partSchema = z
  .strictObject({
    count: z
      .int()
      .min(1)
      .max(2 ** 32)
      .optional()
      .describe('this part is the record number modulo `count`; the later parts get the quotient'),
    order: z
      .enum(['ordered', 'hashed'])
      .default('ordered')
      .describe('hashed: a 64-bit hash of the number, so that neighbours are far apart'),
    encoding: z.enum(['decimal', 'hex', 'binary']).default('decimal'),
    width: z.int().min(1).max(64).describe('number of digits or bytes, with leading zeros'),
  })
  .superRefine((part, context) => {
    const needed = WIDTH_MAX[part.encoding]
    if (part.order === 'hashed' && part.width < needed) {
      context.addIssue({ code: 'custom', path: ['width'], message: `hashed needs ${needed}` })
    }
    if (part.encoding === 'binary' && part.width > WIDTH_MAX.binary) {
      context.addIssue({ code: 'custom', path: ['width'], message: 'binary has at most 8 bytes' })
    }
  })

const keysSchema = z
  .strictObject({
    prefix: z.string().max(64).default(''),
    parts: z.array(partSchema).min(1).max(8),
    bytes: z
      .int()
      .min(1)
      .max(KEY_BYTES_MAX)
      .optional()
      .describe('length of the key: padded with the digit 0, as in db_bench'),
  })
  .superRefine(({ parts }, context) => {
    if (parts.filter((part) => part.count === undefined).length !== 1) {
      context.addIssue({
        code: 'custom',
        path: ['parts'],
        message: 'expected exactly one part without a count: it takes the rest of the number',
      })
    }
  })

const orderSchema = z.union([
  z
    .enum(['ascending', 'descending', 'shuffled', 'random'])
    .describe('shuffled: each once; random: with replacement, so a third is missing'),
  z.strictObject({
    k: z.number().min(0).max(1).describe('records out of order, as a fraction'),
    l: z.number().min(0).max(1).describe('how far from their place at most, as a fraction'),
    alpha: z.number().min(0.01).max(1000).default(1),
    beta: z
      .number()
      .min(0.01)
      .max(1000)
      .default(1)
      .describe('shape of the displacement within −l … l (beta distribution)'),
  }),
])

export type LoadOrder = z.output<typeof orderSchema>

const WRITES: readonly string[] = ['insert', 'update', 'read-modify-write']

const stepSchema = z
  .strictObject({
    operation: z.enum(['read', 'update', 'insert', 'scan', 'read-modify-write', 'delete']),
    weight: z
      .union([weight, z.tuple([weight, weight])])
      .default(1)
      .describe(
        'share among the steps; a pair changes from the first to the second during the phase',
      ),
    keys: keySchema.optional().describe("default: the phase's keys; inserts make new records"),
    missing: z
      .boolean()
      .default(false)
      .describe('asks for a key that never existed: one byte longer'),
    scanLength: sizeSchema.optional().describe('entries; default 100'),
    valueBytes: sizeSchema.optional().describe("default: the spec's value size"),
  })
  .superRefine((step, context) => {
    const refuse = (name: string, message: string) =>
      context.addIssue({ code: 'custom', path: [name], message })
    const { operation } = step
    if (step.scanLength !== undefined && operation !== 'scan') refuse('scanLength', 'only of scans')
    if (step.valueBytes !== undefined && !WRITES.includes(operation)) {
      refuse('valueBytes', 'only of writes')
    }
    if (operation === 'insert' && step.keys !== undefined) {
      refuse('keys', 'inserts make new records; an update writes at keys of a distribution')
    }
    if (step.missing && operation !== 'read' && operation !== 'scan') {
      refuse('missing', 'only of reads and scans')
    }
  })

export type Step = z.output<typeof stepSchema>

/** A sin(Bt + C) + D operations per second, with t in seconds: mixgraph's `sine_a` … `sine_d`. */
const sineRateSchema = z.strictObject({
  a: z.number(),
  b: z.number(),
  c: z.number().default(0),
  d: z.number(),
})

const phaseSchema = z
  .strictObject({
    name: z.string().min(1).max(64).default('run'),
    share: z
      .number()
      .positive()
      .optional()
      .describe('share of --operations, which the phases divide by their shares; default 1'),
    operations: z
      .int()
      .min(0)
      .max(1e12)
      .optional()
      .describe('this many operations, independent of --operations'),
    perRecord: z
      .number()
      .min(0)
      .max(1e6)
      .optional()
      .describe('this many operations per record of --records'),
    keys: keySchema.prefault({ distribution: 'uniform' }),
    steps: z.array(stepSchema).min(1).max(64),
    oneDraw: z
      .boolean()
      .default(false)
      .describe(
        'one number determines kind, key and, if possible, sizes, correlated as in mixgraph',
      ),
    sineRate: sineRateSchema.optional().describe('operations a second, for an open loop'),
  })
  .superRefine((phase, context) => {
    const { share, operations, perRecord } = phase
    if ([share, operations, perRecord].filter((given) => given !== undefined).length > 1) {
      const message = 'expected one of share, operations and perRecord'
      context.addIssue({ code: 'custom', path: ['share'], message })
    }
    for (const end of [0, 1]) {
      const sum = phase.steps.reduce((total, step) => total + weightAt(step, end), 0)
      if (sum === 0) {
        context.addIssue({ code: 'custom', path: ['steps'], message: 'all weights are 0' })
        break
      }
    }
  })

export type PhaseSpec = z.output<typeof phaseSchema>

export const workloadSpecSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'letters, digits, dot, dash')
      .optional(),
    description: z.string().optional(),
    keys: keysSchema.prefault({
      prefix: 'user',
      parts: [{ order: 'hashed', encoding: 'decimal', width: WIDTH_MAX.decimal }],
    }),
    values: z
      .strictObject({
        bytes: sizeSchema.default(1000),
        compressionRatio: z
          .number()
          .min(0)
          .max(1)
          .default(1)
          .describe('target compressed ÷ raw of values; 1: random bytes'),
      })
      .prefault({}),
    load: z
      .strictObject({ order: orderSchema.default('ascending') })
      .nullable()
      .prefault({})
      .describe('null: the run starts with an empty store'),
    phases: z.array(phaseSchema).max(1000).default([]),
  })
  .superRefine((spec, context) => {
    spec.phases.forEach((phase, at) => {
      for (const [path, message] of contradictions(phase)) {
        context.addIssue({ code: 'custom', path: ['phases', at, ...path], message })
      }
    })
    for (const [path, message] of sizeContradictions(spec.values.bytes)) {
      context.addIssue({ code: 'custom', path: ['values', 'bytes', ...path], message })
    }
    if (spec.load === null && spec.phases.length === 0) {
      context.addIssue({ code: 'custom', path: ['phases'], message: 'neither load nor phases' })
    }
  })

export type WorkloadSpec = z.output<typeof workloadSpecSchema>
/** The spec as a user writes it: parameters with defaults may be left out. */
export type WorkloadSpecInput = z.input<typeof workloadSpecSchema>

export function weightAt({ weight: given }: Pick<Step, 'weight'>, progress: number): number {
  if (typeof given === 'number') return given
  return given[0] + (given[1] - given[0]) * progress
}

type Finding = readonly [path: readonly (string | number)[], message: string]

function contradictions(phase: PhaseSpec): Finding[] {
  const found: Finding[] = phase.steps.flatMap((step, at) => [
    ...keyContradictions(step.keys).map(
      ([path, message]): Finding => [['steps', at, 'keys', ...path], message],
    ),
    ...(['scanLength', 'valueBytes'] as const).flatMap((name) =>
      sizeContradictions(step[name]).map(
        ([path, message]): Finding => [['steps', at, name, ...path], message],
      ),
    ),
  ])
  return [
    ...found,
    ...keyContradictions(phase.keys).map(
      ([path, message]): Finding => [['keys', ...path], message],
    ),
  ]
}

function sizeContradictions(size: Step['valueBytes']): Finding[] {
  if (typeof size !== 'object' || size.distribution === 'discrete') return []
  return size.min > size.max ? [[['min'], 'min is above max']] : []
}

function keyContradictions(keys: Step['keys']): Finding[] {
  if (keys?.distribution !== 'key-ranges') return []
  const { slots } = new KeyRanges(keys)
  return Number.isSafeInteger(slots) && slots > 0
    ? []
    : [[[], 'these constants leave no range a chance']]
}
