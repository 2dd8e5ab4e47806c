import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  Ledger,
  ManualClock,
  MemoryStorage,
  NodeStorage,
  type OpenFolderOptions,
  open,
} from './open.ts'
import { tiering } from './whole-levels/tiering.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'varve-open-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** What the folder records of its strategy. */
function recorded(): { readonly name: string; readonly parameters: Record<string, unknown> } {
  return JSON.parse(readFileSync(join(folder, 'OPTIONS.json'), 'utf8')).strategy
}

describe('open', () => {
  test('needs a folder only, and finds there what was written', async () => {
    const first = open(folder)
    await first.put(bytes('ash'), bytes('grey'))
    first.close()
    using second = open(folder)
    expect(second.get(bytes('ash'))).toEqual(bytes('grey'))
    expect(recorded()).toMatchObject({ name: 'leveling-partial' })
  })

  test('takes a strategy by its name, with parameters', () => {
    open(folder, { strategy: 'tiering', strategyParameters: { T: 6 } }).close()
    expect(recorded()).toMatchObject({ name: 'tiering', parameters: { T: 6 } })
  })

  test('takes every option of Database.open', () => {
    const clock = new ManualClock()
    open(folder, {
      strategy: 'tiering',
      strategyParameters: {},
      storage: new NodeStorage(),
      options: {},
      clock,
      timers: clock,
      seed: 1,
      valueLogPolicy: null,
      scheduling: 'inline',
      schedulingPolicy: null,
      onEvent: () => {},
    } satisfies Required<OpenFolderOptions>).close()
  })

  test('takes a strategy that the caller made', () => {
    open(folder, { strategy: tiering.create({ T: 3 }), strategyParameters: 'mine' }).close()
    expect(recorded()).toEqual({ name: 'tiering', parameters: 'mine' })
  })

  test('collects the value log by the policy that the options name', async () => {
    const options = { valueLog: { thresholdBytes: 10, gcPolicy: 'fifo' } }
    using database = open(folder, { options })
    await database.put(bytes('ash'), bytes('a value that goes to the log'))
    expect(database.options.valueLog.gcPolicy).toBe('fifo')
    expect(database.metrics().valueLog.unsealedBytes).toBeGreaterThan(0)
  })

  test('passes storage, clock, seed and listener on', async () => {
    const storage = new MemoryStorage(new Ledger())
    const clock = new ManualClock(1234)
    const times: number[] = []
    const onEvent = ({ atMs }: { readonly atMs: number }) => times.push(atMs)
    using database = open('/kept', { storage, clock, seed: 7, onEvent })
    await database.put(bytes('ash'), bytes('grey'))
    database.flush()
    expect(storage.list('/kept').length).toBeGreaterThan(0)
    expect(times).toContain(1234)
  })

  test.each([
    [{ strategy: 'tierng' }, 'no strategy is called tierng; did you mean tiering?'],
    [{ strategy: 'tiering', strategyParameters: { T: 1 } }, /^tiering: T: expected integer/],
    [{ strategy: 'tiering', strategyParameters: { TT: 4 } }, /^tiering has no parameter TT/],
    [{ stragety: 'tiering' }, /^open has no option "stragety"; it has strategy, /],
    [{ strategy: 7 }, /^strategy must be/],
  ])('refuses %j', (options, message) => {
    expect(() => open(folder, options as never)).toThrow(message)
  })
})
