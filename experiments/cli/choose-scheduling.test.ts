import { expect, test } from 'vitest'
import { parseCommand } from './request.ts'
import { resolvePlans } from './resolve.ts'

async function configOf(...flags: string[]) {
  const command = parseCommand(flags)
  if (command.kind !== 'run') throw new Error(command.kind)
  const [plan] = await resolvePlans(command.request)
  return plan!
}

test('inline is the default, and leaves no trace in the configuration', async () => {
  const plan = await configOf()
  expect(plan.config).not.toHaveProperty('scheduling')
  expect((await configOf('--scheduling=inline')).id).toBe(plan.id)
  expect(plan.command.join(' ')).not.toContain('scheduling')
})

test('threads: the policy and its numbers, with their defaults', async () => {
  const { config } = await configOf('--scheduling=threads')
  expect(config.scheduling).toEqual({
    executor: 'threads',
    policy: 'fair',
    backgroundJobs: 2,
    memtablesMax: 1,
    slowdown: 'debt',
  })
  const flags = ['scheduling=greedy', 'backgroundJobs=3', 'memtablesMax=2', 'slowdown=beats']
  const set = flags.map((flag) => `--set=${flag}`)
  expect((await configOf('--scheduling=threads', ...set)).config.scheduling).toEqual({
    executor: 'threads',
    policy: 'greedy',
    backgroundJobs: 3,
    memtablesMax: 2,
    slowdown: 'beats',
  })
})

test('virtual: the device, which is part of the identity and of the command', async () => {
  const flags = ['--scheduling=virtual', '--set=deviceWriteMBps=200', '--set=deviceLatencyUs=80']
  const plan = await configOf(...flags)
  expect(plan.config.scheduling!.device).toEqual({
    readMBps: 500,
    writeMBps: 200,
    latencyUs: 80,
    fileUs: 500,
    operationUs: 5,
  })
  expect(plan.config.engine).not.toHaveProperty('deviceWriteMBps')
  expect(plan.command).toEqual(expect.arrayContaining(flags))
  expect((await configOf('--scheduling=virtual')).id).not.toBe(plan.id)
})

test.each([
  [['--scheduling=thread'], '--scheduling: unknown scheduling "thread"; did you mean "threads"?'],
  [
    ['--scheduling=threads', '--set=scheduling=gredy'],
    'unknown scheduling "gredy"; did you mean "greedy"?',
  ],
  [
    ['--set=scheduling=greedy'],
    '--set=scheduling: only with --scheduling=threads or virtual; inline, nothing runs beside the operations',
  ],
  [['--set=backgroundJobs=4'], '--set=backgroundJobs: only with --scheduling=threads or virtual'],
  [
    ['--scheduling=threads', '--set=deviceWriteMBps=1'],
    '--set=deviceWriteMBps: only with --scheduling=virtual',
  ],
  [
    ['--scheduling=virtual', '--set=deviceWriteMBps=0'],
    'setting of the device deviceWriteMBps=0: expected number > 0 and ≤ 1000000',
  ],
  [
    ['--scheduling=virtual', '--set=deviceWriteMbps=1'],
    'unknown setting of the device "deviceWriteMbps"; did you mean "deviceWriteMBps"?',
  ],
  [
    ['--scheduling=threads', '--target=simulator'],
    '--scheduling=threads: not with --target=simulator, which works in no real time; take virtual',
  ],
  [
    ['--scheduling=virtual', '--target=simulator', '--user-bytes=1GiB'],
    '--scheduling=virtual: not with --user-bytes, which simulates without single operations; ' +
      'take --records, or --suite=stability for large trees',
  ],
  [
    ['--scheduling=virtual', '--target=simulator', '--set=subcompactions=2'],
    '--set=subcompactions: not with --target=simulator; its merges stay whole',
  ],
  [
    ['--scheduling=threads', '--storage=memory'],
    '--scheduling=threads: not with --storage=memory, which other threads cannot reach',
  ],
  [
    ['--scheduling=threads', '--clients=65'],
    '--clients=65: at most 64 with --scheduling=threads, where each reads in a thread; --scheduling=virtual takes more',
  ],
  [
    ['--scheduling=threads', '--target=varve,leveldb'],
    '--scheduling: leveldb schedules its own work; take inline',
  ],
  [
    ['--scheduling=virtual', '--until=steady', '--clients=4'],
    '--until: not with --clients under --scheduling=virtual',
  ],
])('%j is refused', async (flags, message) => {
  await expect(async () => configOf(...flags)).rejects.toThrow(message)
})
