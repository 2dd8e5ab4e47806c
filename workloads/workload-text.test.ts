import { describe, expect, test } from 'vitest'
import { Operation } from './operation.ts'
import { isWorkloadPath, workloadFromText } from './workload-text.ts'

const context = { records: 50, operations: 20, seed: 42, repeat: 0 }

function read(content: unknown, path = './mine.json') {
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  return workloadFromText({ path, text, readSibling: () => '' })
}

test('a file is distinguished from a name by its folder or extension', () => {
  expect(['./workloada', 'my.json', 'a/b', 'w.properties'].map(isWorkloadPath)).not.toContain(false)
  expect(['ycsb-a', 'fillseq', 'ycsb-a.b'].map(isWorkloadPath)).not.toContain(true)
})

test('a byte order mark and Windows line ends change nothing', () => {
  const spec = JSON.stringify({ phases: [{ steps: [{ operation: 'read' }] }] }, null, 2)
  const properties = 'recordcount=10\nreadproportion=0.25\nupdateproportion=0.75\n'
  for (const text of [spec, properties]) {
    const saved = read(`\ufeff${text.replaceAll('\n', '\r\n')}`)
    const plain = read(text)
    expect(saved.size).toEqual(plain.size)
    expect(saved.parse({})).toEqual(plain.parse({}))
  }
})

describe('a spec', () => {
  const spec = {
    description: 'two phases',
    phases: [
      { name: 'warm', operations: 5, steps: [{ operation: 'update' }] },
      { keys: { distribution: 'zipfian', theta: 0.7 }, steps: [{ operation: 'read' }] },
    ],
  }

  test('is a workload named after its file, or by its own name', () => {
    expect(read(spec)).toMatchObject({ name: 'mine', description: 'two phases', family: 'file' })
    expect(read({ ...spec, name: 'other' }).name).toBe('other')
    expect(read(spec, './my set (2).json').name).toBe('my-set--2-')
    expect(read(spec, './.hidden').name).toBe('workload.hidden')
    const { phases } = read(spec).create({}, context)
    expect(phases.map(({ name, stream }) => [name, stream.expected])).toEqual([
      ['warm', 5],
      ['run', 20],
    ])
  })

  test('has its numbers, words and switches as parameters', () => {
    const { params, parse } = read(spec)
    expect(Object.keys(params.shape)).toEqual(
      expect.arrayContaining(['phases.0.operations', 'phases.1.keys.theta', 'load.order']),
    )
    const given = { 'phases.1.keys.theta': 0.5, 'load.order': 'shuffled' }
    expect(parse(given)).toMatchObject({
      load: { order: 'shuffled' },
      phases: [{ operations: 5 }, { keys: { theta: 0.5 } }],
    })
    expect(parse({})).toMatchObject({ phases: [{}, { keys: { theta: 0.7 } }] })
    expect(() => parse({ 'phases.1.keys.theta': -1 })).toThrow(
      'mine.phases.1.keys.theta: Too small',
    )
    expect(() => parse({ 'phases.1.keys.tetha': 1 })).toThrow('did you mean "phases.1.keys.theta"?')
  })

  test('reports its load order and compression target', () => {
    expect(read(spec).loadOrder({})).toBe('hashed')
    expect(read({ ...spec, load: null }).loadOrder({})).toBe('nothing loaded')
    expect(read({ ...spec, values: { compressionRatio: 0.4 } }).compressionTarget({})).toBe(0.4)
  })
})

test('a preset with parameters is that preset, with the same stream', () => {
  const file = read({ workload: 'readrandom', params: { value_size: 7 } })
  expect(file.name).toBe('readrandom')
  expect(file.parse({ key_size: 20 })).toMatchObject({ value_size: 7, key_size: 20 })
  const slot = new Operation()
  file.create({}, context).load.next(slot)
  expect([slot.valueLength, slot.keyLength]).toEqual([7, 16])
})

test('anything else is a YCSB property file', () => {
  const file = read('recordcount=12\nreadproportion=1\nupdateproportion=0', './workloadz')
  expect(file).toMatchObject({ name: 'workloadz', size: { records: 12 } })
})

describe('errors say where the mistake is, and what was probably meant', () => {
  const read1 = { operation: 'read' }
  test.each<[unknown, string]>([
    ['{', './mine.json is not JSON: '],
    [{ phaces: [] }, 'mine: unknown name "phaces"; did you mean "phases"?'],
    [{ phases: [{ steps: [] }] }, 'mine.phases.0.steps: '],
    [
      { phases: [{ steps: [{ operation: 'raed' }] }] },
      'steps.0.operation: "raed"; did you mean "read"?',
    ],
    [{ phases: [{ steps: [{ ...read1, keyz: 1 }] }] }, 'unknown name "keyz"; did you mean "keys"?'],
    [
      { phases: [{ steps: [read1], keys: { distribution: 'zipfan' } }] },
      'mine.phases.0.keys.distribution: unknown distribution "zipfan"; did you mean "zipfian"?',
    ],
    [{ values: { bytes: { distribution: 'norm' } } }, 'did you mean "normal"?'],
    [{ values: { bytes: { distribution: 'normal', mean: 5 } } }, 'mine.values.bytes.deviation: '],
    [{ values: { bytes: { distribution: 'uniform', min: 5, max: 3 } } }, 'min is above max'],
    [{ load: { order: 'sorted' } }, '"sorted"; known: ascending, descending, shuffled, random'],
    [{ load: { order: { k: 2, l: 0 } } }, 'mine.load.order.k: Too big'],
    [{ load: null }, 'neither load nor phases'],
    [{ phases: [{ steps: [{ ...read1, scanLength: 5 }] }] }, 'scanLength: only of scans'],
    [{ phases: [{ steps: [{ ...read1, valueBytes: 5 }] }] }, 'valueBytes: only of writes'],
    [{ phases: [{ steps: [{ ...read1, weight: 0 }] }] }, 'steps: all weights are 0'],
    [
      { phases: [{ steps: [read1], share: 1, operations: 1 }] },
      'one of share, operations and perRecord',
    ],
    [{ workload: 'mixgraf' }, './mine.json: unknown workload "mixgraf"; did you mean "mixgraph"?'],
    [{ workload: 'mixgraph', params: { value_sigm: 1 } }, 'did you mean "value_sigma"?'],
    [
      {
        phases: [
          {
            steps: [read1],
            keys: { distribution: 'key-ranges', ranges: 3, a: 0, b: 0, c: 0, d: 0 },
          },
        ],
      },
      'mine.phases.0.keys: these constants leave no range a chance',
    ],
  ])('%j', (content, message) => {
    const refusal = expect.objectContaining({ code: 'LSM_INVALID_ARGUMENT' })
    expect(() => read(content)).toThrow(refusal)
    expect(() => read(content)).toThrow(message)
    expect(() => read(content)).not.toThrow(/\n/)
  })
})
