import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { setParanoid } from '../base/assert.ts'
import { createRandom } from '../base/random.ts'
import { Ledger } from '../storage/ledger.ts'
import { EMPTY_EDIT, type VersionEdit } from '../version/version-edit.ts'
import { Manifest } from './manifest.ts'
import { applyToState, EMPTY_STATE, type ManifestState, snapshotOf } from './manifest-state.ts'
import { recoverManifest } from './recover.ts'
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

beforeAll(() => {
  setParanoid(true)
  return () => setParanoid(false)
})

describe('history', () => {
  test('a folder without CURRENT holds no database', () => {
    expect(recoverManifest(newStorage(), FOLDER)).toBeNull()
  })

  test('recovery gives the same state as applying all edits in memory, at any log size', () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(25), fc.constantFrom(0, 500, 1e9), (seed, count, roll) => {
        const storage = newStorage()
        const manifest = create(storage, EMPTY_STATE, 1, roll)
        const state = appendEdits(manifest, seed, count).at(-1)!
        expect(manifest.state).toBe(state)
        for (const closed of [false, true]) {
          if (closed) manifest.close()
          const recovered = recover(storage)
          expect(facts(recovered)).toEqual(facts(state))
          expect(recovered.end.damage).toBeNull()
          expect(recovered.nextFileNumber).toBeGreaterThanOrEqual(state.nextFileNumber)
          expect(manifestsIn(storage).length).toBe(1)
        }
      }),
      { numRuns: 60 },
    )
  })

  test('repeats the newest write (loggedSeq) of an earlier close until the first edit', () => {
    const storage = newStorage()
    let next = 1
    const options = { allocate: () => next++, loggedSeq: 7 }
    Manifest.create(storage, FOLDER, EMPTY_STATE, options).close()
    expect(recover(storage).loggedSeq).toBe(7)
    const manifest = Manifest.create(storage, FOLDER, EMPTY_STATE, options)
    manifest.append({ ...EMPTY_EDIT, logNumber: 2, lastSeq: 5 })
    manifest.close()
    expect(recover(storage).loggedSeq).toBeNull()
  })

  test.each([
    ['to the same log', 1e9],
    ['while a new log is started', 0],
  ])('an edit may be appended between the steps of another one: %s', (_, rollBytes) => {
    const opened = (segment: number): VersionEdit => ({
      ...EMPTY_EDIT,
      segments: { opened: [segment] },
    })
    for (let steps = 0, isDone = false; !isDone; steps++) {
      const storage = newStorage()
      const manifest = create(storage, EMPTY_STATE, 1, rollBytes)
      // The log outgrows its snapshot.
      const { bytes } = manifest
      while (manifest.bytes <= 2 * bytes) manifest.append({ ...EMPTY_EDIT, logNumber: 3 })
      const work = manifest.appending(opened(101))
      let step = work.next()
      for (let made = 0; made < steps && !step.done; made++) {
        step.value.here()
        step = work.next()
      }
      isDone = step.done === true
      const { state } = manifest
      manifest.append(opened(102))
      expect([...manifest.state.segments.keys()]).toEqual(isDone ? [101, 102] : [102])
      expect([...manifest.written.segments.keys()]).toEqual([101, 102])
      // After a power loss the second edit is there, whichever log is the live one.
      const image = storage.powerLoss({ bytes: 'lost', names: 'lost' }, new Ledger())
      expect(recover(image).segments.has(102)).toBe(true)
      expect(state.segments.has(102)).toBe(false)
      while (!step.done) {
        step.value.here()
        step = work.next()
      }
      expect([...manifest.state.segments.keys()]).toEqual([101, 102])
      expect(manifest.written).toBe(manifest.state)
      manifest.append({ ...EMPTY_EDIT, logNumber: 200, lastSeq: 7 })
      expect(facts(recover(storage))).toEqual(facts(manifest.state))
      expect(recover(storage).segments).toEqual(manifest.state.segments)
    }
  })

  test('a snapshot applied to the empty state gives its state', () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(20), (seed, count) => {
        const state = appendEdits(create(newStorage()), seed, count).at(-1)!
        expect(applyToState(EMPTY_STATE, snapshotOf(state))).toEqual(state)
      }),
      { numRuns: 40 },
    )
  })

  test('each open starts a new log and removes the previous one', () => {
    const storage = newStorage()
    let state: ManifestState = EMPTY_STATE
    for (let open = 0; open < 4; open++) {
      const manifest = create(storage, state)
      appendEdits(manifest, open, 3)
      state = recover(storage)
      expect(facts(state)).toEqual(facts(manifest.state))
    }
    expect(manifestsIn(storage).length).toBe(1)
    expect(storage.list(FOLDER).length).toBe(2)
  })

  test('a log stays within its bound: short histories are kept, long ones are rewritten', () => {
    const storage = newStorage()
    const manifest = create(storage, EMPTY_STATE, 1, 2_000)
    const random = createRandom(5)
    const numbers = new Set<string>()
    for (let i = 0; i < 200; i++) {
      const snapshotBytes = encodeVersionEdit(snapshotOf(manifest.state), true).length
      manifest.append(randomEdit(random, manifest.state))
      numbers.add(manifestsIn(storage)[0]!)
      expect(manifest.bytes).toBeLessThan(2_000 + 3 * (snapshotBytes + 2_000))
    }
    expect(numbers.size).toBeGreaterThan(3)
    expect(numbers.size).toBeLessThan(100)
  })

  test('the next file number is above every file in the folder, known or unknown', () => {
    const storage = newStorage()
    create(storage).close()
    storage.create(`${FOLDER}/000077.sst`, TAG)
    storage.create(`${FOLDER}/notes-000999.txt`, TAG)
    expect(recover(storage).nextFileNumber).toBe(78)
  })

  test('an edit that does not fit changes nothing, in memory or on disk', () => {
    const storage = newStorage()
    const manifest = create(storage)
    appendEdits(manifest, 1, 3)
    const before = manifest.bytes
    const table = randomTable(createRandom(1), 9, 9)
    const edit: VersionEdit = { ...EMPTY_EDIT, added: [{ level: 0, run: 999, table }] }
    expect(() => manifest.append(edit)).toThrow('level 0 has no run 999')
    expect(manifest.bytes).toBe(before)
    manifest.append({ ...EMPTY_EDIT, logNumber: 1000, lastSeq: 2 ** 50 })
    expect(recover(storage).lastSeq).toBe(2 ** 50)
  })

  test('a closed manifest refuses edits', () => {
    const manifest = create(newStorage())
    manifest.close()
    manifest.close()
    expect(refusal(() => manifest.append(EMPTY_EDIT)).code).toBe('LSM_CLOSED')
  })
})
