/**
 * Owns the patterns that strain an LSM tree in ways that YCSB does not: deletes, queues, time
 * series, mixes and hot keys that move, near-sorted arrival, composite keys; and `mix`, in which
 * every part is a parameter. If no paper is named, the numbers are our choice.
 */

import { z } from 'zod'
import type { KeyDistribution } from '../spec/distribution-schema.ts'
import { definePreset, type SpecPreset } from './preset.ts'

const FAMILY = 'patterns'
const OURS = 'ours'

const share = (what: string) => z.number().min(0).max(1e6).describe(`weight of ${what}`)
const fraction = z.number().min(0).max(1)

/** Parameters of every preset in this file. */
const values = {
  value_bytes: z
    .int()
    .min(0)
    .max(2 ** 30)
    .default(1000)
    .describe('bytes of a value'),
  compression_ratio: fraction.default(1).describe('compressed ÷ raw; 1: random bytes'),
}
const valuesOf = (given: { readonly value_bytes: number; readonly compression_ratio: number }) => ({
  bytes: given.value_bytes,
  compressionRatio: given.compression_ratio,
})

const mix = definePreset({
  name: 'mix',
  family: FAMILY,
  description: 'operations by weight over one key distribution; every part is a parameter',
  source: OURS,
  params: z.strictObject({
    read: share('reads of records').default(0.5),
    missing: share('reads of missing keys').default(0),
    update: share('writes of records, blind').default(0.5),
    insert: share('new records').default(0),
    read_modify_write: share('reads followed by a write').default(0),
    scan: share('scans').default(0),
    delete: share('deletes').default(0),
    distribution: z
      .enum([
        ...(['uniform', 'sequential', 'shuffled', 'zipfian', 'scrambled', 'latest'] as const),
        ...(['hotspot', 'exponential', 'normal', 'beta', 'pareto'] as const),
      ])
      .default('scrambled')
      .describe('of keys'),
    theta: z.number().positive().max(20).default(0.99).describe('zipfian, scrambled, latest'),
    hot_data: z.number().gt(0).max(1).default(0.2).describe('hotspot: part of the records'),
    hot_operations: fraction.default(0.8).describe('hotspot: part of the operations'),
    alpha: z.number().min(0.01).max(1000).default(2).describe('beta, and the shape of pareto'),
    beta: z.number().min(0.01).max(1000).default(5).describe('beta'),
    mean: fraction.default(0.5).describe('normal: centre, as a fraction of the key space'),
    deviation: z.number().min(1e-9).max(10).default(0.1).describe('normal'),
    drift: z.number().min(-1000).max(1000).default(0).describe('turns the popular keys travel'),
    scan_length: z.int().min(1).max(1e6).default(100).describe('entries of a scan, at most'),
    load_order: z.enum(['ascending', 'descending', 'shuffled', 'random']).default('ascending'),
    key_order: z.enum(['hashed', 'ordered']).default('hashed').describe('keys by record number'),
    ...values,
  }),
  spec: (given) => ({
    keys: { prefix: 'user', parts: [{ order: given.key_order, width: 20 }] },
    values: valuesOf(given),
    load: { order: given.load_order },
    phases: [
      {
        keys: keysOfMix(given),
        steps: [
          { operation: 'read', weight: given.read },
          { operation: 'read', weight: given.missing, missing: true },
          { operation: 'update', weight: given.update },
          { operation: 'insert', weight: given.insert },
          { operation: 'read-modify-write', weight: given.read_modify_write },
          {
            operation: 'scan',
            weight: given.scan,
            scanLength: { distribution: 'uniform', min: 1, max: given.scan_length },
          },
          { operation: 'delete', weight: given.delete },
        ],
      },
    ],
  }),
})

interface MixKeys {
  readonly distribution: Exclude<KeyDistribution['distribution'], 'power' | 'key-ranges' | 'oldest'>
  readonly theta: number
  readonly hot_data: number
  readonly hot_operations: number
  readonly alpha: number
  readonly beta: number
  readonly mean: number
  readonly deviation: number
  readonly drift: number
}

