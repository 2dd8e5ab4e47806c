import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { setParanoid } from '../base/assert.ts'
import { isLsmError, LsmError } from '../base/errors.ts'
import { createRandom } from '../base/random.ts'
import { FaultStorage } from '../storage/fault-storage.ts'
import { Ledger } from '../storage/ledger.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import type { Storage } from '../storage/storage.ts'
import { printVersion } from '../version/text.ts'
import { EMPTY_EDIT, type VersionEdit } from '../version/version-edit.ts'
import { LogWriter } from '../wal/log-writer.ts'
import { parseName } from './file-names.ts'
import { randomEdit, randomTable } from './histories.ts'
import { Manifest } from './manifest.ts'
import { applyToState, EMPTY_STATE, type ManifestState, snapshotOf } from './manifest-state.ts'
import { type RecoveredManifest, recoverManifest } from './recover.ts'
import { encodeVersionEdit } from './version-edit-codec.ts'

const FOLDER = 'db'
const TAG = { cause: 'meta', level: -1 } as const

function newStorage(): MemoryStorage {
  const storage = new MemoryStorage(new Ledger())
  storage.makeFolder(FOLDER)
  return storage
}

/** A manifest whose file numbers start at `first`. */
function create(storage: Storage, state = EMPTY_STATE, first = 1, rollBytes = 1e9): Manifest {
  let next = Math.max(first, state.nextFileNumber)
  return Manifest.create(storage, FOLDER, state, { allocate: () => next++, rollBytes })
}

/** Appends `count` random edits; gives the state before the first and after each. */
function appendEdits(manifest: Manifest, seed: number, count: number): ManifestState[] {
  const random = createRandom(seed)
  const states = [manifest.state]
  for (let i = 0; i < count; i++) states.push(manifest.append(randomEdit(random, manifest.state)))
  return states
}

function recover(storage: Storage): RecoveredManifest {
  return recoverManifest(storage, FOLDER)!
}

/** What must survive; `nextFileNumber` may only grow, by files no edit knows of. */
function facts(state: ManifestState): object {
  const { version, logNumber, nextRunId, lastSeq, strategy } = state
  return { version, logNumber, nextRunId, lastSeq, strategy }
}

function manifestsIn(storage: Storage): string[] {
  return storage.list(FOLDER).filter((name) => parseName(name)?.kind === 'manifest')
}

/** The same folder with other bytes in its manifest. */
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

