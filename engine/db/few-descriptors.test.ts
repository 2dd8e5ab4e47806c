import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

const CHILD = fileURLToPath(new URL('testing/few-descriptors.child.ts', import.meta.url))
const KEYS = 2800

/** Thousands of files are synced: in memory where there is a folder for that. */
const memoryFolder = () => (existsSync('/dev/shm') ? '/dev/shm' : tmpdir())

/** What the child reports when it may open `files` files. */
function run(files: number, mode: 'fill' | 'use', folder: string) {
  const script = `ulimit -n ${files}; exec "$0" "$@"`
  const args = ['-c', script, process.execPath, CHILD, mode, folder]
  return JSON.parse(execFileSync('bash', args).toString())
}

test.skipIf(process.platform !== 'linux')(
  'everything works with more tables and segments than the process may open',
  { timeout: 120_000 },
  () => {
    const root = mkdtempSync(join(memoryFolder(), 'varve-descriptors-'))
    onTestFinished(() => rmSync(root, { recursive: true }))
    const folder = join(root, 'db')
    const filled = run(256, 'fill', folder)
    const used = run(256, 'use', folder)
    expect(used.found).toEqual(used.found.map(() => KEYS))
    expect(used.found).toHaveLength(19)
    expect(used.runs).toBeGreaterThan(256)
    expect(used.segments).toBeGreaterThan(256)
    expect(used.tables).toBeGreaterThan(2500)
    expect(used.openTables).toBe(300)
    expect(used).toMatchObject({ faults: 0, exported: used.tables })
    // A quarter of what may be open, and what the program itself has.
    expect(Math.max(filled.mostOpen, used.mostOpen)).toBeLessThan(64 + 50)
  },
)
