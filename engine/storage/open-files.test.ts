import { setImmediate } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { Ledger, type LedgerCell } from './ledger.ts'
import { MemoryStorage } from './memory-storage.ts'
import { OPEN_FILES_DEFAULT, OpenFiles } from './open-files.ts'
import type { FileTag, ReadableFile, Storage } from './storage.ts'
import { bytesOf, flushTag, getTag } from './testing/storage-cases.ts'

const FILES = 40
const MAX = 8

/** Files f0 … f39, each containing its own name, in a storage that counts open files. */
function fixture(openFilesMax = Number.POSITIVE_INFINITY) {
  const ledger = new Ledger()
  const memory = new MemoryStorage(ledger)
  for (let index = 0; index < FILES; index++) {
    const file = memory.create(`f${index}`, flushTag)
    file.append(bytesOf(`f${index}`.padEnd(4)), 'data')
    file.close()
  }
  const storage = new CountingStorage(memory, openFilesMax)
  return { storage, ledger }
}

/**
 * The part of a storage that `OpenFiles` uses. Asynchronous reads end when `finishReads` is called.
 */
class CountingStorage implements Pick<Storage, 'open' | 'openFilesMax'> {
  readonly openFilesMax: number
  readonly #inner: Storage
  openNow = new Set<ReadableFile>()
  mostOpen = 0
  opened: string[] = []
  readsUnderWay = 0
  #pending: (() => void)[] = []

  constructor(inner: Storage, openFilesMax: number) {
    this.#inner = inner
    this.openFilesMax = openFilesMax
  }

  open(path: string, tag: FileTag): ReadableFile {
    const file = this.#inner.open(path, tag)
    this.openNow.add(file)
    this.opened.push(path)
    this.mostOpen = Math.max(this.mostOpen, this.openNow.size)
    return this.#handle(file, file)
  }

  #handle(file: ReadableFile, opened: ReadableFile): ReadableFile {
    const { openNow } = this
    return {
      path: file.path,
      bytes: file.bytes,
      read: (...args) => file.read(...args),
      readAsync: async (...args) => {
        this.readsUnderWay++
        await new Promise<void>((resolve) => this.#pending.push(resolve))
        this.readsUnderWay--
        expect(openNow.has(opened), `${file.path} stays open while it is read`).toBe(true)
        await file.readAsync(...args)
      },
      tagged: (tag) => this.#handle(file.tagged(tag), opened),
      close: () => {
        openNow.delete(opened)
        opened.close()
      },
    }
  }

