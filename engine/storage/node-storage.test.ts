import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { Ledger } from './ledger.ts'
import { NodeStorage } from './node-storage.ts'
import { describeStorage } from './testing/storage-cases.ts'

const onLinux = test.skipIf(process.platform !== 'linux')

function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'varve-storage-'))
}

function childPath(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url))
}

describeStorage('NodeStorage', () => {
  const ledger = new Ledger()
  const folder = temporaryFolder()
  return {
    storage: new NodeStorage(ledger),
    ledger,
    folder,
    reopened: (otherLedger) => new NodeStorage(otherLedger),
    dispose: () => rmSync(folder, { recursive: true }),
  }
})

describeStorage('the handle of another thread', () => {
  const ledger = new Ledger()
  const folder = temporaryFolder()
  const shared = new NodeStorage(ledger).share(2)
  return {
    storage: NodeStorage.over(structuredClone(shared)),
    ledger,
    folder,
    reopened: (otherLedger) => NodeStorage.over(new NodeStorage(otherLedger).share(2)),
    dispose: () => rmSync(folder, { recursive: true }),
  }
})

test('the handles of other threads divide the files that may be open', () => {
  const storage = new NodeStorage()
  const { openFilesMax } = storage
  const other = NodeStorage.over(storage.share(3))
  expect(other.openFilesMax).toBe(Math.floor(openFilesMax / 3))
  expect(storage.openFilesMax).toBe(openFilesMax)
})

onLinux('a folder that cannot be made is an error, not an endless loop', () => {
  const storage = new NodeStorage(new Ledger())
  expect(() => storage.makeFolder('/proc/varve/db')).toThrow('cannot create folder /proc/varve')
})

onLinux('the operating system counts what the ledger counts, to the byte', () => {
  const folder = temporaryFolder()
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const output = execFileSync(process.execPath, [
    childPath('testing/node-storage.child.ts'),
    folder,
  ])
  const { wcharBytes, writeSyscalls, ledgerBytes, ledgerCalls } = JSON.parse(output.toString())
  expect(ledgerBytes).toBeGreaterThan(1_000_000)
  // The other writes are libuv waking its loop when a sync in the pool is done: 8 B to an eventfd.
  expect(wcharBytes).toBe(ledgerBytes + 8 * (writeSyscalls - ledgerCalls))
})

onLinux('of three threads too, and files balance whichever thread removes them', () => {
  const folder = temporaryFolder()
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const child = childPath('testing/node-storage-threads.child.ts')
  const output = execFileSync(process.execPath, [child, folder])
  const counted = JSON.parse(output.toString())
  const { wcharBytes, writeSyscalls, ledgerBytes, ledgerCalls, liveBytes, folderBytes } = counted
  expect(ledgerBytes).toBeGreaterThan(3_000_000)
  expect(wcharBytes).toBe(ledgerBytes + 8 * (writeSyscalls - ledgerCalls))
  expect(liveBytes).toBe(folderBytes)
  expect(counted.lockAnswers).toEqual(['LSM_LOCKED', 'LSM_LOCKED'])
})

onLinux('a write cut short is counted, and the refusal after it is one line', () => {
  const folder = temporaryFolder()
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const script = `ulimit -f 64; exec "$0" "$1" "$2"`
  const child = childPath('testing/node-storage-limit.child.ts')
  const output = execFileSync('bash', ['-c', script, process.execPath, child, folder])
  expect(JSON.parse(output.toString())).toEqual({
    message: `cannot append to ${folder}/a: file too large (EFBIG)`,
    fileBytes: 65_536,
    handleBytes: 65_536,
    liveBytes: 65_536,
    written: { bytes: 65_536, calls: 1 },
  })
})

onLinux(
  'what is not a plain file is refused, and a named pipe does not wait for its writer',
  () => {
    const folder = temporaryFolder()
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    const storage = new NodeStorage()
    for (const path of [pipe, folder, '/dev/zero']) {
      expect(() => storage.open(path, { cause: 'open', level: -1 })).toThrow(
        expect.objectContaining({
          code: 'LSM_IO',
          message: `cannot open ${path}: it is not a plain file`,
        }),
      )
    }
  },
)
