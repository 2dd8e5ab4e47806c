import { describe, expect, test } from 'vitest'
import { WORKLOADS } from './catalog.ts'
import type { WorkloadContext } from './definition.ts'
import { Operation, type OperationStream } from './operation.ts'

const context: WorkloadContext = { records: 50, operations: 100, seed: 42, repeat: 0 }

function keyNumbers(stream: OperationStream): number[] {
  const operation = new Operation()
  const keys: number[] = []
  while (stream.next(operation)) {
    keys.push(operation.keyNumber)
    stream.acknowledge(operation)
  }
  return keys
}

const run = (name: string, changes: Partial<WorkloadContext> = {}) =>
  keyNumbers(WORKLOADS.get(name)!.create({}, { ...context, ...changes }).phases[0]!.stream)

describe('the catalogue', () => {
  test('names YCSB’s load and core workloads first, then the presets made from specs', () => {
    expect([...WORKLOADS.keys()].slice(0, 8)).toEqual([
      'ycsb-load',
      ...['a', 'b', 'c', 'd', 'e', 'f'].map((letter) => `ycsb-${letter}`),
      'fillseq',
    ])
    for (const [name, definition] of WORKLOADS) expect(definition.name).toBe(name)
  })

  test('says where each default comes from', () => {
    const { params, sources } = WORKLOADS.get('ycsb-e')!
    expect(Object.keys(sources)).toEqual(Object.keys(params.shape))
    expect(sources.maxscanlength).toBe('YCSB 0.17.0, workloads/workloade')
    expect(sources.fieldcount).toBe('YCSB 0.17.0, CoreWorkload')
    expect(WORKLOADS.get('ycsb-e')!.parse({})).toMatchObject({ maxscanlength: 100, fieldcount: 10 })
    expect(WORKLOADS.get('ycsb-a')!.parse({})).toMatchObject({ maxscanlength: 1000 })
  })

  test.each([
    [{ fieldcuont: 3 }, /^ycsb-a: .*fieldcuont/],
    [{ fieldcount: 0 }, /^ycsb-a\.fieldcount: /],
    [{ requestdistribution: 'zipf' }, /^ycsb-a\.requestdistribution: /],
    [{ readproportion: 0, updateproportion: 0 }, /all operations are 0/],
    [{ minscanlength: 2000 }, /minscanlength is above/],
    [{ fieldlengthdistribution: 'uniform', fieldlength: 0 }, /minfieldlength is above/],
  ])('refuses %j in one line', (params, message) => {
    const refusal = expect.objectContaining({ code: 'LSM_INVALID_ARGUMENT' })
    const create = () => WORKLOADS.get('ycsb-a')!.create(params, context)
    expect(create).toThrow(refusal)
    expect(create).toThrow(message)
    expect(create).not.toThrow(/\n/)
  })

  test.each([
    { records: 0 },
    { records: 2 ** 31 },
    { records: 1.5 },
    { operations: -1 },
    { valueBytes: -1 },
  ])('refuses a size of %j', (changes) => {
    const create = () => WORKLOADS.get('ycsb-a')!.create({}, { ...context, ...changes })
    expect(create).toThrow(expect.objectContaining({ code: 'LSM_INVALID_ARGUMENT' }))
  })

  test('a workload of only a load has no phases; its stream knows its length', () => {
    const { load, phases } = WORKLOADS.get('ycsb-load')!.create({}, context)
    expect(load.expected).toBe(50)
    expect(phases).toEqual([])
    const { phases: ran } = WORKLOADS.get('ycsb-a')!.create({}, context)
    expect(ran.map(({ name, stream }) => [name, stream.expected])).toEqual([['run', 100]])
  })

  test('each repeat, seed and workload has a different stream; the reference stream differs from all', () => {
    const streams = [
      run('ycsb-a'),
      run('ycsb-a', { repeat: 1 }),
      run('ycsb-a', { seed: 43 }),
      run('ycsb-b'),
      run('ycsb-a', { reference: true }),
    ]
    expect(new Set(streams.map(String)).size).toBe(streams.length)
    expect(run('ycsb-a')).toEqual(streams[0])
    expect(run('ycsb-a', { reference: true, repeat: 1 })).toEqual(streams[4])
  })

  test('bare values override the parameters that describe fields', () => {
    const { load } = WORKLOADS.get('ycsb-a')!.create(
      { fieldcount: 4, fieldlengthdistribution: 'uniform' },
      { ...context, valueBytes: 1024 },
    )
    const operation = new Operation()
    load.next(operation)
    expect(operation.valueLength).toBe(1024)
    expect(load.fieldNames).toEqual([])
  })

  test('a workload lists its properties under YCSB’s names', () => {
    const { properties } = WORKLOADS.get('ycsb-a')!.create({ fieldlength: 10 }, context)
    expect(properties).toMatchObject({
      recordcount: '50',
      operationcount: '100',
      fieldlength: '10',
      readproportion: '0.5',
      requestdistribution: 'zipfian',
    })
  })
})
