import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { parseCommand } from '../../cli/request.ts'
import { resolvePlans } from '../../cli/resolve.ts'
import { announcementOf } from './announcement.ts'

async function announced(...flags: string[]): Promise<string | null> {
  const command = parseCommand(flags)
  if (command.kind !== 'run') throw new Error(command.kind)
  const { request } = command
  return announcementOf(await resolvePlans(request), tmpdir(), request.jobs ?? 1)
}

test.each([
  [[]],
  [['--records=1M', '--operations=0', '--value-bytes=10']],
  [['--target=simulator', '--workload=ycsb-load', '--user-bytes=1TiB']],
])('%j is short and is not announced', async (flags) => {
  expect(await announced(...flags)).toBeNull()
})

test('a large load is announced with its size, disk, memory and time', async () => {
  expect(await announced('--records=20M')).toMatch(
    /^this run loads 20 M records \(21.7 GiB\) and runs 100 k operations; it needs up to 65 GiB of disk( \(.* are free\))? and about 337 MiB of memory; it takes roughly 1 h 1 min$/,
  )
})

test.each([
  ['in memory', ['--records=4M', '--storage=memory'], /it needs about 1\d\.\d GiB of memory;/],
  ['without a load', ['--workload=fillrandom', '--records=1G', '--operations=1'], /\(1\d\d GiB\)/],
  [
    'of many runs',
    ['--repeat=2', '--records=3M'],
    /^each of 2 runs loads 3 M.*; all take roughly /,
  ],
  [
    'of which two are done at once',
    ['--repeat=2', '--records=20M', '--jobs=2'],
    /; 2 at once need up to 13\d GiB of disk.* and about 6\d\d MiB of memory; all .* 1 h 1 min$/,
  ],
  ['at a slow rate', ['--operations=100k', '--rate=10'], /roughly 2 h 46 min$/],
  ['of a phase', ['--workload=overwrite', '--param=writes=1G'], /runs 1 G operations; .* h/],
  [
    'on the simulator',
    ['--target=simulator', '--records=50M'],
    /it needs about 1\d\.\d GiB of memory/,
  ],
] as const)('also one %s', async (_, flags, line) => {
  expect(await announced(...flags)).toMatch(line)
})
