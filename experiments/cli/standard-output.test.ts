import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { endStarted, startCommand } from './testing/start-command.ts'

const root = mkdtempSync(join(tmpdir(), 'varve-streams-'))
afterAll(() => {
  endStarted()
  rmSync(root, { recursive: true })
})

const experiments = join(import.meta.dirname, '..')

/** The shell puts standard streams in the state asked for, then becomes the command. */
function under(redirection: string, ...[script, ...parameters]: readonly string[]) {
  const argv = [process.execPath, join(experiments, script!), ...parameters]
  return startCommand(['bash', '-c', `${redirection}; exec "$@"`, 'bash', ...argv]).ended
}

/** The reader has left before the command begins. */
const CLOSED = 'exec 3> >(true); wait $!; exec 1>&3 3>&-'
const FULL = 'exec > /dev/full'

const run = ['main.ts', '--records=50', '--operations=50']
const stream = ['commands/trace/trace.ts', 'generate', '--records=100k', '--format=csv']
/** Verbs that print, that write files, that stream, that yield and that do not. */
const VERBS: readonly (readonly string[])[] = [
  ['main.ts', '--list'],
  ['commands/tune.ts', '--writes=1'],
  ['commands/conform.ts', '--list'],
  ['commands/db.ts', '--help'],
  ['../notebooks/main.ts', '--help'],
  stream,
]

// Bash and /dev/full.
describe.runIf(process.platform === 'linux')(
  'standard output',
  { timeout: 120_000, concurrent: true },
  () => {
    test.each(VERBS)('that nobody reads is no failure of %s %s', async (...argv) => {
      expect(await under(CLOSED, ...argv)).toMatchObject({ code: 0, stderr: '' })
    })

    test.each(VERBS)('on a full disk is one line of %s %s', async (...argv) => {
      const { code, stderr } = await under(FULL, ...argv)
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringMatching(/^\w+: disk full: ENOSPC[^\n]*\n$/),
      })
    })

    test.each([
      ['that nobody reads', CLOSED, 0],
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

    test('standard error that nobody reads is no failure, nor a full disk there', async () => {
      const mistake = ['main.ts', '--strategy=teiring']
      expect((await under(`${CLOSED} 2>&1`, ...mistake)).code).toBe(2)
      expect((await under('exec 2> /dev/full', ...mistake)).code).toBe(2)
      expect((await under('exec 0<&- 1>&- 2>&-', 'main.ts', '--list')).code).toBe(0)
    })

    test('a stream waits for a slow reader and stays whole', async () => {
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

test('every command ends by the one way', () => {
  const mains = readdirSync(experiments).filter((name) => name.endsWith('main.ts'))
  for (const name of [...mains, 'bench/main.ts', '../notebooks/main.ts']) {
    const text = readFileSync(join(experiments, name), 'utf8')
    expect(text, name).toMatch(/^(if \(import\.meta\.main\) )?await runCommand\('\w+', main\)$/m)
  }
})
