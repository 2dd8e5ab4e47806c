import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runInNewContext } from 'node:vm'
import { afterAll, describe, expect, test } from 'vitest'
import { inlineScript } from './inline-script.ts'

const folder = mkdtempSync(join(tmpdir(), 'varve-inline-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Writes modules by name and returns the path of the first. */
function modules(files: Readonly<Record<string, string>>): string {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return join(folder, Object.keys(files)[0]!)
}

describe('the script of a page', () => {
  test('holds what the entry needs, each module once and before its users, without types', () => {
    const entry = modules({
      'entry.ts':
        "import { half } from './half.ts'\nimport {\n  type Shape,\n  unit,\n} from './unit.ts'\n" +
        "import type { Gone } from './gone.ts'\nconst shape: Shape = { size: half(unit) }\n" +
        'export function size(gone?: Gone): number {\n  return gone ?? shape.size\n}\nsize()',
      'half.ts':
        "import { unit } from './unit.ts'\nexport const half = (value: number) => value / unit / 2\n",
      'unit.ts': 'export interface Shape {\n  size: number\n}\nexport const unit = 4\n',
    })
    const script = inlineScript(entry)
    expect(script.match(/const unit/g)).toHaveLength(1)
    expect(script).not.toMatch(/import|export|interface|number/)
    expect(runInNewContext(script)).toBe(0.5)
  })

  test('of a built package is taken unchanged', () => {
    expect(inlineScript(modules({ 'built.js': 'let built = 1' }))).toBe('let built = 1')
  })

  test.each([
    [
      'a name declared twice',
      {
        'a.ts': "import { x } from './b.ts'\nconst y = x",
        'b.ts': 'export const x = 1\nconst y = 2',
      },
      /already been declared/,
    ],
    ['a package', { 'a.ts': "import { z } from 'zod'\nz" }, /a page cannot import zod/],
    [
      'another name',
      { 'a.ts': "import { x as y } from './b.ts'\ny", 'b.ts': 'export const x = 1' },
      /names as they are/,
    ],
    [
      'a default',
      { 'a.ts': "import x from './b.ts'\nx", 'b.ts': 'export const x = 1' },
      /names as they are/,
    ],
    ['an export list', { 'a.ts': 'const x = 1\nexport { x }' }, /of a form unknown here/],
  ])('%s is refused', (_, files, message) => {
    expect(() => inlineScript(modules(files))).toThrow(message)
  })
})
