import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sampleResult } from '../../results/testing/sample-result.ts'
import { callVarve } from '../cli/testing/start-command.ts'
import { type RecordedFiles, recordRun } from '../timeline/testing/record-run.ts'

const folder = mkdtempSync(join(tmpdir(), 'varve-timeline-main-'))
afterAll(() => rmSync(folder, { recursive: true }))

const timeline = (...argv: string[]) => callVarve(['timeline', ...argv], folder)

describe('npm run timeline', () => {
  let run: RecordedFiles
  beforeAll(async () => {
    const size = ['--records=500', '--operations=500', '--storage=memory']
    run = await recordRun(folder, ...size, '--set=memtableBytes=64KiB')
  })

  test('writes one page, with the named runs and without any web address', () => {
    const ended = timeline(run.path)
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    const page = readFileSync(join(folder, ended.stdout.trim()), 'utf8')
    expect(page).toContain('<title>Timeline: tiering on ycsb-a</title>')
    expect(page).not.toMatch(/https?:/)
    expect(page).toContain("default-src 'none'")
  })

  test('takes the newest result with versions of a folder, and says which', () => {
    const out = join(folder, 'results')
    mkdirSync(out)
    copyFileSync(run.path, join(out, 'older-r0.json'))
    copyFileSync(run.path.replace('.json', '.versions.txt'), join(out, 'older-r0.versions.txt'))
    copyFileSync(run.path, join(out, 'newer-r0.json'))
    utimesSync(join(out, 'older-r0.json'), 1000, 1000)
    const ended = timeline(out)
    expect(ended).toMatchObject({ code: 0, stdout: 'out/timeline-older-r0.html\n' })
    expect(ended.stderr).toContain('older-r0.json, the newest result that has its versions in ')
    rmSync(join(out, 'older-r0.versions.txt'))
    const none = timeline(out)
    expect(none.code).toBe(2)
    expect(none.stderr).toMatch(
      /newer-r0\.versions\.txt does not exist; run again with --versions: /,
    )
  })

  test.each([
    ['nothing', [], /name a result: the \.json of a run/],
    ['three results', ['RUN', 'RUN', 'RUN'], /3 results: a timeline shows one, or two side by/],
    ['a file that is not a result', ['nowhere.json'], /nowhere\.json: ENOENT/],
    [
      'a run without versions',
      ['BARE'],
      /versions\.txt does not exist; run again with --versions: /,
    ],
    ['a later schema', ['LATER'], /later\.json: schemaVersion: version 9 is newer than the 1/],
    ['versions of another run', ['OTHER'], /the recorded versions are of another run/],
    ['a typo', ['RUN', '--ouut=x'], /unknown flag "--ouut"; did you mean "--out"\?/],
  ])('%s is a mistake: one line, and nothing is written', (_, argv, message) => {
    const write = (name: string, value: unknown) => {
      writeFileSync(join(folder, name), JSON.stringify(value))
      return join(folder, name)
    }
    const bare = sampleResult()
    const paths: Record<string, () => string> = {
      RUN: () => run.path,
      BARE: () => write('bare.json', bare),
      LATER: () => write('later.json', { ...bare, schemaVersion: 9 }),
      OTHER: () => {
        writeFileSync(join(folder, 'other.versions.txt'), 'varve versions 1\n')
        return write('other.json', bare)
      },
    }
    const out = join(folder, 'refused.html')
    const given = argv.map((text) => paths[text]?.() ?? text)
    const { code, stdout, stderr } = timeline(...given, `--out=${out}`)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(message)
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(existsSync(out)).toBe(false)
  })
})
