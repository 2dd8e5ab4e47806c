// RocksDB as a witness of whole folders: one strategy that it opens as it is, one that it opens
// through an export. All strategies: rocksdb-folders.deep.test.ts.

import { appendFileSync, cpSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { STRATEGIES } from '../../../strategies/catalog.ts'
import { verifyDatabase } from '../../db/offline/verify.ts'
import { runCount } from '../../version/version.ts'
import { never, RESTLESS_LOG, restless } from '../fixtures.ts'
import {
  checkFiles,
  checkOpens,
  exported,
  flipByte,
  gets,
  live,
  namesIn,
  oldestFirst,
  opensAsItIs,
  sorted,
} from './rocksdb-cases.ts'
import {
  hasRocksdbTools,
  SOUND,
  scanFolder,
  temporaryFolder,
  verifyTableFile,
} from './rocksdb-tools.ts'

const folder = temporaryFolder('folders')
/** Segments large enough that a disk's syncs do not take all the time. */
const valueLog = { ...RESTLESS_LOG, segmentBytes: 8192 }
const leveling = () => STRATEGIES.get('leveling')!.create({})
const tiering = () => STRATEGIES.get('tiering')!.create({})

describe.skipIf(!hasRocksdbTools('sst_dump', 'ldb'))('RocksDB', { timeout: 120_000 }, () => {
  test('opens a drained leveling folder as it is, its log replayed', () => {
    const lived = live({ folder: join(folder, 'a'), strategy: leveling(), writes: 700, seed: 1 })
    expect(opensAsItIs(lived.version)).toBe(true)
    expect(checkFiles(lived)).toBeGreaterThan(3)
    checkOpens(lived.folder, lived.oracle)
  })

  test('opens a tiering folder through an export, its log replayed', () => {
    const lived = live({ folder: join(folder, 'b'), strategy: tiering(), writes: 700, seed: 2 })
    expect(opensAsItIs(lived.version)).toBe(false)
    expect(checkFiles(lived)).toBeGreaterThan(3)
    checkOpens(exported(lived), lived.oracle)
  })

  test('opens an export of more runs than it has levels by default', () => {
    const lived = live({ folder: join(folder, 'c'), strategy: never, writes: 1500, seed: 3 })
    expect(runCount(lived.version)).toBeGreaterThan(10)
    checkOpens(exported(lived), lived.oracle)
  })

  test.each([
    ['as it is', leveling()],
    ['through an export', tiering()],
  ])('opens a folder with range deletions %s', (how, strategy) => {
    const place = join(folder, `ranges-${how.replaceAll(' ', '-')}`)
    const life = { folder: place, strategy, writes: 1500, keys: 1000, seed: 12 }
    const lived = live({ ...life, deletesRanges: true })
    expect(lived.version.totals.rangeDeletions).toBeGreaterThan(3)
    expect(verifyDatabase(lived.storage, place).faults).toEqual([])
    expect(checkFiles(lived)).toBeGreaterThan(3)
    if (how === 'as it is') expect(opensAsItIs(lived.version)).toBe(true)
    checkOpens(how === 'as it is' ? lived.folder : exported(lived), lived.oracle)
  })

  test('follows pointers into a log that was collected all along', () => {
    const lived = live({
      folder: join(folder, 'log'),
      strategy: leveling(),
      writes: 400,
      seed: 6,
      options: { memtableBytes: 4096, valueLog },
      valueLogPolicy: restless,
    })
    expect(verifyDatabase(lived.storage, lived.folder).faults).toEqual([])
    expect(opensAsItIs(lived.version)).toBe(true)
    checkOpens(lived.folder, lived.oracle)
  })

  test('follows pointers of an export of what a killed process left', () => {
    const source = join(folder, 'log-alive')
    const killed = join(folder, 'log-killed')
    const lived = live({
      folder: source,
      strategy: tiering(),
      writes: 300,
      seed: 8,
      options: { valueLog },
      valueLogPolicy: restless,
      beforeClose: () => {
        cpSync(source, killed, { recursive: true, filter: (path) => !path.endsWith('LOCK') })
      },
    })
    const left = namesIn(killed, '.blob').at(-1)!
    appendFileSync(join(killed, left), 'what was torn')
    const to = exported({ ...lived, folder: killed })
    checkOpens(to, lived.oracle)
    expect(verifyDatabase(lived.storage, to).faults).toEqual([])
  })

  test('gives stale values of an export with its runs in the wrong order', () => {
    const strategy = tiering()
    const lived = live({
      folder: join(folder, 'd'),
      strategy,
      writes: 700,
      seed: 4,
      deletes: false,
    })
    const wrong = exported(lived, oldestFirst)
    expect(sorted(scanFolder(wrong))).toEqual(sorted(lived.oracle))
    const stale = gets(wrong, lived.oracle).filter(
      ([key, value]) => lived.oracle.get(key) !== value,
    )
    expect(stale.length).toBeGreaterThan(10)
  })

  test('and our own check see a flip planted in a table', () => {
    const lived = live({ folder: join(folder, 'e'), strategy: tiering(), writes: 200, seed: 5 })
    expect(verifyDatabase(lived.storage, lived.folder).faults).toEqual([])
    const path = join(lived.folder, namesIn(lived.folder, '.sst')[0]!)
    flipByte(path, 100)
    expect(verifyTableFile(path)).not.toEqual(SOUND)
    const { faults } = verifyDatabase(lived.storage, lived.folder)
    expect(faults.map(({ code, data }) => ({ code, path: data.path }))).toEqual([
      { code: 'LSM_CORRUPTION', path },
    ])
  })
})
