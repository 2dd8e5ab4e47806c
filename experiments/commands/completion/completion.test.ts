/** The script of `varve completion bash`, run by a bash that has no other completions. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { shellText } from '../../../results/shell-text.ts'
import { callVarve, varve } from '../../cli/testing/start-command.ts'

const folder = mkdtempSync(join(tmpdir(), 'varve-completion-'))
const script = join(folder, 'varve.bash')
beforeAll(() => {
  writeFileSync(script, callVarve(['completion', 'bash']).stdout)
  writeFileSync(join(folder, 'a result.json'), '')
})
afterAll(() => rmSync(folder, { recursive: true }))

/**
 * Sets the variables that readline sets for `line` with the cursor at its end, and prints the
 * replies, one a line.
 */
const DRIVER = `
source "$1"
varve() { ${shellText([...varve()])} "$@"; }
COMP_LINE=$2 COMP_POINT=\${#2} COMP_WORDS=("\${@:3}") COMP_CWORD=$(($# - 3))
_varve_complete varve
printf '%s\\n' "\${COMPREPLY[@]}"
complete -p varve >&2
`

/** Bash passes each '=' as a separate word. */
function wordsOf(line: string): readonly string[] {
  const words = line.match(/=|[^\s=]+/g) ?? []
  return /\s$/.test(line) ? [...words, ''] : words
}

function replies(line: string): readonly string[] {
  const argv = ['--noprofile', '--norc', '-c', DRIVER, 'bash', script, line, ...wordsOf(line)]
  const { stdout, stderr } = spawnSync('bash', argv, { encoding: 'utf8', cwd: folder })
  expect(stderr).toBe('complete -F _varve_complete varve\n')
  return stdout.split('\n').filter((reply) => reply !== '')
}

// Each starts a bash, which starts the program.
test.runIf(process.platform !== 'win32').each([
  ['varve ti', ['timeline', 'tidy']],
  ['varve db ', ['verify', 'dump', 'export', 'checkpoint', 'ingest', 'repair', 'compact', 'stats']],
  ['varve trace ex', ['export']],
  ['varve exp --val', ['--value-bytes=']],
  ['varve exp --seed=1 --see', []],
  ['varve exp --param=T=4 --par', ['--param=']],
  ['varve compare --json --js', []],
  ['varve exp --strategy=tie', ['tiering']],
  ['varve exp --strategy tie', ['tiering']],
  ['varve exp --strategy=tiering,lev', ['tiering,leveling', 'tiering,leveling-partial']],
  ['varve exp --strategy=./va', ['./varve.bash']],
  ['varve exp --storage=', ['node', 'memory']],
  ['varve exp --suite=co', ['counts']],
  ['varve exp --set=blockCache', ['blockCacheBytes=']],
  ['varve exp --list=memtable', ['memtableBytes', 'memtablesMax']],
  ['varve exp --param=bitsPer', ['bitsPerKey=']],
  ['varve exp --param=bitsPerKey=', []],
  [
    'varve trace stats --format=',
    ['native', 'ycsb', 'rocksdb', 'rocksdb-text', 'twitter', 'kvcache'],
  ],
  ['varve conform teir', []],
  ['varve conform tier', ['tiering']],
  ['varve completion ', ['bash', 'zsh', 'fish', 'powershell']],
  ['varve explain a', ['a result.json']],
  ['varve exp --config=a', ['a result.json']],
  ['varve exp --config=', ['a result.json', 'varve.bash']],
  ['varve exp --aged=a', []],
  ['varve nowhere ', []],
])('%s', { timeout: 60_000 }, (line, expected) => {
  expect(replies(line).toSorted()).toEqual(expected.toSorted())
})

test('no example sends the lines that npm prints into a file of the shell', () => {
  expect(callVarve(['completion', '--help']).stdout).not.toMatch(/npm run varve .*>/)
})

test('the scripts of the other shells are printed, an unknown shell is refused', () => {
  for (const shell of ['zsh', 'fish', 'powershell']) {
    expect(callVarve(['completion', shell])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^#(compdef varve\n| \w+ completion for varve )/),
    })
  }
  expect(callVarve(['completion', 'bsh'])).toEqual({
    code: 2,
    stdout: '',
    stderr: 'completion: unknown shell "bsh"; did you mean "bash"?\n',
  })
})
