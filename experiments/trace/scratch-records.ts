/**
 * Owns the newest record of every key while a trace is exported. They are kept exactly, in a Varve
 * database in a temporary folder, so that memory stays bounded as in any run. Invariant: the folder
 * is removed by `close`.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Database, Ledger, ManualClock, NodeStorage, WriteBatch } from '../../engine/index.ts'
import { STRATEGIES } from '../../strategies/index.ts'
import type { RecordStore } from '../../workloads/index.ts'

export class ScratchRecords implements RecordStore {
  readonly #folder = mkdtempSync(join(tmpdir(), 'varve-scratch-'))
  readonly #batch = new WriteBatch()
  readonly #database: Database

  constructor() {
    const tiering = STRATEGIES.get('tiering')!
    this.#database = Database.open({
      storage: new NodeStorage(new Ledger()),
      folder: this.#folder,
      strategy: tiering.create(tiering.parse({})),
      clock: new ManualClock(0),
      seed: 0,
    })
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#database.get(key)
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.#batch.clear()
    this.#batch.put(key, value)
    this.#database.writeSync(this.#batch)
  }

  delete(key: Uint8Array): void {
    this.#batch.clear()
    this.#batch.delete(key)
    this.#database.writeSync(this.#batch)
  }

  close(): void {
    this.#database.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  [Symbol.dispose](): void {
    this.close()
  }
}
