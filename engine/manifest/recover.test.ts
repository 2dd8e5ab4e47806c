import { beforeAll, describe, expect, test } from 'vitest'
import { setParanoid } from '../base/assert.ts'
import { isLsmError } from '../base/errors.ts'
import { createRandom } from '../base/random.ts'
import type { MemoryStorage } from '../storage/memory-storage.ts'
import type { Storage } from '../storage/storage.ts'
import { EMPTY_EDIT } from '../version/version-edit.ts'
import { LogWriter } from '../wal/log-writer.ts'
import { parseName } from './file-names.ts'
import { randomEdit, randomTable } from './testing/histories.ts'
import {
  appendEdits,
  create,
  FOLDER,
  facts,
  manifestsIn,
  newStorage,
  recover,
  refusal,
  TAG,
} from './testing/manifest-fixtures.ts'
import { encodeVersionEdit } from './version-edit-codec.ts'

/** A copy of the folder whose manifest has other bytes. */
function withManifest(storage: Storage, bytes: Uint8Array): MemoryStorage {
  const changed = newStorage()
  for (const name of storage.list(FOLDER)) {
    const path = `${FOLDER}/${name}`
    const file = changed.create(path, TAG)
    const isManifest = parseName(name)?.kind === 'manifest'
    file.append(isManifest ? bytes : storage.readAll(path, TAG), 'meta')
  }
  return changed
}

function manifestBytes(storage: Storage): Uint8Array {
  return storage.readAll(`${FOLDER}/${manifestsIn(storage)[0]}`, TAG)
}

beforeAll(() => {
  setParanoid(true)
  return () => setParanoid(false)
})

describe('damage', () => {
  test('a log cut anywhere behind its snapshot gives its whole edits and reports the cut', () => {
    const storage = newStorage()
    const manifest = create(storage)
    const ends = [manifest.bytes]
    const states = [manifest.state]
    const random = createRandom(11)
    for (let i = 0; i < 8; i++) {
      states.push(manifest.append(randomEdit(random, manifest.state)))
      ends.push(manifest.bytes)
    }
    const bytes = manifestBytes(storage)
    for (let cut = 0; cut < bytes.length; cut++) {
      const torn = withManifest(storage, bytes.subarray(0, cut))
      const whole = ends.filter((end) => end <= cut).length
      if (whole === 0) {
        expect(refusal(() => recover(torn)).code).toBe('LSM_CORRUPTION')
        continue
      }
      const recovered = recover(torn)
      expect(facts(recovered), `cut at ${cut}`).toEqual(facts(states[whole - 1]!))
      expect(recovered.end.bytesDropped).toBe(cut - ends[whole - 1]!)
    }
  })

  test('a flipped bit anywhere in a closed log is detected, or lies outside all edits', () => {
    const storage = newStorage()
    const manifest = create(storage)
    appendEdits(manifest, 12, 8)
    manifest.close()
    const bytes = manifestBytes(storage)
    const sealStart =
      bytes.length - 7 - encodeVersionEdit({ ...EMPTY_EDIT, lastSeq: 2 ** 40 }).length
    for (let at = 0; at < bytes.length; at++) {
      const flipped = bytes.slice()
      flipped[at]! ^= 1 << (at % 8)
      const damaged = withManifest(storage, flipped)
      if (at < sealStart) {
        const error = refusal(() => recover(damaged))
        expect(error.code).toBe('LSM_CORRUPTION')
        expect(error.data, `byte ${at}`).toMatchObject({
          path: `${FOLDER}/MANIFEST-000001`,
          offset: expect.any(Number),
        })
      } else {
        try {
          expect(facts(recover(damaged))).toEqual(facts(manifest.state))
        } catch (error) {
          if (!isLsmError(error, 'LSM_CORRUPTION')) throw error
        }
      }
    }
  })

  /** Writes a manifest with these records directly into a folder. */
  function manifestOf(records: readonly Uint8Array[], current = 'MANIFEST-000005\n'): Storage {
    const storage = newStorage()
    const log = new LogWriter(storage.create(`${FOLDER}/MANIFEST-000005`, TAG), 'meta')
    for (const record of records) log.append(record)
    storage.create(`${FOLDER}/CURRENT`, TAG).append(new TextEncoder().encode(current), 'meta')
    return storage
  }

  const first = encodeVersionEdit(EMPTY_EDIT, true)
  const table = randomTable(createRandom(2), 9, 40)
  const newRun = { level: 1, run: 1, after: null }
  const placed = { level: 1, run: 1, table }
  const adding = { ...EMPTY_EDIT, newRuns: [newRun], added: [placed] }
  const twin = { ...placed, table: { ...table, id: 10 } }
  const path = `${FOLDER}/MANIFEST-000005`

  test.each<[string, readonly Uint8Array[], RegExp, number]>([
    ['no record', [], /empty manifest/, 0],
    ['no comparator', [encodeVersionEdit(EMPTY_EDIT)], /comparator is not named/, 0],
    [
      'a run id that is not the next one',
      [first, encodeVersionEdit({ ...EMPTY_EDIT, newRuns: [{ ...newRun, run: 2 }] })],
      /run 2 where run 1 is expected: an earlier edit is missing/,
      35,
    ],
    [
      'a last seq that grew without a new log number',
      [first, encodeVersionEdit({ ...EMPTY_EDIT, lastSeq: 5 })],
      /seq 5 where seq 0 is expected, without a new log: an earlier edit is missing/,
      35,
    ],
    ['garbage in place of an edit', [first, Uint8Array.of(77)], /unknown version-edit tag 77/, 35],
    [
      'a removed table that does not exist',
      [first, encodeVersionEdit({ ...EMPTY_EDIT, removed: [placed] })],
      /level 1 has no table 9/,
      35,
    ],
    [
      'a removed table that is in another level',
      [
        encodeVersionEdit(adding, true),
        encodeVersionEdit({ ...EMPTY_EDIT, removed: [{ ...placed, level: 2 }] }),
      ],
      /level 2 has no table 9/,
      -1,
    ],
    [
      'a table added twice',
      [first, encodeVersionEdit(adding), encodeVersionEdit({ ...EMPTY_EDIT, added: [placed] })],
      /table 9 is added twice/,
      -1,
    ],
    [
      'a table in a run that does not exist',
      [first, encodeVersionEdit({ ...EMPTY_EDIT, added: [placed] })],
      /has no run 1/,
      35,
    ],
    [
      'tables of a run that overlap',
      [first, encodeVersionEdit({ ...adding, added: [placed, twin] })],
      /overlap/,
      -1,
    ],
  ])('%s', (_, records, message, offset) => {
    setParanoid(false)
    const error = refusal(() => recover(manifestOf(records)))
    setParanoid(true)
    expect(error.code).toBe('LSM_CORRUPTION')
    expect(error.message).toMatch(message)
    expect(error.data).toMatchObject({
      path,
      offset: offset < 0 ? expect.any(Number) : offset,
    })
  })

  test.each([
    ['', /does not name a manifest/],
    ['MANIFEST-000005', /does not name a manifest/],
    ['../MANIFEST-000005\n', /does not name a manifest/],
    ['MANIFEST-000006\n', /names MANIFEST-000006, which is missing/],
  ])('CURRENT with the content %j', (current, message) => {
    const error = refusal(() => recover(manifestOf([first], current)))
    expect(error.code).toBe('LSM_CORRUPTION')
    expect(error.message).toMatch(message)
    expect(error.data).toMatchObject({ path: `${FOLDER}/CURRENT` })
  })
})