/** Only the parameters of the chosen distribution. */
function keysOfMix(given: MixKeys) {
  const { distribution, theta, alpha, beta, mean, deviation, drift } = given
  switch (distribution) {
    case 'uniform':
    case 'sequential':
    case 'shuffled':
    case 'exponential':
      return { distribution }
    case 'latest':
      return { distribution, theta }
    case 'zipfian':
    case 'scrambled':
      return { distribution, theta, drift }
    case 'hotspot': {
      const [dataFraction, operationFraction] = [given.hot_data, given.hot_operations]
      return { distribution, dataFraction, operationFraction, drift }
    }
    case 'normal':
      return { distribution, mean, deviation, drift }
    case 'beta':
      return { distribution, alpha, beta, drift }
    case 'pareto':
      return { distribution, shape: alpha, drift }
  }
}

const deleteHeavy = definePreset({
  name: 'delete-heavy',
  family: FAMILY,
  description: 'deletes, inserts, updates, and reads that mostly miss the deleted keys',
  source: OURS,
  params: z.strictObject({
    delete: share('deletes').default(0.25),
    insert: share('new records').default(0.25),
    update: share('writes of records, also deleted ones').default(0.25),
    read: share('reads').default(0.2),
    scan: share('scans of 1 … 100 entries').default(0.05),
    victims: z
      .enum(['uniform', 'scrambled', 'oldest'])
      .default('uniform')
      .describe('the records to delete: any, popular, or the oldest'),
    ...values,
  }),
  spec: (given) => ({
    values: valuesOf(given),
    phases: [
      {
        steps: [
          { operation: 'delete', weight: given.delete, keys: { distribution: given.victims } },
          { operation: 'insert', weight: given.insert },
          { operation: 'update', weight: given.update },
          { operation: 'read', weight: given.read },
          {
            operation: 'scan',
            weight: given.scan,
            scanLength: { distribution: 'uniform', min: 1, max: 100 },
          },
        ],
      },
    ],
  }),
})

const queue = definePreset({
  name: 'queue',
  family: FAMILY,
  description: 'first in, first out: append, look at the head, delete it; the depth stays',
  source: OURS,
  params: z.strictObject({
    append: share('appends').default(1),
    peek: share('looks at the head (a seek, over the tombstones before it)').default(1),
    take: share('deletes of the head').default(1),
    ...values,
  }),
  spec: (given) => ({
    keys: { prefix: 'queue', parts: [{ width: 16 }] },
    values: valuesOf(given),
    phases: [
      {
        keys: { distribution: 'oldest' },
        steps: [
          { operation: 'insert', weight: given.append },
          { operation: 'scan', weight: given.peek, scanLength: 1 },
          { operation: 'delete', weight: given.take },
        ],
      },
    ],
  }),
})

const timeSeries = definePreset({
  name: 'time-series',
  family: FAMILY,
  description: 'points of many series in turn, keys (series, time); recent windows are scanned',
  source: OURS,
  params: z.strictObject({
    series: z.int().min(1).max(1e9).default(100).describe('series; each tick appends to one'),
    append: share('appends').default(0.9),
    scan: share('scans of a window').default(0.1),
    expire: share('deletes of the oldest point').default(0),
    window: z.int().min(1).max(1e6).default(60).describe('points of a window'),
    ...values,
    value_bytes: values.value_bytes.default(32),
  }),
  spec: (given) => ({
    keys: {
      prefix: 'ts',
      parts: [
        { count: given.series, width: 9 },
        { encoding: 'decimal', width: 13 },
      ],
    },
    values: valuesOf(given),
    phases: [
      {
        keys: { distribution: 'exponential', percentile: 95, fraction: 0.1 },
        steps: [
          { operation: 'insert', weight: given.append },
          { operation: 'scan', weight: given.scan, scanLength: given.window },
          { operation: 'delete', weight: given.expire, keys: { distribution: 'oldest' } },
        ],
      },
    ],
  }),
})

