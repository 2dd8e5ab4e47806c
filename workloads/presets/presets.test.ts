import { describe, expect, test } from 'vitest'
import { WORKLOADS } from '../catalog.ts'
import type { WorkloadContext } from '../definition.ts'
import { OPERATION_KIND_NAMES, Operation, type OperationStream } from '../operation.ts'

const context: WorkloadContext = { records: 2000, operations: 4000, seed: 42, repeat: 0 }

interface Seen {
  readonly kind: string
  readonly number: number
  readonly key: string
  readonly bytes: number
  readonly scanLength: number
}

function drain(stream: OperationStream): Seen[] {
  const operation = new Operation()
  const seen: Seen[] = []
  while (stream.next(operation)) {
    seen.push({
      kind: OPERATION_KIND_NAMES[operation.kind],
      number: operation.keyNumber,
      key: String.fromCharCode(...operation.key),
      bytes: operation.valueLength,
      scanLength: operation.scanLength,
    })
    stream.acknowledge(operation)
  }
  return seen
}

function run(name: string, params: Record<string, unknown> = {}, changes = {}) {
  const made = WORKLOADS.get(name)!.create(params, { ...context, ...changes })
  return { load: drain(made.load), phases: made.phases.map(({ stream }) => drain(stream)) }
}

/** Shares of the kinds, in percent. */
function mixOf(seen: readonly Seen[]): Record<string, number> {
  const kinds = Map.groupBy(seen, ({ kind }) => kind)
  return Object.fromEntries(
    [...kinds].map(([kind, some]) => [kind, Math.round((100 * some.length) / seen.length)]),
  )
}

const presets = [...WORKLOADS.values()].filter(({ family }) => family !== 'YCSB')

describe('every preset', () => {
  test.each(presets.map((preset) => [preset.name, preset] as const))(
    '%s: parameters have defaults and sources, and streams have the length they report',
    (_, preset) => {
      expect(Object.keys(preset.sources)).toEqual(Object.keys(preset.params.shape))
      expect(preset.parse(preset.parse({}))).toEqual(preset.parse({}))
      const { load, phases } = preset.create({}, { ...context, records: 300, operations: 400 })
      for (const stream of [load, ...phases.map((phase) => phase.stream)]) {
        expect(drain(stream)).toHaveLength(stream.expected)
      }
    },
  )

  test.each([
    ['fillseq', 'value_sise', 'value_size'],
    ['db-bench', 'benchmark', 'benchmarks'],
    ['mixgraph', 'mix_get_ration', 'mix_get_ratio'],
    ['near-sorted', 'alhpa', 'alpha'],
  ])('%s: %s is near %s', (name, mistyped, meant) => {
    const refusal = expect.objectContaining({ code: 'LSM_INVALID_ARGUMENT' })
    const parse = () => WORKLOADS.get(name)!.parse({ [mistyped]: 1 })
    expect(parse).toThrow(refusal)
    expect(parse).toThrow(`${name}: unknown name "${mistyped}"; did you mean "${meant}"?`)
  })

  test('with --value-bytes writes only values of that size', () => {
    for (const { name } of presets) {
      const { load, phases } = run(name, {}, { records: 1000, operations: 200, valueBytes: 77 })
      const sizes = new Set([...load, ...phases.flat()].map(({ bytes }) => bytes))
      sizes.delete(0)
      expect([...sizes], name).toEqual([77])
    }
  })
})