function refusal(action: () => unknown): LsmError {
  try {
    action()
  } catch (error) {
    if (error instanceof LsmError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

beforeAll(() => {
  setParanoid(true)
  return () => setParanoid(false)
})

describe('history', () => {
  test('a folder without CURRENT holds no database', () => {
    expect(recoverManifest(newStorage(), FOLDER)).toBeNull()
  })

  test('recovery gives the state of all edits applied in memory, at any size of log', () => {
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

  test('a snapshot makes its state out of nothing', () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(20), (seed, count) => {
        const state = appendEdits(create(newStorage()), seed, count).at(-1)!
        expect(applyToState(EMPTY_STATE, snapshotOf(state))).toEqual(state)
      }),
      { numRuns: 40 },
    )
  })

  test('each open starts a new log, and the one before is gone', () => {
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

  test('a log stays within its bound, so short histories are kept and long ones are rewritten', () => {
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

  test('the next file number is above every file in the folder, known or not', () => {
    const storage = newStorage()
    create(storage).close()
    storage.create(`${FOLDER}/000077.sst`, TAG)
    storage.create(`${FOLDER}/notes-000999.txt`, TAG)
    expect(recover(storage).nextFileNumber).toBe(78)
  })

  test('an edit that does not fit changes nothing, on disk neither', () => {
    const storage = newStorage()
    const manifest = create(storage)
    appendEdits(manifest, 1, 3)
    const before = manifest.bytes
    const table = randomTable(createRandom(1), 9, 9)
    const edit: VersionEdit = { ...EMPTY_EDIT, added: [{ level: 0, run: 999, table }] }
    expect(() => manifest.append(edit)).toThrow('level 0 has no run 999')
    expect(manifest.bytes).toBe(before)
    manifest.append({ ...EMPTY_EDIT, lastSeq: 2 ** 50 })
    expect(recover(storage).lastSeq).toBe(2 ** 50)
  })

  test('a closed manifest takes no edit', () => {
    const manifest = create(newStorage())
    manifest.close()
    manifest.close()
    expect(refusal(() => manifest.append(EMPTY_EDIT)).code).toBe('LSM_CLOSED')
  })
})

describe('damage', () => {
  test('cut anywhere behind its snapshot, a log gives the edits that are whole, and says so', () => {
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

  test('a bit flipped anywhere in a closed log is found, or was in no edit', () => {
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

  /** A manifest of these records, put in place by hand. */
  function manifestOf(records: readonly Uint8Array[], current = 'MANIFEST-000005\n'): Storage {
    const storage = newStorage()
    const log = new LogWriter(storage.create(`${FOLDER}/MANIFEST-000005`, TAG), 'meta')
    for (const record of records) log.append(record)
    storage.create(`${FOLDER}/CURRENT`, TAG).append(new TextEncoder().encode(current), 'meta')
    return storage
  }

  const first = encodeVersionEdit(EMPTY_EDIT, true)
  const table = randomTable(createRandom(2), 9, 40)
  const newRun = { level: 1, run: 3, after: null }
  const placed = { level: 1, run: 3, table }
  const adding = { ...EMPTY_EDIT, newRuns: [newRun], added: [placed] }
  const twin = { ...placed, table: { ...table, id: 10 } }
  const path = `${FOLDER}/MANIFEST-000005`

  test.each<[string, readonly Uint8Array[], RegExp, number]>([
    ['no record at all', [], /empty manifest/, 0],
    ['no comparator', [encodeVersionEdit(EMPTY_EDIT)], /comparator is not named/, 0],
    ['garbage for an edit', [first, Uint8Array.of(77)], /unknown version-edit tag 77/, 35],
    [
      'a table removed that is not there',
      [first, encodeVersionEdit({ ...EMPTY_EDIT, removed: [placed] })],
      /level 1 has no table 9/,
      35,
    ],
    [
      'a table removed from another level',
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
      'a table in a run that is not there',
      [first, encodeVersionEdit({ ...EMPTY_EDIT, added: [placed] })],
      /has no run 3/,
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
  ])('CURRENT saying %j', (current, message) => {
    const error = refusal(() => recover(manifestOf([first], current)))
    expect(error.code).toBe('LSM_CORRUPTION')
    expect(error.message).toMatch(message)
    expect(error.data).toMatchObject({ path: `${FOLDER}/CURRENT` })
  })
})

describe('failures', () => {
  const EDITS = 4

  /** Opens what `base` holds, appends edits and closes; gives the states known to be durable. */
  function scenario(
    storage: Storage,
    base: ManifestState,
  ): { acked: ManifestState[]; tried: ManifestState[] } {
    const acked: ManifestState[] = []
    const tried: ManifestState[] = []
    const random = createRandom(3)
    try {
      const manifest = create(storage, base, 1, 600)
      acked.push(base)
      for (let i = 0; i < EDITS; i++) {
        const edit = randomEdit(random, manifest.state)
        tried.push(applyToState(manifest.state, edit))
        acked.push(manifest.append(edit))
      }
      manifest.close()
    } catch (error) {
      if (!isLsmError(error, 'LSM_IO')) throw error
    }
    return { acked, tried }
  }

  function baseFolder(): { storage: MemoryStorage; base: ManifestState } {
    const storage = newStorage()
    storage.syncFolder('.')
    const manifest = create(storage)
    appendEdits(manifest, 2, 5)
    manifest.close()
    return { storage, base: recover(storage) }
  }

  function callsOfScenario(): number {
    const { storage, base } = baseFolder()
    const counting = new FaultStorage(storage)
    expect(scenario(counting, base).acked.length).toBe(EDITS + 1)
    expect(manifestsIn(storage)).not.toEqual(['MANIFEST-000001'])
    return counting.calls
  }

  test('power lost at any call, in any way: the last durable edit, or the one under way', () => {
    const calls = callsOfScenario()
    const texts = new Set<string>()
    for (let call = 1; call <= calls; call++) {
      for (let seed = 0; seed < 30; seed++) {
        const { storage, base } = baseFolder()
        const failing = new FaultStorage(storage)
        failing.cutAt(call, seed * 7)
        const { acked, tried } = scenario(failing, base)
        const bytes = { kind: 'seeded', seed } as const
        const names = { kind: 'subset', seed } as const
        const recovered = recover(storage.powerLoss({ bytes, names }, new Ledger()))
        const allowed = [acked.at(-1) ?? base, tried.at(-1) ?? base].map((state) =>
          JSON.stringify(facts(state)),
        )
        expect(allowed, `call ${call}, seed ${seed}`).toContain(JSON.stringify(facts(recovered)))
        texts.add(printVersion(recovered.version))
      }
    }
    expect(texts.size).toBeGreaterThan(2)
  })

  test('power lost while the first manifest is made: no database, or the empty one', () => {
    const outcomes = new Set<boolean>()
    for (let call = 1; call <= 11; call++) {
      for (let seed = 0; seed < 30; seed++) {
        const storage = newStorage()
        const failing = new FaultStorage(storage)
        failing.cutAt(call, seed * 3)
        let created = true
        try {
          create(failing)
        } catch {
          created = false
        }
        const bytes = { kind: 'seeded', seed } as const
        const names = { kind: 'subset', seed } as const
        const after = storage.powerLoss({ bytes, names }, new Ledger())
        const recovered = recoverManifest(after, FOLDER)
        outcomes.add(recovered !== null)
        if (created) expect(recovered).not.toBeNull()
        if (recovered !== null) expect(facts(recovered)).toEqual(facts(EMPTY_STATE))
      }
    }
    expect(outcomes.size).toBe(2)
  })

  test('after a failed edit none is taken, and nothing is deleted that either outcome needs', () => {
    const calls = callsOfScenario()
    for (let call = 1; call <= calls; call++) {
      const { storage, base } = baseFolder()
      const failing = new FaultStorage(storage)
      failing.failAt(call, 'EIO', 5)
      let manifest: Manifest
      try {
        manifest = create(failing, base, 1, 600)
      } catch (error) {
        if (!isLsmError(error, 'LSM_IO')) throw error
        expect(facts(recover(storage))).toEqual(facts(base))
        continue
      }
      const random = createRandom(3)
      let before = manifest.state
      let tried = before
      const step = () => {
        const edit = randomEdit(random, manifest.state)
        before = manifest.state
        tried = applyToState(before, edit)
        manifest.append(edit)
      }
      let failure: unknown = null
      for (let i = 0; i < EDITS && failure === null; i++) {
        try {
          step()
        } catch (error) {
          failure = error
        }
      }
      if (failure === null) continue
      expect(failure).toMatchObject({ code: 'LSM_IO' })
      expect(manifest.state).toBe(before)
      const next = refusal(() => manifest.append(EMPTY_EDIT))
      expect(next).toMatchObject({ code: 'LSM_READ_ONLY', cause: failure })
      const written = failing.calls
      manifest.close()
      expect(failing.calls).toBe(written)
      const found = JSON.stringify(facts(recover(storage)))
      expect([before, tried].map((state) => JSON.stringify(facts(state)))).toContain(found)
    }
  })
})
