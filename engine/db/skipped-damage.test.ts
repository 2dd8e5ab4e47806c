/** What an open brings back from damaged logs with `walRecovery: 'skip-any-corrupted'`. */

import { describe, expect, test } from 'vitest'
import { isLsmError } from '../base/errors.ts'
import { never, openTest, text } from '../testing/fixtures.ts'
import {
  killed,
  large,
  openLog,
  put,
  read,
  replace,
  segmentsIn,
  tag,
} from '../testing/log-fixtures.ts'
import {
  copyOf,
  faultsIn,
  filesIn,
  keysUpTo,
  leaveOut,
  onlyLog,
  open,
  recordsBytes,
  recordsOf,
  rewrite,
  write,
  written,
} from '../testing/recovery-fixtures.ts'
import { WriteBatch } from '../wal/write-batch.ts'
import { checkpointFolder } from './offline/checkpoint-folder.ts'

const MODE = 'skip-any-corrupted'

/** What an open in the mode finds. It must not refuse. */
function opened(storage: ReturnType<typeof written>) {
  const found = open(storage, MODE)
  if (isLsmError(found)) throw found
  return found
}

describe('a damaged log', () => {
  test('any flipped byte costs only its batch; the log is kept, and the state is whole', () => {
    const storage = written(5)
    const log = onlyLog(storage)
    const content = storage.readAll(log, tag)
    const ends = keysUpTo(5).map((_, index) =>
      index === 4 ? content.length : recordsBytes(content, index + 1),
    )
    for (let at = 0; at < content.length; at++) {
      const copy = copyOf(storage)
      const flipped = content.with(at, content[at]! ^ (1 << (at % 8)))
      replace(copy, log, flipped)
      const lost = ends.findIndex((end) => at < end)
      const { keys, recovery } = opened(copy)
      expect(keys, `byte ${at}`).toEqual(keysUpTo(5).toSpliced(lost, 1))
      expect(recovery, `byte ${at}`).toMatchObject({ batches: 4, damage: expect.any(String) })
      if (lost < 4) {
        expect(recovery!.lost, `byte ${at}`).toEqual({
          seqFrom: lost + 1,
          seqTo: lost + 1,
          files: [`${log.slice(4)}.lost`],
        })
        expect(copy.readAll(`${log}.lost`, tag)).toEqual(flipped)
      }
      if (at % 10 > 0) continue
      expect(faultsIn(copy), `byte ${at}`).toEqual([])
      expect(open(copy, 'absolute'), `byte ${at}`).toMatchObject({ keys })
    }
  })

  test('several damaged batches are one report', () => {
    const storage = written(10)
    const log = onlyLog(storage)
    const content = storage.readAll(log, tag)
    for (const at of [2, 3, 7].map((index) => recordsBytes(content, index) + 40)) content[at]! ^= 1
    const recordBytes = content.length / 10
    replace(storage, log, content)
    const { keys, recovery } = opened(storage)
    expect(keys).toEqual(keysUpTo(10).filter((_, index) => ![2, 3, 7].includes(index)))
    expect(recovery).toMatchObject({
      entries: 7,
      bytesDropped: 3 * recordBytes,
      damage: expect.stringMatching(/bad crc/),
      lost: { seqFrom: 3, seqTo: 8 },
    })
  })

  test('a batch that is missing or cannot be decoded does not end the replay', () => {
    const storage = written(10)
    const log = onlyLog(storage)
    leaveOut(storage, log, 4, 2)
    expect(opened(copyOf(storage))).toMatchObject({
      keys: keysUpTo(10).toSpliced(4, 2),
      recovery: { damage: expect.stringMatching(/batch of seq 7, expected seq 5$/) },
    })
    const records = recordsOf(storage.readAll(log, tag))
    rewrite(storage, log, records.with(1, Uint8Array.of(1, 2, 3)))
    expect(opened(storage)).toMatchObject({
      keys: keysUpTo(10).toSpliced(4, 2).toSpliced(1, 1),
      recovery: { damage: expect.stringMatching(/write batch/), lost: { seqFrom: 2, seqTo: 6 } },
    })
  })

  test('a missing log does not keep the later ones from being replayed', () => {
    const storage = written(10)
    const log = onlyLog(storage)
    const records = recordsOf(storage.readAll(log, tag))
    storage.remove(log)
    rewrite(storage, '/db/000900.log', records.slice(4))
    expect(opened(storage)).toMatchObject({
      keys: keysUpTo(10).slice(4),
      recovery: { damage: expect.stringMatching(/log is missing/), lost: { seqFrom: 1, seqTo: 4 } },
    })
  })

  test('takes a damaged batch from its copy at the beginning of the next log', () => {
    const storage = written(10)
    const log = onlyLog(storage)
    const records = recordsOf(storage.readAll(log, tag))
    rewrite(storage, log, records.slice(0, 8))
    const content = storage.readAll(log, tag)
    const at = recordsBytes(content, 5) + 40
    replace(storage, log, content.with(at, content[at]! ^ 1))
    const announcement = new WriteBatch()
    announcement.setSeq(6)
    rewrite(storage, '/db/000900.log', [announcement.view(), ...records.slice(5)])
    expect(opened(storage)).toMatchObject({ keys: keysUpTo(10), recovery: { entries: 10 } })
    expect(filesIn(storage, '.log.lost')).toEqual([`${log.slice(4)}.lost`])
  })

  test('a torn tail is dropped as in every mode', () => {
    const storage = written(10)
    const log = onlyLog(storage)
    storage.truncate(log, storage.size(log) - 5)
    expect(opened(storage)).toMatchObject({ keys: keysUpTo(9), recovery: { lost: null } })
  })
})

test('a checkpoint of the closed folder holds the same and needs no recovery mode', () => {
  const { db, storage } = openTest({ strategy: never, options: { walRecovery: MODE } })
  write(db, 0, 10)
  const after = killed(storage)
  leaveOut(after, onlyLog(after), 4, 2)
  checkpointFolder(after, '/db', '/copy')
  const options = { walRecovery: 'absolute' } as const
  const { db: copy } = openTest({ storage: after, folder: '/copy', strategy: never, options })
  expect(Array.from(copy.scan(), ([key]) => text(key))).toEqual(keysUpTo(10).toSpliced(4, 2))
  copy.close()
})

test('a batch whose value is damaged is left out, and those behind it come back', () => {
  const { db, storage } = openLog()
  put(db, 'a', large('a'), true)
  put(db, 'b', large('b'), true)
  put(db, 'c', 'small', true)
  const [segment] = segmentsIn(storage)
  const after = killed(storage, segment, (content) => content.with(-1, content.at(-1)! ^ 1))
  const { db: again } = openLog({ storage: after, strategy: never, options: { walRecovery: MODE } })
  expect(['a', 'b', 'c'].map((key) => read(again, key))).toEqual([large('a'), undefined, 'small'])
  put(again, 'd', large('d'))
  again.close()
  expect(faultsIn(after)).toEqual([])
})