const shifting = definePreset({
  name: 'shifting',
  family: FAMILY,
  description:
    'a day in three phases: writes, a gradual turn to reads, reads of hot keys that move',
  source: OURS,
  params: z.strictObject({
    writes_first: fraction.default(0.9).describe('share of writes in the first phase'),
    writes_last: fraction.default(0.1).describe('share of writes in the last phase'),
    hot_data: z.number().gt(0).max(1).default(0.05).describe('part of the records that is hot'),
    hot_operations: fraction.default(0.9).describe('part of the operations on it'),
    drift: z
      .number()
      .min(-1000)
      .max(1000)
      .default(1)
      .describe('turns it travels in the last phase'),
    ...values,
  }),
  spec: (given) => {
    const [from, to] = [given.writes_first, given.writes_last]
    const hotspot = {
      distribution: 'hotspot' as const,
      dataFraction: given.hot_data,
      operationFraction: given.hot_operations,
    }
    const steps = (writesFrom: number, writesTo: number) => [
      { operation: 'update' as const, weight: [writesFrom, writesTo] as [number, number] },
      { operation: 'read' as const, weight: [1 - writesFrom, 1 - writesTo] as [number, number] },
    ]
    return {
      values: valuesOf(given),
      phases: [
        { name: 'writes', keys: hotspot, steps: steps(from, from) },
        { name: 'turn', keys: hotspot, steps: steps(from, to) },
        { name: 'reads', keys: { ...hotspot, drift: given.drift }, steps: steps(to, to) },
      ],
    }
  },
})

const nearSorted = definePreset({
  name: 'near-sorted',
  family: FAMILY,
  description: 'a load whose keys arrive (K, L)-near-sorted, then reads',
  source: 'BoDS: Raman et al., TPCTC 2022',
  sources: { read: OURS, scan: OURS, value_bytes: OURS, compression_ratio: OURS },
  params: z.strictObject({
    k: fraction.default(0.1).describe('records out of order, as a fraction'),
    l: fraction.default(0.1).describe('how far from their place at most, as a fraction'),
    alpha: z.number().min(0.01).max(1000).default(1).describe('of the displacement’s beta'),
    beta: z.number().min(0.01).max(1000).default(1).describe('of the displacement’s beta'),
    read: share('reads').default(0.9),
    scan: share('scans of 100 entries').default(0.1),
    ...values,
  }),
  spec: (given) => ({
    keys: { parts: [{ width: 16 }] },
    values: valuesOf(given),
    load: { order: { k: given.k, l: given.l, alpha: given.alpha, beta: given.beta } },
    phases: [
      {
        steps: [
          { operation: 'read', weight: given.read },
          { operation: 'scan', weight: given.scan },
        ],
      },
    ],
  }),
})

const composite = definePreset({
  name: 'composite',
  family: FAMILY,
  description: 'keys (tenant, hashed entity, attribute): updates, reads, scans of an entity',
  source: OURS,
  params: z.strictObject({
    tenants: z.int().min(1).max(1e6).default(100).describe('the first part of a key'),
    attributes: z.int().min(1).max(1e4).default(8).describe('the last part, per entity'),
    update: share('writes of an attribute').default(0.4),
    read: share('reads of an attribute').default(0.4),
    scan: share('scans of an entity').default(0.15),
    insert: share('new attributes').default(0.05),
    theta: z.number().positive().max(20).default(0.99).describe('of popular records (scrambled)'),
    ...values,
    value_bytes: values.value_bytes.default(100),
  }),
  spec: (given) => ({
    keys: {
      parts: [
        { count: given.tenants, width: 7 },
        { order: 'hashed', encoding: 'hex', width: 16 },
        { count: given.attributes, width: 4 },
      ],
    },
    values: valuesOf(given),
    phases: [
      {
        keys: { distribution: 'scrambled', theta: given.theta },
        steps: [
          { operation: 'update', weight: given.update },
          { operation: 'read', weight: given.read },
          { operation: 'scan', weight: given.scan, scanLength: given.attributes },
          { operation: 'insert', weight: given.insert },
        ],
      },
    ],
  }),
})

export const PATTERN_PRESETS: readonly SpecPreset[] = [
  mix,
  deleteHeavy,
  queue,
  timeSeries,
  shifting,
  nearSorted,
  composite,
]
