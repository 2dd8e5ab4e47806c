import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { longCommentLines, oldPhrases, type ProseFinding, packedLiterals } from './prose.ts'

/** This page quotes the phrases, to say what replaces them. */
const QUOTES = 'docs/style.md'

const paths = execFileSync('git', ['ls-files', '*.ts', '*.md', '*.html'], { encoding: 'utf8' })
  .trimEnd()
  .split('\n')
  .filter((path) => existsSync(path))
const sources = paths.filter((path) => path.endsWith('.ts'))

function findingsIn(
  files: readonly string[],
  check: (text: string, path: string) => readonly ProseFinding[],
): readonly string[] {
  return files.flatMap((path) =>
    check(readFileSync(path, 'utf8'), path).map(({ line, fault }) => `${path}:${line}: ${fault}`),
  )
}

describe('the prose of the house', () => {
  test('keeps comments within 100 columns', () => {
    expect(sources.length).toBeGreaterThan(500)
    expect(findingsIn(sources, longCommentLines)).toEqual([])
  })

  test('spreads no object literal in place', () => {
    expect(findingsIn(sources, packedLiterals)).toEqual([])
  })

  test('uses none of the listed phrases', () => {
    const checked = paths.filter((path) => path !== QUOTES)
    expect(findingsIn(checked, (text, path) => oldPhrases(path, text))).toEqual([])
  })
})

describe('a planted fault is found', () => {
  const long = 'word '.repeat(20)

  test.each([
    ['a line comment', `// ${long}\n`, 1],
    ['a line of a docstring', `/**\n * short\n * ${long}\n */\n`, 3],
    ['a comment behind code', `const a = 1 // ${long}\n`, 1],
  ])('in %s', (_, text, line) => {
    expect(longCommentLines(text)).toMatchObject([{ line }])
  })

  test('but long code and a URL pass', () => {
    expect(
      longCommentLines(`const a = '${long}'\n// https://example.org/${'a'.repeat(100)}`),
    ).toEqual([])
  })

  test.each([
    ['const x = {\n  ...{ a, b },\n}', 2],
    ['call({ ...{\n  a } })', 1],
  ])('in the literal %j', (text, line) => {
    expect(packedLiterals(text)).toMatchObject([{ line }])
  })

  test('but spreads of names, conditions and strings pass', () => {
    const text = "const x = { ...a, ...(b ? { c } : {}), d: '...{ e }' } // ...{ f }"
    expect(packedLiterals(text)).toEqual([])
  })

  test.each([
    ['x.ts', 'const a = 1\n// A strategy of one\u2019s own.', [2]],
    ['x.ts', "const a = 1\n// A strategy of one's own.", [2]],
    ['x.ts', '/**\n * What a figure is told\n * by.\n */', [2]],
    ['x.ts', '// The tables known\n// by their ids.', [1]],
    ['x.ts', "const text = 'known by'", []],
    ['x.md', 'A file, be it large.\n\nAnd what is no file.', [1, 3]],
    ['x.md', 'What is no longer needed goes.', []],
  ])('in the prose of %s: %j', (path, text, lines) => {
    expect(oldPhrases(path, text).map(({ line }) => line)).toEqual(lines)
  })

  test('the finding says what to write instead', () => {
    expect(oldPhrases('x.md', 'known by')[0]!.fault).toBe(
      '"known by"; write instead: identified by',
    )
  })
})
