import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { createRandom } from '../../base/random.ts'
import { Database } from '../../db/database.ts'
import { everyNth, text } from '../fixtures.ts'
import { TreeCheck } from '../oracles/check-tree.ts'
import { entryAt, KEY_COUNT, KILL_OPTIONS, killStorage } from './kill-entries.ts'

const CHILD = fileURLToPath(new URL('kill.child.ts', import.meta.url))

type Scheduling = 'inline' | 'threads'
type Keyed = 'plain' | 'encrypted'

/**
 * Lets the child write from `first` on and kills it after `acknowledgements`. Returns the last
 * acknowledged index.
 */
async function loadAndKill(
  folder: string,
  first: number,
  acknowledgements: number,
  scheduling: Scheduling,
  keyed: Keyed,
): Promise<number> {
  const child = spawn(process.execPath, [CHILD, folder, `${first}`, scheduling, keyed], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let last = first - 1
  for await (const line of createInterface({ input: child.stdout })) {
    // A line that the kill cut short would be a smaller number.
    last = Math.max(last, Number(line))
    if (last === first - 1 + acknowledgements) child.kill('SIGKILL')
  }
  if (child.signalCode === null) await once(child, 'exit')
  expect(child.signalCode).toBe('SIGKILL')
  return last
}

// A thread needs time to start and to merge, in which a process acknowledges many writes.
test.each<[scheduling: Scheduling, keyed: Keyed, rounds: number, mostWrites: number]>([
  ['inline', 'plain', 6, 2_000],
  ['threads', 'plain', 4, 20_000],
  ['inline', 'encrypted', 4, 2_000],
  ['threads', 'encrypted', 3, 20_000],
])(
  'a process killed at any moment has lost nothing it acknowledged, and the load goes on: %s, %s',
  async (scheduling, keyed, rounds, mostWrites) => {
    const folder = mkdtempSync(join(tmpdir(), 'varve-kill-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const random = createRandom(11)
    let written = 0
    let flushed = 0
    for (let round = 0; round < rounds; round++) {
      const acknowledgements = 20 + random.nextBelow(mostWrites)
      const acknowledged = await loadAndKill(
        folder,
        written + 1,
        acknowledgements,
        scheduling,
        keyed,
      )
      const storage = killStorage(keyed)
      using db = Database.open({ storage, folder, strategy: everyNth(3), options: KILL_OPTIONS })
      // A write is one entry, so the newest sequence number is the newest index.
      written = db.lastSeq
      expect(written).toBeGreaterThanOrEqual(acknowledged)
      expect(written, 'at most one write was under way').toBeLessThanOrEqual(acknowledged + 1)
      const oracle = new Map<string, string>()
      for (let index = Math.max(1, written - KEY_COUNT + 1); index <= written; index++) {
        const { key, value } = entryAt(index)
        oracle.set(text(key), text(value))
      }
      const found = new Map(Array.from(db.scan(), ([key, value]) => [text(key), text(value)]))
      expect(found).toEqual(oracle)
      new TreeCheck(storage, folder).check(db.version)
      flushed = Math.max(flushed, db.version.levels.length)
    }
    expect(flushed, 'the kills fell among flushes and merges').toBeGreaterThan(1)
  },
)