describe('db_bench', () => {
  test('keys of 16 bytes, values of 100 bytes that compress to half', () => {
    const { load } = run('readrandom')
    for (const { key, bytes } of load) expect([key.length, bytes]).toEqual([16, 100])
    expect(WORKLOADS.get('readrandom')!.compressionTarget({})).toBe(0.5)
    expect(run('fillseq').phases[0]![258]!.key).toBe('\0\0\0\0\0\0\u0001\u000200000000')
    expect(run('readrandom', { key_size: 20 }).load[0]!.key).toHaveLength(20)
  })

  test('fills write num keys into an empty store: in order, at random, or each once', () => {
    const written = (name: string) => {
      const { load, phases } = run(name)
      expect(load).toEqual([])
      expect(phases[0]).toHaveLength(context.records)
      return phases[0]!.map(({ number }) => number)
    }
    const all = Array.from({ length: context.records }, (_, number) => number)
    expect(written('fillseq')).toEqual(all)
    expect(written('filluniquerandom')).not.toEqual(all)
    expect(written('filluniquerandom').toSorted((a, b) => a - b)).toEqual(all)
    expect(new Set(written('fillrandom')).size / context.records).toBeCloseTo(1 - 1 / Math.E, 1)
    const large = run('fill100K').phases[0]!
    expect(large.map(({ bytes }) => bytes)).toEqual([100_000, 100_000])
  })

  test.each([
    ['readrandom', {}, { read: 100 }],
    ['readwhilewriting', {}, { read: 50, update: 50 }],
    ['readwhilewriting', { readsperwrite: 9 }, { read: 90, update: 10 }],
    ['readrandomwriterandom', {}, { read: 90, update: 10 }],
    [
      'randomwithverify',
      { readwritepercent: 50, deletepercent: 20 },
      { read: 50, delete: 20, update: 30 },
    ],
    ['deleterandom', {}, { delete: 100 }],
    ['updaterandom', {}, { 'read-modify-write': 100 }],
    ['overwrite', {}, { update: 100 }],
  ])('%s %j has the mix that it describes', (name, params, mix) => {
    const found = mixOf(run(name, params).phases[0]!)
    expect(Object.keys(found).toSorted()).toEqual(Object.keys(mix).toSorted())
    for (const [kind, share] of Object.entries(mix)) {
      expect(Math.abs(found[kind]! - share), kind).toBeLessThanOrEqual(2)
    }
  })

  test('readseq reads all records, readmissing asks for missing keys', () => {
    const [scans] = run('readseq', { readseq_scan: 300 }, { operations: 8 }).phases
    expect(scans!.map(({ number }) => number)).toEqual([0, 300, 600, 900, 1200, 1500, 1800, 100])
    expect(scans!.every(({ scanLength }) => scanLength === 300)).toBe(true)
    for (const { key } of run('readmissing').phases[0]!) expect(key).toHaveLength(17)
  })

  test('reads and writes may be set independently of --operations', () => {
    expect(run('readrandom', { reads: 5 }).phases[0]).toHaveLength(5)
    expect(run('fillseq', { writes: 7 }).phases[0]).toHaveLength(7)
    expect(run('deleteseq', { deletes: 3 }).phases[0]!.map(({ number }) => number)).toEqual([
      0, 1, 2,
    ])
  })

  test('several benchmarks are phases of one database', () => {
    const benchmarks = 'fillrandom,readrandom,deleterandom'
    const { load, phases } = run('db-bench', { benchmarks })
    expect(load).toEqual([])
    expect(phases.map((seen) => [seen[0]!.kind, seen.length])).toEqual([
      ['update', 2000],
      ['read', 2000],
      ['delete', 2000],
    ])
    const parse = () => WORKLOADS.get('db-bench')!.parse({ benchmarks: 'fillseq,readmost' })
    expect(parse).toThrow(
      'db-bench.benchmarks: unknown benchmark "readmost"; did you mean "readseq"',
    )
  })

  test('value sizes follow value_size_distribution_type', () => {
    const sizes = (type: string) => {
      const params = {
        value_size_distribution_type: type,
        value_size_min: 100,
        value_size_max: 200,
      }
      const seen = run('fillseq', params).phases[0]!.map(({ bytes }) => bytes)
      const mean = seen.reduce((sum, bytes) => sum + bytes, 0) / seen.length
      const variance = seen.reduce((sum, bytes) => sum + (bytes - mean) ** 2, 0) / seen.length
      return { mean: Math.round(mean / 5) * 5, deviation: Math.round(Math.sqrt(variance) / 5) * 5 }
    }
    expect(sizes('uniform')).toEqual({ mean: 150, deviation: 30 })
    expect(sizes('normal')).toEqual({ mean: 150, deviation: 15 })
  })
})

describe('mixgraph', () => {
  const { load, phases } = run('mixgraph', {}, { records: 30_000, operations: 40_000 })
  const [seen] = phases

  test('mixes 85 : 14 : 1 over keys of 48 bytes loaded at random with 43 bytes', () => {
    expect(mixOf(seen!)).toEqual({ read: 85, update: 14, scan: 1 })
    for (const { key, bytes } of load) expect([key.length, bytes]).toEqual([48, 43])
  })

  test('writes sizes of the published Pareto distribution, at least 10', () => {
    const sizes = seen!.filter(({ kind }) => kind === 'update').map(({ bytes }) => bytes)
    const below = (bytes: number) => sizes.filter((size) => size <= bytes).length / sizes.length
    expect(Math.min(...sizes)).toBe(10)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1024)
    for (const bytes of [20, 50, 100]) {
      expect(below(bytes)).toBeCloseTo(1 - (1 + (0.2615 * bytes) / 25.45) ** (-1 / 0.2615), 1)
    }
  })

  test('determines kind and key by one number: each thousandth of the key space has one kind', () => {
    const sizes = { records: 1000, operations: 5000 }
    const [uniform] = run('mixgraph', { key_dist_a: 0 }, sizes).phases
    for (const { kind, number } of uniform!) {
      expect(kind).toBe(number < 850 ? 'read' : number < 990 ? 'update' : 'scan')
    }
  })

  test('has hot key ranges, with hot keys in them', () => {
    const ranges = Map.groupBy(seen!, ({ number }) => Math.floor(number / 1000))
    const shares = [...ranges.values()].map(({ length }) => length / seen!.length)
    const weight = (x: number) => 14.18 * Math.exp(-2.917 * x) + 0.0164 * Math.exp(-0.08082 * x)
    const all = Array.from({ length: 30 }, (_, x) => weight(x + 1)).reduce((sum, w) => sum + w, 0)
    expect(Math.max(...shares)).toBeCloseTo(weight(1) / all, 1)
    expect(ranges.size).toBe(30)
  })

  test('passes its rate to the load generator', () => {
    const made = WORKLOADS.get('mixgraph')!.create({ sine_a: 5 }, context)
    expect(made.phases[0]!.sineRate).toEqual({ a: 5, b: 0.000073, c: 0, d: 4500 })
  })

  test('follows only the power law without key ranges, and is uniform without both', () => {
    const flat = { keyrange_dist_a: 0, keyrange_dist_b: 0, keyrange_dist_c: 0, keyrange_dist_d: 0 }
    const distinct = (params: Record<string, unknown>) =>
      new Set(run('mixgraph', params).phases[0]!.map(({ number }) => number)).size
    expect(distinct({ key_dist_a: 0 })).toBeGreaterThan(1500)
    expect(distinct(flat)).toBeLessThan(1500)
  })
})

