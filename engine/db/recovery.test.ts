/** What an open makes of a manifest that has lost edits, and of damaged options. */

import { describe, expect, test } from 'vitest'
import { isLsmError } from '../base/errors.ts'
import type { MemoryStorage } from '../storage/memory-storage.ts'
import { bytes, everyNth, never, openTest } from '../testing/fixtures.ts'
import { killed, replace, tag } from '../testing/log-fixtures.ts'
import {
  copyOf,
  create,
  expectRefused,
  faultsIn,
  filesIn,
  keysUpTo,
  leaveOut,
  MODES,
  type Opened,
  onlyLog,
  open,
  recordsOf,
  rewrite,
  write,
  written,
} from '../testing/recovery-fixtures.ts'
import { exportDatabase } from './offline/export.ts'

test('a manifest that ends before it names a log is refused if there is data', () => {
  const { db, storage } = openTest({ strategy: never })
  write(db, 0, 10)
  db.flush()
  db.close()
  const manifest = `/db/${storage.list('/db').find((name) => name.startsWith('MANIFEST'))}`
  leaveOut(storage, manifest, 1, 10)
  expectRefused(storage, MODES, /names no log, but there is data|has lost its last edits/)
  expect(faultsIn(storage)).toEqual([
    expect.stringMatching(/the manifest names no log, but there is data$/),
    expect.stringMatching(/the manifest has lost its last edits/),
  ])
})

test.each(['closed', 'killed'])(
  'a manifest without one of its edits never hides a write silently (%s)',
  (how) => {
    const { db, storage } = openTest({ strategy: everyNth(3) })
    for (let from = 0; from < 400; from += 10) {
      write(db, from, from + 10)
      if (from % 20 === 0) db.flush()
    }
    if (how === 'closed') db.close()
    const left = killed(storage)
    const manifest = `/db/${left.list('/db').find((name) => name.startsWith('MANIFEST'))}`
    const records = recordsOf(left.readAll(manifest, tag)).length
    const refused: number[] = []
    for (let at = 1; at < records; at++) {
      const copy = copyOf(left)
      leaveOut(copy, manifest, at, 1)
      const opened = open(copy, 'point-in-time')
      if (isLsmError(opened)) refused.push(at)
      else if (opened.recovery?.lost == null)
        expect(opened.keys, `edit ${at}`).toEqual(keysUpTo(400))
    }
    expect(refused.length).toBeGreaterThan(20)
  },
)

test('a damaged options record is refused before anything changes', () => {
  const storage = written(10)
  replace(storage, '/db/OPTIONS.json', bytes('{'))
  create(storage, '/db/000900.sst', bytes('left behind'))
  expectRefused(storage, MODES, /OPTIONS.json: not an options record/)
})

describe('a manifest that lost its last edits', () => {
  const manifestOf = (storage: MemoryStorage) =>
    `/db/${storage.list('/db').find((name) => name.startsWith('MANIFEST'))}`
  const lost = /the manifest has lost its last edits: it ends at seq \d+, and .*000\d+.sst/

  test.each([
    ['torn inside the last edit', false],
    ['cut behind its last edit but one', true],
  ])('%s is refused in every mode, and no file is touched', (_, wholeRecords) => {
    const storage = written(200)
    const path = manifestOf(storage)
    if (wholeRecords) leaveOut(storage, path, -1, 1)
    else replace(storage, path, storage.readAll(path, tag).slice(0, -1))
    expect(faultsIn(storage).length).toBeGreaterThan(1)
    expectRefused(storage, ['point-in-time'], lost)
    expectRefused(storage, ['tolerate-corrupted-tail', 'absolute'], /the log is missing/)
    expect(() => exportDatabase(storage, '/db', '/out')).toThrow(lost)
  })

  test('is found wherever it is cut behind its snapshot', () => {
    const storage = written(200)
    const records = recordsOf(storage.readAll(manifestOf(storage), tag))
    // The edit of the open, and one for each flush.
    expect(records.length).toBeGreaterThan(4)
    for (let kept = 1; kept < records.length; kept++) {
      const copy = copyOf(storage)
      rewrite(copy, manifestOf(copy), records.slice(0, kept))
      expect(faultsIn(copy).length, `${kept} records`).toBeGreaterThan(0)
      expectRefused(copy, ['point-in-time'], lost)
    }
  })

  test('opens at an earlier state when its owner moves the tables away', () => {
    const storage = written(200)
    const flushed = filesIn(storage, '.sst')
    leaveOut(storage, manifestOf(storage), -1, 1)
    const orphan = flushed.at(-1)!
    storage.rename(`/db/${orphan}`, `/db/${orphan}.mine`)
    const log = onlyLog(storage).slice(4)
    const found = open(storage, 'point-in-time') as Opened
    expect(found.keys).toEqual(keysUpTo(found.keys.length))
    expect(found.recovery).toMatchObject({
      lost: { seqFrom: found.keys.length + 1, seqTo: 200, files: [`${log}.lost`] },
    })
    expect(storage.list('/db')).toContain(`${orphan}.mine`)
  })

  test('is not reported if a flush did not reach its edit', () => {
    const storage = written(10)
    const { db, storage: other } = openTest({ strategy: never })
    write(db, 0, 10)
    db.flush()
    create(storage, '/db/000800.sst', other.readAll(`/db/${filesIn(other, '.sst')[0]}`, tag))
    db.close()
    expect(open(storage, 'absolute')).toMatchObject({ keys: keysUpTo(10) })
    expect(storage.list('/db')).not.toContain('000800.sst')
  })
})
