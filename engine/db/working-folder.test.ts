import { execFileSync } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

test('a database opened by a relative path stays there when the working folder changes', () => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'varve-working-folder-')))
  onTestFinished(() => rmSync(root, { recursive: true }))
  const child = fileURLToPath(new URL('testing/working-folder.child.ts', import.meta.url))
  const { runs, ...seen } = JSON.parse(execFileSync(process.execPath, [child, root]).toString())
  expect(seen).toEqual({
    folder: join(root, 'here/db'),
    isLocked: true,
    isReleased: true,
    entries: 200,
    faults: [],
    exported: true,
    isUntouched: true,
  })
  expect(runs).toBeGreaterThan(0)
})