  finishReads(): void {
    for (const finish of this.#pending.splice(0)) finish()
  }
}

const poolOf = (storage: CountingStorage, max?: number) =>
  new OpenFiles(storage as unknown as Storage, max)

function textOf(file: ReadableFile): string {
  const target = new Uint8Array(4)
  file.read(target, 4, 0, 'data')
  return new TextDecoder().decode(target).trim()
}

describe('open files', () => {
  test('never exceed the limit, and each handle keeps reading its own bytes', () => {
    const { storage } = fixture()
    const files = poolOf(storage, MAX)
    const handles = Array.from({ length: FILES }, (_, index) => files.open(`f${index}`, getTag))
    for (let step = 0; step < 500; step++) {
      const index = (step * 7919) % FILES
      expect(textOf(handles[index]!)).toBe(`f${index}`)
    }
    expect(storage.mostOpen).toBe(MAX)
    expect(files.count).toBe(MAX)
    for (const handle of handles) handle.close()
    expect(storage.openNow.size).toBe(0)
    expect(files.count).toBe(0)
  })

  test('move no bytes when they are reopened', () => {
    const cellsOf = (max: number): readonly LedgerCell[] => {
      const { storage, ledger } = fixture()
      const files = poolOf(storage, max)
      const handles = Array.from({ length: FILES }, (_, index) => {
        const file = files.open(`f${index}`, { cause: 'open', level: 0 })
        return [file, file.tagged(getTag), file.tagged({ cause: 'scan', level: 3 })]
      })
      for (let round = 0; round < 3; round++) {
        for (const handle of handles.flat()) textOf(handle)
      }
      return ledger.cells()
    }
    expect(cellsOf(MAX)).toEqual(cellsOf(FILES))
  })

  test('in use stay open; unused ones are closed to make room', () => {
    const { storage } = fixture()
    const files = poolOf(storage, MAX)
    const handles = Array.from({ length: FILES }, (_, index) => files.open(`f${index}`, getTag))
    textOf(handles[0]!)
    storage.opened = []
    for (let index = 1; index < FILES; index++) {
      textOf(handles[index]!)
      textOf(handles[0]!)
    }
    expect(storage.opened).not.toContain('f0')
    expect(storage.opened.length).toBeGreaterThan(FILES - MAX)
  })

  test('stay open during an asynchronous read, however many others are requested', async () => {
    const { storage } = fixture()
    const files = poolOf(storage, MAX)
    const handles = Array.from({ length: FILES }, (_, index) => files.open(`f${index}`, getTag))
    const targets = handles.map(() => new Uint8Array(4))
    const reads = handles.map((handle, index) => handle.readAsync(targets[index]!, 4, 0, 'data'))
    for (let rounds = 0; rounds < FILES; rounds++) {
      await setImmediate()
      expect(storage.readsUnderWay).toBeLessThanOrEqual(MAX / 2)
      // Synchronous reads find room beside the asynchronous reads under way.
      expect(textOf(handles[rounds % FILES]!)).toBe(`f${rounds % FILES}`)
      storage.finishReads()
    }
    await Promise.all(reads)
    expect(storage.mostOpen).toBe(MAX)
    expect(targets.map((target) => new TextDecoder().decode(target).trim())).toEqual(
      handles.map(({ path }) => path),
    )
  })

  test('closed by their owner finish a read under way and refuse a waiting one', async () => {
    const { storage } = fixture()
    const files = poolOf(storage, MAX)
    const handles = Array.from({ length: MAX }, (_, index) => files.open(`f${index}`, getTag))
    const reads = handles.map((handle) => handle.readAsync(new Uint8Array(4), 4, 0, 'data'))
    await Promise.resolve()
    for (const handle of handles) handle.close()
    expect(storage.openNow.size, 'the files being read').toBe(MAX / 2)
    storage.finishReads()
    const ends = await Promise.allSettled(reads)
    const refused = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []))
    expect(refused).toHaveLength(MAX / 2)
    for (const error of refused) expect(error).toMatchObject({ code: 'LSM_CLOSED' })
    expect(storage.openNow.size).toBe(0)
    expect(() => textOf(handles[0]!)).toThrow(/closed/)
    await expect(handles[0]!.readAsync(new Uint8Array(4), 4, 0, 'data')).rejects.toThrow(/closed/)
    handles[0]!.close()
  })

  test('that cannot be opened take no room, and a failed read gives its turn back', async () => {
    const { storage } = fixture()
    const files = poolOf(storage, MAX)
    for (let attempt = 0; attempt < 3 * MAX; attempt++) {
      expect(() => files.open('missing', getTag)).toThrow(/no such file/)
    }
    expect(files.count).toBe(0)
    const file = files.open('f1', getTag)
    for (let attempt = 0; attempt < 3 * MAX; attempt++) {
      const read = file.readAsync(new Uint8Array(9), 9, 0, 'data')
      await Promise.resolve()
      storage.finishReads()
      await expect(read).rejects.toMatchObject({ code: 'LSM_CORRUPTION' })
    }
    file.close()
    expect(storage.openNow.size).toBe(0)
  })

  test.each([
    ['the requested number', 100, 4000, 100],
    ["a quarter of the process's limit", 100, 256, 64],
    ['a fixed minimum', 100, 16, 8],
    ['the default', undefined, Number.POSITIVE_INFINITY, OPEN_FILES_DEFAULT],
  ])('are limited by %s', (_, wanted, processMax, max) => {
    expect(poolOf(fixture(processMax).storage, wanted).max).toBe(max)
  })
})
