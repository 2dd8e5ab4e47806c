/**
 * Owns the shape of a suite's result, version 1: its runs with their figures, and its claims, each
 * with the measured value, the expected value, the tolerance, and the source of the expectation.
 * The schema refuses a verdict that the claim's own figures contradict.
 */

import { z } from 'zod'
import { bytes, name } from './fields.ts'
import { environmentSchema } from './schema.ts'

export const SUITE_SCHEMA_VERSION = 1

export const SUITE_SCALES = ['smoke', 'full'] as const
export type SuiteScale = (typeof SUITE_SCALES)[number]

const figure = z.union([z.number(), z.string()]).nullable()

const run = z.strictObject({
  /** Unique within the suite. */
  name,
  params: z.record(z.string(), z.json()),
  /** By name, with the unit last. A text is a digest or a shape. */
  figures: z.record(z.string(), figure),
  /** Samples during the run, if the suite takes any. */
  series: z.array(z.record(z.string(), z.number())),
  wallSeconds: z.number().nonnegative(),
})

const claim = z
  .strictObject({
    name,
    held: z.boolean(),
    measured: z.union([z.number(), z.string()]),
    expected: z.union([z.number(), z.string()]),
    /**
     * 'equal': the same value; 'within': ± tolerance · expected; 'at-most': not more than expected.
     */
    relation: z.enum(['equal', 'within', 'at-most']),
    /** A share of the expected value; 0 unless the relation is 'within'. */
    tolerance: z.number().nonnegative(),
    /** Where the expectation comes from. */
    source: name,
  })
  .refine((line) => line.held === isHeld(line), {
    path: ['held'],
    error: 'expected what the figures say',
  })

export const suiteResultSchema = z.strictObject({
  schemaVersion: z.literal(SUITE_SCHEMA_VERSION),
  suite: name,
  scale: z.enum(SUITE_SCALES),
  /** The arguments that reproduce it. */
  command: z.array(z.string()).min(1),
  environment: environmentSchema,
  runs: z.array(run),
  claims: z.array(claim).min(1),
  wallSeconds: z.number().nonnegative(),
  peakRssBytes: bytes,
})

export type SuiteResult = z.infer<typeof suiteResultSchema>
export type SuiteRun = SuiteResult['runs'][number]
export type Claim = SuiteResult['claims'][number]

/** Whether the figures of a claim support it. */
export function isHeld(line: {
  readonly measured: number | string
  readonly expected: number | string
  readonly relation: 'equal' | 'within' | 'at-most'
  readonly tolerance: number
}): boolean {
  const { measured, expected, relation, tolerance } = line
  if (relation === 'equal') return measured === expected
  if (typeof measured !== 'number' || typeof expected !== 'number') return false
  if (relation === 'at-most') return measured <= expected
  return Math.abs(measured - expected) <= tolerance * Math.abs(expected)
}
