import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { sampleResult } from '../../results/testing/sample-result.ts'
import { callVarve } from '../cli/testing/start-command.ts'

const folder = mkdtempSync(join(tmpdir(), 'varve-report-main-'))
afterAll(() => rmSync(folder, { recursive: true }))

const report = (...argv: string[]) => callVarve(['report', ...argv], folder)

function write(name: string, value: unknown): string {
  writeFileSync(join(folder, name), JSON.stringify(value))
  return join(folder, name)
}

describe('npm run report', () => {
  test('takes the results in a folder, which may also hold charts', () => {
    const sweep = join(folder, 'sweep')
    mkdirSync(sweep)
    write('sweep/a.json', sampleResult({ strategy: 'tiering' }))
    write('sweep/b.json', sampleResult({ strategy: 'leveling' }))
    write('sweep/a.vl.json', { mark: 'bar' })
    const ended = report(sweep)
    expect(ended).toMatchObject({ code: 0, stderr: '', stdout: 'out/report.html\n' })
    const page = readFileSync(join(folder, 'out', 'report.html'), 'utf8')
    expect(page).toContain('<title>Report: tiering and leveling on ycsb-a</title>')
    expect(page).toContain("default-src 'none'")
  })

  test.each([
    ['nothing', [], /name results: \.json files of runs, or folders/],
    ['a file that is not a result', ['nowhere.json'], /nowhere\.json: ENOENT/],
    ['a folder without results', ['EMPTY'], /empty: no results in this folder/],
    ['a later schema', ['LATER'], /later\.json: schemaVersion: version 9 is newer than the 1/],
    ['a broken result', ['BROKEN'], /broken\.json: config\.records: /],
    ['no JSON', ['TEXT'], /text\.json: \(document\): not JSON/],
    ['a typo', ['x.json', '--otu=x'], /unknown flag "--otu"; did you mean "--out"\?/],
  ])('%s is a mistake: one line, and nothing is written', (_, argv, message) => {
    const result = sampleResult()
    const paths: Record<string, () => string> = {
      EMPTY: () => {
        mkdirSync(join(folder, 'empty'))
        return join(folder, 'empty')
      },
      LATER: () => write('later.json', { ...result, schemaVersion: 9 }),
      BROKEN: () => write('broken.json', { ...result, config: { ...result.config, records: -1 } }),
      TEXT: () => {
        writeFileSync(join(folder, 'text.json'), 'no')
        return join(folder, 'text.json')
      },
    }
    const out = join(folder, 'refused.html')
    const ended = report(...argv.map((text) => paths[text]?.() ?? text), `--out=${out}`)
    expect(ended).toMatchObject({ code: 2, stdout: '' })
    expect(ended.stderr).toMatch(message)
    expect(ended.stderr.trim().split('\n')).toHaveLength(1)
    expect(existsSync(out)).toBe(false)
  })
})
