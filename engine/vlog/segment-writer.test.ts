import { describe, expect, test } from 'vitest'
import type { Section } from '../storage/ledger.ts'
import type { WritableFile } from '../storage/storage.ts'
import { bytes } from '../testing/fixtures.ts'
import { isRecordContent, isRecordHeader, recordWrittenAtMs } from './segment-format.ts'
import { SegmentWriter } from './segment-writer.ts'

/** A file whose asynchronous syncs end only on request. */
class ManualFile implements WritableFile {
  readonly path = 'blob'
  readonly calls: string[] = []
  content = new Uint8Array(0)
  #ends: { resolve: () => void; reject: (error: Error) => void }[] = []

  get bytes(): number {
    return this.content.length
  }

  append(appended: Uint8Array, section: Section): void {
    this.calls.push(`append ${section}`)
    const content = new Uint8Array(this.bytes + appended.length)
    content.set(this.content)
    content.set(appended, this.bytes)
    this.content = content
  }

  sync(): void {
    this.calls.push('sync')
  }

  syncAsync(): Promise<void> {
    this.calls.push('syncAsync')
    return new Promise((resolve, reject) => this.#ends.push({ resolve, reject }))
  }

  endSync(error?: Error): void {
    const { resolve, reject } = this.#ends.shift()!
    if (error === undefined) resolve()
    else reject(error)
  }

  close(): void {
    this.calls.push('close')
  }
}

const value = new Uint8Array(100).fill(7)

function fixture() {
  const file = new ManualFile()
  const writer = new SegmentWriter(7, file, 'none')
  const put = (key: string, content = value, atMs = 1000) =>
    writer.add(bytes(key), 0, key.length, content, 0, content.length, atMs)
  return { file, writer, put }
}

describe('an asynchronous sync', () => {
  test('makes durable what was written before it, not what was appended while it ran', async () => {
    const { file, writer, put } = fixture()
    put('a')
    writer.write()
    const synced = writer.syncAsync()
    put('b')
    writer.write()
    file.endSync()
    await synced
    expect(writer.isDirty).toBe(true)
    file.calls.length = 0
    writer.sync()
    expect(file.calls).toEqual(['sync'])
    expect(writer.isDirty).toBe(false)
    writer.sync()
    await writer.syncAsync()
    expect(file.calls, 'nothing is left to sync').toEqual(['sync'])
  })

  test('changes nothing if a later sync ended first', async () => {
    const { file, writer, put } = fixture()
    put('a')
    writer.write()
    const first = writer.syncAsync()
    put('b')
    writer.write()
    writer.sync()
    file.endSync()
    await first
    expect(writer.isDirty).toBe(false)
  })

  test('that failed makes nothing durable, and nothing is written after it', async () => {
    const { file, writer, put } = fixture()
    put('a')
    writer.write()
    const synced = writer.syncAsync()
    file.endSync(new Error('disk'))
    await expect(synced).rejects.toThrow('disk')
    expect(writer.isDirty).toBe(true)
    file.calls.length = 0
    put('b')
    const readOnly = expect.objectContaining({ code: 'LSM_READ_ONLY' })
    expect(() => writer.write()).toThrow(readOnly)
    expect(() => writer.sync()).toThrow(readOnly)
    await expect(writer.syncAsync()).rejects.toThrow(readOnly)
    expect(() => writer.seal()).toThrow(readOnly)
    expect(file.calls).toEqual([])
  })
})

test('a seal writes and syncs all that was added, and closes the file', () => {
  const { file, writer, put } = fixture()
  put('a')
  writer.seal()
  expect(file.calls).toEqual(['append data', 'append meta', 'sync', 'close'])
})

test('a huge value does not affect its neighbours: each record is whole and has its own date', () => {
  const { file, writer, put } = fixture()
  const sizes = [100, 3 * 1024 * 1024, 100, 70_000, 100]
  const starts = sizes.map((size, index) => {
    put(`key${index}`, new Uint8Array(size).fill(index), 1_700_000_000_123 + index)
    const start = writer.valueOffset - 4 - 32
    if (index % 2 === 1) writer.write()
    return start
  })
  writer.seal()
  for (const [index, start] of starts.entries()) {
    expect(isRecordHeader(file.content, start)).toBe(true)
    expect(isRecordContent(file.content, start)).toBe(true)
    expect(recordWrittenAtMs(file.content, start)).toBe(1_700_000_000_123 + index)
  }
})
