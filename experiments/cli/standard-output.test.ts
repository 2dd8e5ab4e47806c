import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { endStarted, startCommand, varve } from './testing/start-command.ts'

const root = mkdtempSync(join(tmpdir(), 'varve-streams-'))
afterAll(() => {
  endStarted()
  rmSync(root, { recursive: true })
})

const notebooks = join(import.meta.dirname, '../../notebooks/main.ts')

/** The shell sets up the standard streams, then becomes the command. */
function under(redirection: string, ...argv: readonly string[]) {
  return startCommand(['bash', '-c', `${redirection}; exec "$@"`, 'bash', ...argv]).ended
}

/** The reader has left before the command begins. */
const CLOSED = 'exec 3> >(true); wait $!; exec 1>&3 3>&-'
const FULL = 'exec > /dev/full'

const run = varve('exp', '--records=50', '--operations=50')
const stream = varve('trace', 'generate', '--records=100k', '--format=csv')
/** Verbs that print, that write files, that stream, that yield and that do not. */
const COMMANDS: readonly (readonly [name: string, command: readonly string[]])[] = [
  ['exp --list', varve('exp', '--list')],
  ['tune', varve('tune', '--writes=1')],
  ['conform --list', varve('conform', '--list')],
  ['db --help', varve('db', '--help')],
  ['completion', varve('completion', 'bash')],
  ['notebooks --help', [process.execPath, notebooks, '--help']],
  ['trace generate', stream],
]

// Bash and /dev/full.
describe.runIf(process.platform === 'linux')(
  'standard output',
  { timeout: 120_000, concurrent: true },
  () => {
    test.each(COMMANDS)('without a reader is not a failure of %s', async (_, command) => {
      expect(await under(CLOSED, ...command)).toMatchObject({ code: 0, stderr: '' })
    })

    test.each(COMMANDS)('on a full disk gives one line from %s', async (_, command) => {
      const { code, stderr } = await under(FULL, ...command)
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringMatching(/^\w+: disk full: ENOSPC[^\n]*\n$/),
      })
    })

    test.each([
      ['without a reader', CLOSED, 0],
      ['on a full disk', FULL, 1],
    ])('%s costs no result', async (name, redirection, expected) => {
      const out = join(root, name)
      const { code } = await under(redirection, ...run, `--out=${out}`)
      const ends = readdirSync(out).map((entry) => entry.replace(/^[^.]*/, ''))
      expect({ code, ends }).toEqual({
        code: expected,
        ends: ['.json', '.png', '.svg', '.vl.json'],
      })
    })

    test('standard error without a reader or on a full disk is not a failure', async () => {
      const mistake = varve('exp', '--strategy=teiring')
      expect((await under(`${CLOSED} 2>&1`, ...mistake)).code).toBe(2)
      expect((await under('exec 2> /dev/full', ...mistake)).code).toBe(2)
      expect((await under('exec 0<&- 1>&- 2>&-', ...varve('exp', '--list'))).code).toBe(0)
    })

    test('a stream waits for a slow reader and stays complete', async () => {
      const path = join(root, 'slow.csv')
      const small = [...stream, '--operations=0']
      const whole = (await under('true', ...small)).stdout
      const slowly = `exec > >(while IFS= read -r -N 65536 part || [ -n "$part" ]; do printf %s "$part"; done > '${path}')`
      const { code } = await under(slowly, ...small)
      expect({ code, bytes: readFileSync(path, 'utf8').length }).toEqual({
        code: 0,
        bytes: whole.length,
      })
    })
  },
)

test('every command ends through runCommand', () => {
  for (const name of ['experiments/main.ts', 'experiments/bench/main.ts', 'notebooks/main.ts']) {
    const text = readFileSync(join(import.meta.dirname, '../..', name), 'utf8')
    const ends = /^(if \(import\.meta\.main\) )?await run(Program\(VERBS|Command\('\w+', main)\)$/m
    expect(text, name).toMatch(ends)
  }
})
