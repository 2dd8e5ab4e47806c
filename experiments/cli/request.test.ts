import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { parseCommand, type Request } from './request.ts'

const folder = mkdtempSync(join(tmpdir(), 'varve-request-'))
afterAll(() => rmSync(folder, { recursive: true }))

function request(...argv: string[]): Request {
  const command = parseCommand(argv)
  if (command.kind !== 'run') throw new Error(`parsed as ${command.kind}`)
  return command.request
}

function configFile(content: unknown): string {
  const path = join(folder, 'config.json')
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

test('no flags: every default', () => {
  expect(request()).toEqual({
    strategy: ['tiering'],
    workload: ['ycsb-a'],
    records: null,
    operations: null,
    valueBytes: null,
    trace: null,
    record: null,
    aged: null,
    from: null,
    until: null,
    arrival: null,
    rate: null,
    clients: 1,
    jobs: null,
    userBytes: null,
    scheduling: 'inline',
    seed: 42,
    repeat: 1,
    param: {},
    set: {},
    target: ['varve'],
    storage: 'node',
    out: 'out',
    versions: false,
    keep: false,
    force: false,
    metrics: null,
    quiet: false,
    debug: false,
  })
})

test('runs at once may have a rate in logical time', () => {
  expect(request('--jobs=2', '--scheduling=virtual', '--rate=500').jobs).toBe(2)
})

test('lists, units and repeated assignments are read', () => {
  const given = request(
    '--strategy=leveling, tiering',
    '--records=2k',
    '--value-bytes=1KiB',
    '--param=T=4',
    '--param',
    'K=2',
    '--set=memtableBytes=64KiB',
    '--keep',
  )
  expect(given.strategy).toEqual(['leveling', 'tiering'])
  expect(given.records).toBe(2000)
  expect(given.valueBytes).toBe(1024)
  expect(given.param).toEqual({ T: '4', K: '2' })
  expect(given.set).toEqual({ memtableBytes: '64KiB' })
  expect(given.keep).toBe(true)
})

describe('a config file uses the same names', () => {
  test('flags win, assignments add up', () => {
    const path = configFile({
      strategy: 'leveling',
      records: '5k',
      seed: 7,
      param: { T: 4, K: 3 },
    })
    const given = request(`--config=${path}`, '--seed=8', '--param=K=2')
    expect(given.strategy).toEqual(['leveling'])
    expect(given.records).toBe(5000)
    expect(given.seed).toBe(8)
    expect(given.param).toEqual({ T: 4, K: '2' })
  })

  test('saved by an editor of Windows it says the same', () => {
    const path = configFile({})
    writeFileSync(path, '\ufeff{\r\n  "seed": 7\r\n}\r\n')
    expect(request(`--config=${path}`).seed).toBe(7)
    writeFileSync(path, Buffer.from('\ufeff{}', 'utf16le'))
    expect(() => request(`--config=${path}`)).toThrow(/config\.json: the text is UTF-16/)
  })

  test('a list is a list of JSON, or a text as it is typed', () => {
    const param = { K: [9, 2, 1], T: '4,3' }
    expect(request(`--config=${configFile({ param })}`).param).toEqual(param)
    const given = request('--records=1,000', '--param=K=9,2,1')
    expect(given).toMatchObject({ records: 1000, param: { K: '9,2,1' } })
  })

  test('the same values make the same request', () => {
    const typed = request('--workload=a,b', '--value-bytes=100', '--param=T=4', '--force')
    const config = { workload: 'a,b', 'value-bytes': 100, param: { T: '4' }, force: true }
    expect(request(`--config=${configFile(config)}`)).toEqual(typed)
  })

  test.each([
    ['{', /is not JSON/],
    ['[]', /does not hold a JSON object/],
    ['{"record": 5}', /unknown name "record"; did you mean "records"\?/],
    ['{"records": "many"}', /config\.json: records: "many" is not a count/],
    ['{"keep": "yes"}', /config\.json: keep: /],
    ['{"config": "x"}', /unknown name "config"/],
    ['{"seed": 1, "seed": 2}', /"seed" is given twice/],
    ['{"param": {"__proto__": 1}}', /"__proto__" is not allowed as a name/],
    ['{"records": [2000, 4000]}', /config\.json: records: takes one value, not 2: "\[2000,4000\]"/],
    ['{"records": 2000.5}', /records: "2000\.5" is not a count/],
    ['{"strategy": 5}', /config\.json: strategy: expected a name, or a list of names$/],
    ['{"param": 5}', /config\.json: param: expected an object, as/],
    ['{"param": {"T": {"T": 4}}}', /param: expected a text, a number, true, false, null or a list/],
    ['{"seed": 1e999}', /1e999 is beyond the range of numbers/],
  ])('%s is refused', (content, message) => {
    expect(() => request(`--config=${configFile(content)}`)).toThrow(message)
  })
})

describe('a suite', () => {
  const suite = {
    suite: 'counts',
    scale: 'smoke',
    jobs: null,
    seed: 42,
    out: 'out',
    quiet: false,
    debug: false,
  }

  test('takes a scale, a seed and a folder', () => {
    expect(parseCommand(['--suite=counts'])).toEqual({ kind: 'suite', request: suite })
    const flags = ['--suite=counts', '--scale=full', '--seed=7', '--out=x', '--quiet', '--jobs=3']
    const request = { ...suite, scale: 'full', seed: 7, out: 'x', quiet: true, jobs: 3 }
    expect(parseCommand(flags)).toEqual({ kind: 'suite', request })
    const path = configFile({
      suite: 'counts',
      scale: 'full',
      seed: 7,
      out: 'x',
      quiet: true,
      jobs: 3,
    })
    expect(parseCommand([`--config=${path}`])).toEqual({ kind: 'suite', request })
  })

  test.each([
    [['--suite=counts', '--strategy=tiering'], '--strategy: not with --suite, which decides its'],
    [['--suite=counts', '--workload=ycsb-a'], '--workload: not with --suite'],
    [['--suite=counts', '--param=T=4'], '--param: not with --suite'],
    [['--suite=counts', '--scale=huge'], '--scale: unknown scale "huge"; known: smoke, full'],
    [['--scale=full'], '--scale: only with --suite'],
  ])('%j is refused', (argv, message) => {
    expect(() => parseCommand(argv)).toThrow(message)
  })
})

describe('mistakes get one line', () => {
  test.each([
    [['--strategi=x'], 'unknown flag "--strategi"; did you mean "--strategy"? (--help lists all)'],
    [['-x'], /unknown flag "-x"/],
    [['tiering'], 'unexpected argument "tiering"'],
    [['--records'], '--records needs a value: --records=COUNT'],
    [['--records', '--keep'], '--records needs a value: --records=COUNT'],
    [['--keep', '--storage=memory'], '--keep: not with --storage=memory'],
    [['--keep', '--target=simulator'], '--keep: not with --target=simulator, which has no files'],
    [['--keep=yes'], '--keep takes no value'],
    [['--records=12x'], '--records: "12x" is not a count such as 2000, 100k or 1M'],
    [['--records=0'], '--records: 0 is outside 1 … 1000000000'],
    [['--records=2000,4000'], '--records: takes one value, not 2: "2000,4000"'],
    [['--records=1,5k'], '--records: takes one value, not 2: "1,5k"'],
    [['--records=1.000'], '--records: "1.000" is not a count'],
    [['--seed=1,2,3'], '--seed: takes one value, not 3: "1,2,3"'],
    [['--seed=1', '--seed=2'], '--seed is given 2 times (1 and 2) and takes one value'],
    [['--strategy=a', '--strategy=b'], 'commas separate a list: --strategy=a,b'],
    [['--seed='], '--seed needs a value: --seed=INTEGER'],
    [['--param=T=2', '--param=T=3'], '--param: T is given twice, as 2 and 3'],
    [['--set=__proto__=1'], '--set: "__proto__" is not allowed as a name'],
    [['--seed=-1'], /--seed: "-1" is not a count/],
    [['--param=T'], '--param: "T" is not NAME=VALUE'],
    [['--storage=tape'], '--storage: unknown storage "tape"; known: node, memory'],
    [['--config=/nowhere.json'], '--config: cannot read /nowhere.json'],
    [['--strategy=a,,b'], '--strategy: a name is empty'],
    [['--jobs=0'], '--jobs: 0 is outside 1 … 64'],
    [
      ['--jobs=2', '--scheduling=threads'],
      '--jobs: not with --scheduling=threads, which is for times',
    ],
    [['--jobs=2', '--rate=50%'], '--jobs: not with --rate, which is for times'],
    [['--jobs=2', '--target=leveldb'], '--target=leveldb, whose background work depends on time'],
    [['--jobs=2', '--aged=x'], '--jobs: not with --aged, whose tree one run makes for the next'],
    [['--jobs=2', '--record=x'], '--jobs: not with --record, which follows one run at a time'],
    [['--jobs=2', '--metrics=:0'], '--jobs: not with --metrics, which follows one run at a time'],
  ])('%j', (argv, message) => {
    expect(() => request(...argv)).toThrow(message)
  })
})
