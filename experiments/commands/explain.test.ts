import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { callVarve } from '../cli/testing/start-command.ts'

const folder = mkdtempSync(join(tmpdir(), 'varve-explain-'))
afterAll(() => rmSync(folder, { recursive: true }))

const explain = (...argv: string[]) => callVarve(['explain', ...argv])
const resultIn = (out: string) => {
  const name = readdirSync(out).find((entry) => /-r0\.json$/.test(entry))
  return join(out, name!)
}

describe('npm run explain', () => {
  const out = join(folder, 'with')
  const bare = join(folder, 'without')
  beforeAll(() => {
    const small = ['--records=1500', '--operations=500', '--set=memtableBytes=64KiB', '--quiet']
    callVarve(['exp', ...small, '--versions', `--out=${out}`])
    callVarve(['exp', ...small, `--out=${bare}`])
  }, 60_000)

  test('tells the story of a result', () => {
    const { code, stdout, stderr } = explain(resultIn(out))
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^ycsb-a-tiering-[0-9a-f]{8}-r0\ntiering \(T 4, /)
    for (const part of ['\nload: ', '\nrun: ', '\ndrain', '\nby trigger', '\nby level']) {
      expect(stdout).toContain(part)
    }
  })

  test('asks another strategy about one event', () => {
    const { code, stdout } = explain(resultIn(out), '--at=5', '--strategy=leveling', '--param=T=2')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^ {2}#5 .*merge.*the tree before #5.*tiering picked.*leveling \(T 2/s)
  })

  test('without versions still shows the event, and says how to record them', () => {
    const path = resultIn(bare)
    expect(explain(path, '--at=5')).toMatchObject({ code: 0, stderr: '' })
    const { code, stderr } = explain(path, '--at=5', '--strategy=leveling')
    expect(code).toBe(2)
    expect(stderr).toMatch(
      /versions\.txt does not exist; run again with --versions: npm run exp -- /,
    )
  })

  test('takes the newest result of a folder, and says which', () => {
    const both = join(folder, 'both')
    mkdirSync(both)
    const copy = (from: string, name: string, writtenS: number) => {
      copyFileSync(from, join(both, name))
      utimesSync(join(both, name), writtenS, writtenS)
    }
    copy(resultIn(out), 'older-r0.json', 1000)
    copy(resultIn(out).replace('.json', '.versions.txt'), 'older-r0.versions.txt', 1000)
    copy(resultIn(bare), 'newer-r0.json', 2000)
    for (const name of ['x-r0.peer.json', 'counts.json', '._x-r0.json']) {
      writeFileSync(join(both, name), '{"peer": {}}')
    }
    mkdirSync(join(both, 'folder-r0.json'))
    const story = explain(both)
    expect(story.stderr).toBe(`explain: ${both}/newer-r0.json, the newest result in ${both}\n`)
    expect(story.stdout).toBe(explain(resultIn(bare)).stdout)
    const rival = explain(both, '--at=5', '--strategy=leveling')
    expect(rival.stderr).toContain(`${both}/older-r0.json, the newest result that has its versions`)
    expect(rival.code).toBe(0)
  })

  test.each([
    [[], 'name a result'],
    [['EMPTY'], 'no result of a run in this folder'],
    [['nowhere.json'], 'nowhere.json: ENOENT'],
    [['RESULT', '--at=0'], '--at: "0" is not a whole number from 1 to'],
    [['RESULT', '--at=99999'], '--at: "99999" is not a whole number from 1 to'],
    [['RESULT', '--level=x'], '--level: "x" is not a whole number'],
    [['RESULT', '--strategy=leveling'], '--strategy: only with --at'],
    [['RESULT', '--at=5', '--strategy=levling'], 'did you mean leveling?'],
    [
      ['RESULT', '--at=5', '--strategy=leveling', '--param=T=1'],
      'leveling parameter T=1: expected',
    ],
    [['RESULT', '--att=5'], 'unknown flag "--att"; did you mean "--at"?'],
    [['BROKEN'], 'broken.json: (document): not JSON'],
  ])('%j is a mistake: one line', (argv, line) => {
    const broken = join(folder, 'broken.json')
    writeFileSync(broken, '{')
    mkdirSync(join(folder, 'empty'), { recursive: true })
    const paths: Record<string, string> = {
      EMPTY: join(folder, 'empty'),
      RESULT: resultIn(out),
      BROKEN: broken,
    }
    const { code, stdout, stderr } = explain(...argv.map((text) => paths[text] ?? text))
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(line)
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })
})
