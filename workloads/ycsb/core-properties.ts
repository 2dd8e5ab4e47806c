/**
 * Owns YCSB's vocabulary: the properties of its `CoreWorkload` that shape a stream, by its own
 * names and with its own defaults (YCSB 0.17.0 `CoreWorkload.java`). Left out are those that shape
 * no stream on one client (`table`, `insertstart`, `insertcount`, retries), `dataintegrity` (the
 * runner has an oracle) and field lengths from a histogram file.
 *
 * Values may be strings, as flags and property files give them.
 */

import { z } from 'zod'

const KEY_DIGITS_MAX = 240

const fromText = (value: unknown) =>
  typeof value === 'string' && value.trim() !== '' ? Number(value) : value
const number = (schema: z.ZodNumber) => z.preprocess(fromText, schema)
const integer = (min: number, max: number) => number(z.int().min(min).max(max))
const fraction = number(z.number().min(0).max(1))
const weight = number(z.number().min(0))
const flag = z.preprocess(
  (value) => (value === 'true' ? true : value === 'false' ? false : value),
  z.boolean(),
)

export const corePropertiesSchema = z.strictObject({
  fieldcount: integer(1, 10_000).default(10),
  fieldlength: integer(0, 2 ** 30).default(100),
  minfieldlength: integer(0, 2 ** 30).default(1),
  fieldlengthdistribution: z.enum(['constant', 'uniform', 'zipfian']).default('constant'),
  fieldnameprefix: z.string().default('field'),
  readallfields: flag.default(true),
  writeallfields: flag.default(false),
  readproportion: weight.default(0.95),
  updateproportion: weight.default(0.05),
  insertproportion: weight.default(0),
  scanproportion: weight.default(0),
  readmodifywriteproportion: weight.default(0),
  requestdistribution: z
    .enum(['uniform', 'zipfian', 'latest', 'hotspot', 'exponential', 'sequential'])
    .default('uniform'),
  minscanlength: integer(1, 1e9).default(1),
  maxscanlength: integer(1, 1e9).default(1000),
  scanlengthdistribution: z.enum(['uniform', 'zipfian']).default('uniform'),
  insertorder: z.enum(['hashed', 'ordered']).default('hashed'),
  zeropadding: integer(0, KEY_DIGITS_MAX).default(1),
  hotspotdatafraction: fraction.default(0.2),
  hotspotopnfraction: fraction.default(0.8),
  'exponential.percentile': number(z.number().gt(0).lt(100)).default(95),
  'exponential.frac': number(z.number().gt(0)).default(0.8571428571),
})

export type CoreProperties = z.output<typeof corePropertiesSchema>

/** The schema with a preset's values as defaults, and the rules that span several properties. */
export function corePropertiesWith(preset: Partial<CoreProperties>): z.ZodObject {
  const shape: Record<string, z.ZodType> = { ...corePropertiesSchema.shape }
  for (const [name, value] of Object.entries(preset)) {
    shape[name] = (shape[name] as z.ZodDefault<z.ZodType>).unwrap().default(value)
  }
  return z.strictObject(shape).superRefine((values, context) => {
    for (const message of contradictions(values as CoreProperties)) {
      context.addIssue({ code: 'custom', message })
    }
  })
}

function contradictions(core: CoreProperties): string[] {
  const found: string[] = []
  const proportions =
    core.readproportion +
    core.updateproportion +
    core.insertproportion +
    core.scanproportion +
    core.readmodifywriteproportion
  if (proportions === 0) found.push('the proportions of all operations are 0')
  if (core.minscanlength > core.maxscanlength) found.push('minscanlength is above maxscanlength')
  if (core.fieldlengthdistribution !== 'constant' && core.minfieldlength > core.fieldlength) {
    found.push('minfieldlength is above fieldlength')
  }
  return found
}