describe('patterns', () => {
  test('mix: every part is a parameter', () => {
    const params = { read: 1, update: 0, scan: 1, scan_length: 5, delete: 2, missing: 1 }
    const seen = run('mix', params).phases[0]!
    expect(Object.keys(mixOf(seen)).toSorted()).toEqual(['delete', 'read', 'scan'])
    expect(mixOf(seen).delete! / 40).toBeCloseTo(1, 1)
    expect(Math.max(...seen.map(({ scanLength }) => scanLength))).toBe(5)
    const { params: schema } = WORKLOADS.get('mix')!
    const { options } = schema.shape.distribution!.unwrap() as unknown as { options: string[] }
    for (const distribution of options) {
      expect(run('mix', { distribution }, { operations: 50 }).phases[0]).toHaveLength(50)
    }
  })

  test('queue: takes the oldest record, and the depth stays', () => {
    const { load, phases } = run('queue')
    const kinds = Map.groupBy(phases[0]!, ({ kind }) => kind)
    const taken = kinds.get('delete')!.map(({ number }) => number)
    expect(taken).toEqual(taken.map((_, at) => at))
    expect(kinds.get('insert')!.length / taken.length).toBeCloseTo(1, 0)
    expect(load.map(({ key }) => key).toSorted()).toEqual(load.map(({ key }) => key))
  })

  test('time-series: neighbours in time are in different series, and each series is in order', () => {
    const { load } = run('time-series', { series: 10 })
    expect(load[0]!.key).toBe('ts0000000000000000000000')
    expect(load[11]!.key).toBe('ts0000000010000000000001')
  })

  test('shifting: from writes to reads, then the hot keys move', () => {
    const { phases } = run('shifting', {}, { operations: 9000 })
    expect(phases.map((seen) => Math.round(mixOf(seen).update! / 10) * 10)).toEqual([90, 50, 10])
    const distinct = phases.map((seen) => new Set(seen.map(({ number }) => number)).size)
    expect(distinct[2]).toBeGreaterThan(1.5 * distinct[0]!)
  })

  test('near-sorted: the requested number of records is out of order', () => {
    const { load } = run('near-sorted', { k: 0.2, l: 0.01 })
    const moved = load.filter(({ number }, at) => number !== at)
    expect(moved.length / load.length).toBeCloseTo(0.2, 2)
    expect(Math.max(...load.map(({ number }, at) => Math.abs(number - at)))).toBe(20)
    expect(WORKLOADS.get('near-sorted')!.loadOrder({ k: 0.2 })).toBe(
      'near-sorted k=0.2 l=0.1 alpha=1 beta=1',
    )
  })

  test('composite: an entity’s attributes are adjacent, under their tenant', () => {
    const { load } = run('composite', { tenants: 2, attributes: 3 }, { records: 12 })
    const keys = load.map(({ key }) => key).toSorted()
    const entity = (key: string) => key.slice(0, 23)
    expect(new Set(keys.map(entity)).size).toBe(4)
    expect(keys.map((key) => key.slice(23))).toEqual(Array(4).fill(['0000', '0001', '0002']).flat())
  })

  test('delete-heavy: victims are any, popular, or the oldest', () => {
    const victims = (kind: string) =>
      run('delete-heavy', { victims: kind }).phases[0]!.filter((seen) => seen.kind === 'delete')
    expect(
      victims('oldest')
        .map(({ number }) => number)
        .slice(0, 5),
    ).toEqual([0, 1, 2, 3, 4])
    const distinct = (kind: string) => new Set(victims(kind).map(({ number }) => number)).size
    expect(distinct('scrambled')).toBeLessThan(distinct('uniform'))
  })
})
