/**
 * Owns YCSB's vocabulary: the properties of its `CoreWorkload` that shape a stream, with YCSB's
 * names and defaults (YCSB 0.17.0 `CoreWorkload.java`). Properties that do not shape the stream of
 * a single client are left out (`property-file.ts` lists them).
 */

import { z } from 'zod'

const KEY_DIGITS_MAX = 240

const integer = (min: number, max: number) => z.int().min(min).max(max)
const fraction = z.number().min(0).max(1)
const proportion = (kind: string) => z.number().min(0).describe(`weight of ${kind}`)

export const corePropertiesSchema = z.strictObject({
  fieldcount: integer(1, 10_000).describe('fields of a record').default(10),
  fieldlength: integer(0, 2 ** 30)
    .describe('bytes of a field, at most')
    .default(100),
  minfieldlength: integer(0, 2 ** 30)
    .describe('bytes of a field, at least; where lengths vary')
    .default(1),
  fieldlengthdistribution: z
    .enum(['constant', 'uniform', 'zipfian', 'histogram'])
    .default('constant'),
  fieldlengthhistogram: z
    .string()
    .describe("histogram: the text of the histogram file (a property file gives the file's name)")
    .default(''),
  fieldnameprefix: z.string().describe('prefix of field names; a number follows').default('field'),
  readallfields: z.boolean().describe('reads name all fields, not a random one').default(true),
  writeallfields: z
    .boolean()
    .describe('updates put a whole record blind, instead of one field by read, merge and write')
    .default(false),
  readproportion: proportion('reads').default(0.95),
  updateproportion: proportion('updates').default(0.05),
  insertproportion: proportion('inserts').default(0),
  scanproportion: proportion('scans').default(0),
  readmodifywriteproportion: proportion('read-modify-writes').default(0),
  requestdistribution: z
    .enum(['uniform', 'zipfian', 'latest', 'hotspot', 'exponential', 'sequential'])
    .describe('distribution of the requested records')
    .default('uniform'),
  minscanlength: integer(1, 1e9).describe('records of a scan, at least').default(1),
  maxscanlength: integer(1, 1e9).describe('records of a scan, at most').default(1000),
  scanlengthdistribution: z.enum(['uniform', 'zipfian']).default('uniform'),
  insertstart: integer(0, 2 ** 31 - 1)
    .describe('number of the first record loaded')
    .default(0),
  insertcount: integer(1, 2 ** 31 - 1)
    .nullable()
    .describe('records loaded; null: recordcount')
    .default(null),
  dataintegrity: z
    .boolean()
    .describe('values are computed from key and field, instead of random')
    .default(false),
  insertorder: z
    .enum(['hashed', 'ordered'])
    .describe('whether keys are hashes of record numbers or the numbers themselves')
    .default('hashed'),
  zeropadding: integer(0, KEY_DIGITS_MAX).describe('digits of a key, at least').default(1),
  hotspotdatafraction: fraction.describe('hotspot: records that are hot').default(0.2),
  hotspotopnfraction: fraction.describe('hotspot: operations on hot records').default(0.8),
  'exponential.percentile': z
    .number()
    .gt(0)
    .lt(100)
    .describe('exponential: percent of the operations that fall in the newest part')
    .default(95),
  'exponential.frac': z
    .number()
    .gt(0)
    .describe('exponential: the newest part, as a fraction of the records')
    .default(0.8571428571),
})

export type CoreProperties = z.output<typeof corePropertiesSchema>

/**
 * The schema with a preset's values as defaults, and with the rules that involve several
 * properties.
 */
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
  const { fieldlengthdistribution: lengths, fieldlengthhistogram: histogram } = core
  if ((lengths === 'uniform' || lengths === 'zipfian') && core.minfieldlength > core.fieldlength) {
    found.push('minfieldlength is above fieldlength')
  }
  if ((lengths === 'histogram') !== (histogram !== '')) {
    found.push('fieldlengthhistogram goes with fieldlengthdistribution=histogram')
  }
  if (core.dataintegrity && lengths !== 'constant') {
    found.push('dataintegrity needs fieldlengthdistribution=constant')
  }
  return found
}
