import { describe, expect, test } from 'vitest'
import { parseCommand } from '../cli/request.ts'
import { callVarve } from '../cli/testing/start-command.ts'

const tune = (...flags: string[]) => callVarve(['tune', ...flags])
const mix = ['--reads=3', '--zero-reads=2', '--writes=4', '--short-scans=1', '--records=1M']

// Each test starts processes while other tests run.
describe('npm run tune', { timeout: 120_000 }, () => {
  test('prints the best design of each strategy, and a command that runs the best one', () => {
    const { code, stdout, stderr } = tune(...mix)
    expect(stderr).toBe('')
    expect(code).toBe(0)
    for (const name of ['leveling', 'lazy-leveling', 'fluid']) {
      expect(stdout).toContain(`│ ${name} `)
    }
    expect(stdout).not.toContain('worst case')
    const command = stdout.trim().split('\n').at(-1)!
    const argv = command.split(' -- ')[1]!.split(' ')
    expect(parseCommand(argv)).toMatchObject({ kind: 'run', request: { records: 1_000_000 } })
  })

  test('with --rho also prints the worst case, and gives the same JSON every time', () => {
    expect(tune(...mix, '--rho=0.5').stdout).toContain('Best in the worst case within ρ = 0.5')
    const [one, two] = [tune(...mix, '--rho=1', '--json'), tune(...mix, '--rho=1', '--json')]
    expect(one.stdout).toBe(two.stdout)
    const { workload, nominal, robust } = JSON.parse(one.stdout)
    expect(workload).toEqual({
      zeroReads: 0.2,
      reads: 0.3,
      shortScans: 0.1,
      longScans: 0,
      writes: 0.4,
    })
    expect(nominal).toHaveLength(3)
    expect(robust[0].worst.cost).toBeLessThanOrEqual(nominal[0].worst.cost)
  })

  test('proposes more strategies with more space, fewer with less, and says the space', () => {
    const strategies = (...flags: string[]) => {
      const { nominal } = JSON.parse(tune(...mix, '--json', ...flags).stdout)
      return nominal.map(({ strategy }: { strategy: string }) => strategy).sort()
    }
    expect(strategies('--space=9')).toEqual(['fluid', 'lazy-leveling', 'leveling', 'tiering'])
    expect(strategies('--life=load')).toEqual(['fluid', 'lazy-leveling', 'leveling', 'tiering'])
    expect(strategies()).toEqual(['fluid', 'lazy-leveling', 'leveling'])
    expect(tune(...mix, '--space=1.3').stdout).toContain('at most 1.3 (--space)')
    const { code, stderr } = tune(...mix, '--space=1.0001', '--memory=64KiB')
    expect(code).toBe(2)
    expect(stderr).toContain('--space: no design keeps 1.0001 in 64KiB of memory')
  })

  test('--measure runs designs and says how the choice compares with them', () => {
    const flags = [...mix.slice(0, -1), '--records=4096', '--memory=96KiB', '--measure=2']
    const { code, stdout, stderr } = tune(...flags)
    expect(code).toBe(0)
    expect(stderr.trim().split('\n')).toHaveLength(2)
    expect(stdout).toMatch(/The choice (is the best of them|costs .* more than the best of them)/)
    const { measured } = JSON.parse(tune(...flags, '--json', '--quiet', '--seed=7').stdout)
    expect(measured).toMatchObject({ entries: 4096, seed: 7 })
    expect(measured.designs).toHaveLength(2)
    const [choice, other] = measured.designs
    const least = Math.min(choice.measured, other.measured)
    expect(measured.regret).toBeCloseTo(choice.measured / least - 1, 12)
    for (const { predicted, measured: cost, isSteady } of measured.designs) {
      expect(isSteady).toBe(true)
      expect(Math.abs(predicted / cost - 1)).toBeLessThan(0.05)
    }
  })

  test('filter bits may be divided optimally', () => {
    const { stdout } = tune(...mix, '--filters=monkey')
    expect(stdout).toContain('--param=filterAlloc=monkey')
  })

  test.each([
    [['--reeds=1'], 'unknown flag "--reeds"; did you mean "--reads"?'],
    [['--reads=x'], '--reads: "x" is not a number from 0 to'],
    [['--writes=-1'], '--writes: "-1" is not a number from 0 to'],
    [['--reads'], '--reads needs a value: --reads=SHARE'],
    [['--reads=1,2'], '--reads: takes one value, not 2: "1,2"'],
    [['--reads=1', '--reads=2'], '--reads is given 2 times (1 and 2)'],
    [['--reads=1e308', '--writes=1e308'], '--reads: "1e308" is not a number from 0 to'],
    [['--reads=0x10'], '--reads: "0x10" is not a number'],
    [['--reads=1', '--rho=1e9'], '--rho: "1e9" is not a number from 0 to 1000'],
    [['--reads=0'], 'no operations: give a share to one of'],
    [['--reads=1', 'more'], 'unexpected argument "more"'],
    [['--memory=1M'], 'no operations: give a share to one of'],
    [['--reads=1', '--memory=1k'], '--memory: 1k is less than a memtable of 64 KiB'],
    [['--reads=1', '--space=0.9'], '--space: "0.9" is not a number from 1 to'],
    [['--reads=1', '--life=lod'], 'unknown life "lod"; did you mean "load"?'],
    [['--reads=1', '--measure=0'], '--measure: "0" is not a whole number from 1 to 100'],
    [['--reads=1', '--records=0'], '--records: "0" is not a whole quantity of at least 1'],
    [['--reads=1', '--filters=monky'], 'did you mean "monkey"?'],
  ])('%j is one line and exit code 2', (flags, line) => {
    const { code, stdout, stderr } = tune(...flags)
    expect(code).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toContain(`tune: `)
    expect(stderr).toContain(line)
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })

  test('--help names every flag', () => {
    const { code, stdout } = tune('--help')
    expect(code).toBe(0)
    for (const flag of [
      '--reads',
      '--zero-reads',
      '--rho',
      '--memory',
      '--space',
      '--life',
      '--measure',
      '--json',
    ]) {
      expect(stdout).toContain(flag)
    }
  })
})
