import { beforeAll, describe, expect, test } from 'vitest'
import { setParanoid } from '../base/assert.ts'
import { isLsmError } from '../base/errors.ts'
import { createRandom } from '../base/random.ts'
import { Ledger } from '../storage/ledger.ts'
import type { MemoryStorage } from '../storage/memory-storage.ts'
import type { Storage } from '../storage/storage.ts'
import { FaultStorage } from '../testing/faults/fault-storage.ts'
import { printVersion } from '../version/text.ts'
import { EMPTY_EDIT } from '../version/version-edit.ts'
import type { Manifest } from './manifest.ts'
import { applyToState, EMPTY_STATE, type ManifestState } from './manifest-state.ts'
import { recoverManifest } from './recover.ts'
import { randomEdit } from './testing/histories.ts'
import {
  appendEdits,
  create,
  FOLDER,
  facts,
  manifestsIn,
  newStorage,
  recover,
  refusal,
} from './testing/manifest-fixtures.ts'

beforeAll(() => {
  setParanoid(true)
  return () => setParanoid(false)
})

describe('failures', () => {
  const EDITS = 4

  /**
   * Opens the content of `base`, appends edits and closes. Returns the states known to be durable.
   */
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

  test('after a power loss at any call: the state of the last durable edit, or of the one under way', () => {
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

  test('after a power loss while the first manifest is made: no database, or an empty one', () => {
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

  test('after a failed edit no edit is accepted, and no file that either outcome needs is deleted', () => {
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
