/**
 * Owns random histories of a folder for the conformance cases, and a plain model of them: what each
 * name holds, and what moved on which account. Invariant: a step that the contract forbids (an
 * append to a linked file, a missing name …) is skipped, so any list of steps is a history.
 */

import fc from 'fast-check'
import { type LedgerCell, SECTIONS, type Section } from '../ledger.ts'
import { type FileTag, joinPath, type Storage, type WritableFile } from '../storage.ts'

const name = fc.constantFrom('a', 'b', 'c')
const section = fc.constantFrom(...SECTIONS)
const share = fc.double({ min: 0, max: 1, noNaN: true })
const tag = fc.record({
  cause: fc.constantFrom('wal', 'flush', 'compaction'),
  level: fc.integer({ min: -1, max: 7 }),
})

const stepArbitrary = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('create'), name, tag }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('append'),
      name,
      bytes: fc.uint8Array({ maxLength: 40 }),
      section,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('read'), name, tag, section, from: share, to: share }),
  },
  fc.record({ kind: fc.constant('rename'), name, to: name }),
  fc.record({ kind: fc.constant('link'), name, to: name }),
  fc.record({ kind: fc.constant('truncate'), name, keep: share }),
  fc.record({ kind: fc.constant('remove'), name }),
)

export type Step = typeof stepArbitrary extends fc.Arbitrary<infer Value> ? Value : never

/**
 * Long histories: fast-check's default size would stop at ten steps, and few of those meet a file.
 */
export const historyArbitrary: fc.Arbitrary<readonly Step[]> = fc.array(stepArbitrary, {
  maxLength: 80,
  size: 'max',
})

interface ModelFile {
  bytes: number[]
  syncedBytes: number
  readonly tag: FileTag
  /** Null once the file is finished. */
  writer: WritableFile | null
}

/** A cell as one line, so that equal ledgers give equal lists of lines. */
export function accountOf(cell: LedgerCell): string {
  const { cause, level, section, direction, bytes, calls } = cell
  return `${cause}/${level}/${section}/${direction}: ${bytes} B in ${calls}`
}

/** Runs each step on a storage and on the model. */
export class HistoryModel {
  storage: Storage
  readonly folder: string
  readonly files = new Map<string, ModelFile>()
  readonly #cells = new Map<string, LedgerCell>()

  constructor(storage: Storage, folder: string) {
    this.storage = storage
    this.folder = folder
  }

  accounts(): readonly string[] {
    return [...this.#cells.values()].map(accountOf).sort()
  }

  closeAll(): void {
    for (const file of this.files.values()) finish(file)
  }

  /** Syncs files that are still being written. A file finished before its sync stays unsynced. */
  syncAll(): void {
    for (const file of this.files.values()) {
      if (file.writer === null) continue
      file.writer.sync()
      file.syncedBytes = file.bytes.length
    }
  }

  get allSynced(): boolean {
    return [...this.files.values()].every((file) => file.syncedBytes === file.bytes.length)
  }

  run(step: Step): void {
    const file = this.files.get(step.name)
    const path = joinPath(this.folder, step.name)
    if (step.kind === 'create') {
      if (file !== undefined) return
      const writer = this.storage.create(path, step.tag)
      this.files.set(step.name, { bytes: [], syncedBytes: 0, tag: step.tag, writer })
    } else if (file !== undefined) {
      this.#runOn(file, path, step)
    }
  }

  #runOn(file: ModelFile, path: string, step: Exclude<Step, { kind: 'create' }>): void {
    switch (step.kind) {
      case 'append':
        if (file.writer === null) return
        file.writer.append(step.bytes, step.section)
        file.bytes.push(...step.bytes)
        this.#count(file.tag, step.section, 'write', step.bytes.length)
        return
      case 'read':
        this.#read(file, path, step)
        return
      case 'rename':
        this.storage.rename(path, joinPath(this.folder, step.to))
        if (this.files.get(step.to) === file) return
        this.#forget(step.to)
        this.files.delete(step.name)
        this.files.set(step.to, file)
        return
      case 'link':
        if (this.files.has(step.to)) return
        finish(file)
        this.storage.link(path, joinPath(this.folder, step.to))
        this.files.set(step.to, file)
        return
      case 'truncate': {
        if ([...this.files.values()].filter((other) => other === file).length > 1) return
        const keptBytes = Math.floor(step.keep * file.bytes.length)
        this.storage.truncate(path, keptBytes)
        file.bytes.length = keptBytes
        file.syncedBytes = keptBytes
        return
      }
      case 'remove':
        this.storage.remove(path)
        this.#forget(step.name)
        return
    }
  }

  #read(file: ModelFile, path: string, step: Extract<Step, { kind: 'read' }>): void {
    const [from, to] = [step.from, step.to]
      .map((part) => Math.floor(part * file.bytes.length))
      .sort((left, right) => left - right) as [number, number]
    const reader = this.storage.open(path, step.tag)
    const target = new Uint8Array(to - from)
    reader.read(target, to - from, from, step.section)
    reader.close()
    const expected = file.bytes.slice(from, to)
    if (expected.join() !== target.join()) throw new Error(`read ${target}, expected ${expected}`)
    this.#count(step.tag, step.section, 'read', to - from)
  }

  #forget(name: string): void {
    const file = this.files.get(name)
    if (file === undefined) return
    finish(file)
    this.files.delete(name)
  }

  #count(tag: FileTag, section: Section, direction: 'read' | 'write', bytes: number): void {
    if (bytes === 0) return
    const key = `${tag.cause}/${tag.level}/${section}/${direction}`
    const before = this.#cells.get(key) ?? { bytes: 0, calls: 0 }
    const moved = { bytes: before.bytes + bytes, calls: before.calls + 1 }
    this.#cells.set(key, { ...tag, section, direction, ...moved })
  }
}

function finish(file: ModelFile): void {
  file.writer?.close()
  file.writer = null
}
