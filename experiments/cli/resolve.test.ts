import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { parseCommand } from './request.ts'
import { resolvePlans } from './resolve.ts'

const folder = mkdtempSync(join(tmpdir(), 'varve-resolve-'))
afterAll(() => rmSync(folder, { recursive: true }))

function plans(...flags: string[]) {
  const command = parseCommand(flags)
  if (command.kind !== 'run') throw new Error(command.kind)
  return resolvePlans(command.request)
}

test('workloads, then repeats, then strategies: runs of one stream are neighbours', async () => {
  const all = await plans('--strategy=leveling,tiering', '--workload=ycsb-a,ycsb-e', '--repeat=2')
  expect(all.map(({ id }) => id.replace(/-[0-9a-f]{8}-/, ' '))).toEqual([
    'ycsb-a-leveling r0',
    'ycsb-a-tiering r0',
    'ycsb-a-leveling r1',
    'ycsb-a-tiering r1',
    'ycsb-e-leveling r0',
    'ycsb-e-tiering r0',
    'ycsb-e-leveling r1',
    'ycsb-e-tiering r1',
  ])
})

test('a parameter goes to exactly the strategies and workloads that declare it', async () => {
  const [leveling, partial] = await plans(
    '--strategy=leveling,leveling-partial',
    '--param=T=10',
    '--param=l0Trigger=2',
    '--param=fieldcount=3',
  )
  expect(leveling!.config.strategy.params).toMatchObject({ T: 10 })
  expect(leveling!.config.strategy.params).not.toHaveProperty('l0Trigger')
  expect(partial!.config.strategy.params).toMatchObject({ T: 10, l0Trigger: 2 })
  expect(leveling!.config.workload.params).toMatchObject({ fieldcount: 3, fieldlength: 100 })
})

test('a list of parameters is read, and written into the repeating command', async () => {
  for (const K of ['9,2,1', '[3]', '3']) {
    const [plan] = await plans('--strategy=k-lsm', '--param=T=10', `--param=K=${K}`)
    expect(plan!.config.strategy.params).toMatchObject({
      T: 10,
      K: JSON.parse(K.includes(',') ? `[${K}]` : K),
    })
    const [again] = await plans(...plan!.command.slice(4))
    expect(again!.config).toEqual(plan!.config)
  }
})

test.each([
  ['--param=T=2,3,4', 'tiering parameter T=2,3,4: takes one value (--param=T=2), not 3'],
  ['--param=T=1,234', 'tiering parameter T=1,234: expected integer 2 … 1000'],
  ['--param=constructor=1', 'unknown parameter "constructor"'],
  ['--param=toString=1', 'unknown parameter "toString"'],
  ['--strategy=constructor', 'unknown strategy "constructor"'],
  ['--workload=__proto__', 'unknown workload "__proto__"'],
  ['--param=fieldlength=1073741824', 'writes a value of 10737418'],
  ['--value-bytes=1GiB', 'writes a value of 1073741824 bytes; the engine takes at most 536870912'],
  ['--set=memtableBytes=1MiB,2MiB', 'takes one value (--set=memtableBytes=1MiB), not 2'],
])('%s is refused', async (flag, line) => {
  await expect(plans(flag)).rejects.toThrow(line)
})

describe('identity', () => {
  const idOf = async (...flags: string[]) => (await plans(...flags))[0]!.id

  test('spelling does not change it', async () => {
    const id = await idOf('--param=T=5', '--set=memtableBytes=64KiB')
    expect(await idOf('--set=memtableBytes=65536', '--param=T=5', '--records=100000')).toBe(id)
    expect(await idOf('--param=T=5', '--set=memtableBytes=64k', '--strategy=tiering')).toBe(id)
  })

  test.each([
    ['--param=T=5'],
    ['--records=99k'],
    ['--operations=1'],
    ['--value-bytes=100'],
    ['--seed=1'],
    ['--set=blockBytes=8k'],
    ['--storage=memory'],
    ['--param=zeropadding=5'],
  ])('%s changes it', async (flag) => {
    expect(await idOf(flag)).not.toBe(await idOf())
  })
})

test('the command asks for the same run', async () => {
  const flags = ['--param=T=3', '--set=blockBytes=8k', '--repeat=3', '--value-bytes=1k', '--seed=9']
  const original = (await plans(...flags)).at(-1)!
  expect(original.command.slice(0, 4)).toEqual(['npm', 'run', 'exp', '--'])
  const again = (await plans(...original.command.slice(4))).at(-1)!
  expect(again.id).toBe(original.id)
  expect(again.command).toEqual(original.command)
})

test('a user’s module is a strategy, and its text is part of the identity', async () => {
  const path = join(folder, 'mine.ts')
  const source = (note: string) => `
    import { z } from ${JSON.stringify(import.meta.resolve('zod'))}
    import { defineStrategy } from ${JSON.stringify(join(import.meta.dirname, '../../strategies/index.ts'))}
    // ${note}
    export default defineStrategy({
      name: 'mine', description: '', params: z.object({ N: z.int().min(1).default(2) }),
      primitives: { trigger: [], layout: 'tiering', granularity: [], movement: [] },
      pick: () => null,
    })`
  writeFileSync(path, source('one'))
  const [first] = await plans(`--strategy=${path}`, '--param=N=3')
  expect(first!.config.strategy).toMatchObject({ name: 'mine', params: { N: 3 } })
  writeFileSync(path, source('two'))
  const [second] = await plans(`--strategy=${path}`, '--param=N=3')
  expect(second!.id).not.toBe(first!.id)
})

describe('mistakes', () => {
  test.each([
    ['--strategy=teiring', 'unknown strategy "teiring"; did you mean "tiering"?'],
    ['--workload=ycsb-z', 'unknown workload "ycsb-z"; did you mean "ycsb-a"?'],
    ['--strategy=./nowhere.ts', /nowhere\.ts/],
    ['--param=T=1', 'tiering parameter T=1: expected integer 2 … 1000'],
    ['--param=bitsPerkey=1', /unknown parameter "bitsPerkey"; did you mean "bitsPerKey"\?/],
    ['--param=l0Trigger=2', /declared by none of the chosen strategies and workloads/],
    ['--param=fieldcount=none', 'ycsb-a parameter fieldcount=none: expected integer 1 … 10000'],
    ['--set=blockbytes=4k', 'unknown engine option "blockbytes"; did you mean "blockBytes"?'],
    ['--set=blockBytes=1', /engine option blockBytes=1: expected integer 64 … /],
  ])('%s', async (flag, message) => {
    await expect(plans(flag)).rejects.toMatchObject({ name: 'UsageError' })
    await expect(plans(flag)).rejects.toThrow(message)
  })

  test('a rule across parameters', async () => {
    const flags = ['--strategy=fluid', '--param=K=9', '--param=T=4']
    await expect(plans(...flags)).rejects.toMatchObject({ name: 'UsageError' })
  })

  test('a rule across a workload’s parameters', async () => {
    const flags = ['--param=readproportion=0', '--param=updateproportion=0']
    await expect(plans(...flags)).rejects.toMatchObject({ name: 'UsageError' })
  })
})
