import { type ChildProcess, spawn } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { isLockFile, lockFolder } from './folder-lock.ts'

const CHILD = fileURLToPath(new URL('testing/folder-lock.child.ts', import.meta.url))
const onLinux = test.skipIf(process.platform !== 'linux')

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'varve-lock-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

/** A process that locks folders on command. */
class Contender {
  readonly #process: ChildProcess
  readonly #answers: AsyncIterator<string>
  readonly exited: Promise<unknown>
  pid = 0

  constructor(command: string, args: readonly string[]) {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#process = child
    this.#answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    this.exited = new Promise((resolve) => child.once('exit', resolve))
    onTestFinished(async () => {
      child.kill('SIGKILL')
      await this.exited
    })
  }

  /** By default a direct child; `script` may wrap it (in the script, "$0" runs "$1"). */
  static async start(script?: string): Promise<Contender> {
    const contender =
      script === undefined
        ? new Contender(process.execPath, [CHILD])
        : new Contender('bash', ['-c', script, process.execPath, CHILD])
    contender.pid = Number((await contender.#answer()).replace('pid ', ''))
    return contender
  }

  /** Starts a contender without superuser rights, even when the tests run as root. */
  static async startUnprivileged(): Promise<Contender> {
    const contender = await Contender.start()
    expect(await contender.ask('unprivileged')).toBe('unprivileged')
    return contender
  }

  async #answer(): Promise<string> {
    return (await this.#answers.next()).value
  }

  ask(line: string): Promise<string> {
    this.#process.stdin?.write(`${line}\n`)
    return this.#answer()
  }
}

function expectLockedBy(pid: number, folder: string): void {
  expect(() => lockFolder(folder)).toThrowError(
    expect.objectContaining({ code: 'LSM_LOCKED', data: { pid, path: folder } }),
  )
}

function expectFree(folder: string): void {
  lockFolder(folder).release()
  expect(readdirSync(folder).filter(isLockFile), 'nothing left behind').toEqual([])
}

const OWN_LOCK = (() => {
  const folder = mkdtempSync(join(tmpdir(), 'varve-lock-'))
  const lock = lockFolder(folder)
  const text = readFileSync(join(folder, 'LOCK'), 'utf8')
  lock.release()
  rmSync(folder, { recursive: true })
  return JSON.parse(text)
})()

/** Writes the LOCK that a holder with these facts would have left in the folder. */
function plantLock(folder: string, facts: object, name = 'LOCK'): void {
  const { dev, ino } = statSync(folder, { bigint: true })
  writeFileSync(
    join(folder, name),
    JSON.stringify({ ...OWN_LOCK, folder: `${dev}:${ino}`, ...facts }),
  )
}

const STALE_LOCKS = {
  'another boot': { bootId: 'd8f3b1ab-0000-0000-0000-5a8f1f2ce3aa', token: 'a1' },
  'a process that started at another time': { startTime: '1', token: 'a2' },
  'a pid that no process has': { pid: 2 ** 22 + 1, token: 'a3' },
}

test('a second open in this process is refused, also by another path to the folder', () => {
  const folder = temporaryFolder()
  const alias = join(temporaryFolder(), 'alias')
  symlinkSync(folder, alias)
  const lock = lockFolder(folder)
  expectLockedBy(process.pid, folder)
  expectLockedBy(process.pid, alias)
  expect(() => lockFolder(folder)).toThrow(
    `${folder} is already open in this process (pid ${process.pid})`,
  )
  lock.release()
  expectFree(alias)
})

test('a second open is refused even when somebody deleted LOCK by hand', () => {
  const folder = temporaryFolder()
  const lock = lockFolder(folder)
  rmSync(join(folder, 'LOCK'))
  expectLockedBy(process.pid, folder)
  lock.release()
  expectFree(folder)
})

test('a folder held by a living process is refused until it is released', async () => {
  const folder = temporaryFolder()
  const contender = await Contender.start()
  expect(await contender.ask(folder)).toBe('held')
  expectLockedBy(contender.pid, folder)
  const lock = lockFolder(temporaryFolder())
  await contender.ask('release')
  expectFree(folder)
  lock.release()
})

test('after kill −9 the folder opens again', async () => {
  const folder = temporaryFolder()
  const contender = await Contender.start()
  expect(await contender.ask(folder)).toBe('held')
  process.kill(contender.pid, 'SIGKILL')
  await contender.exited
  expect(readdirSync(folder)).toEqual(['LOCK'])
  expectFree(folder)
})

onLinux('a zombie process does not hold its folder', async () => {
  const folder = temporaryFolder()
  // `sleep` replaces the shell and never waits for the contender, which stays a zombie.
  const contender = await Contender.start('"$0" "$1" <&0 & exec sleep 60')
  expect(await contender.ask(folder)).toBe('held')
  process.kill(contender.pid, 'SIGKILL')
  const state = () => readFileSync(`/proc/${contender.pid}/stat`, 'utf8').split(') ')[1]?.[0]
  while (state() !== 'Z') await new Promise((resolve) => setTimeout(resolve, 5))
  expectFree(folder)
})

for (const [name, facts] of Object.entries(STALE_LOCKS)) {
  onLinux(`a lock of ${name} is stale`, () => {
    const folder = temporaryFolder()
    plantLock(folder, facts)
    expectFree(folder)
  })
}

onLinux('a foreign lock with the facts of this process counts as held', () => {
  const folder = temporaryFolder()
  plantLock(folder, { token: 'b1' })
  expectLockedBy(process.pid, folder)
})

test('a lock copied along with its folder holds the original folder, not the copy', () => {
  const folder = temporaryFolder()
  const copy = join(temporaryFolder(), 'copy')
  const lock = lockFolder(folder)
  cpSync(folder, copy, { recursive: true })
  expect(readdirSync(copy)).toEqual(['LOCK'])
  expectFree(copy)
  lock.release()
})

test('a renamed folder is still held', () => {
  const parent = temporaryFolder()
  const [before, after] = [join(parent, 'before'), join(parent, 'after')]
  mkdirSync(before)
  const lock = lockFolder(before)
  renameSync(before, after)
  expectLockedBy(process.pid, after)
  renameSync(after, before)
  lock.release()
  expectFree(before)
})

onLinux('a lock of an older version, which does not name its folder, counts as held', () => {
  const folder = temporaryFolder()
  plantLock(folder, { folder: undefined, token: 'b2' })
  expectLockedBy(process.pid, folder)
})

test('a release never removes the lock of another holder', () => {
  const folder = temporaryFolder()
  const lock = lockFolder(folder)
  // Another thread of this process writes such a lock if somebody has deleted LOCK by hand.
  plantLock(folder, { token: 'f1' })
  const planted = readFileSync(join(folder, 'LOCK'), 'utf8')
  lock.release()
  expect(readFileSync(join(folder, 'LOCK'), 'utf8')).toBe(planted)
})

test('a folder that is not writable is read without a lock, unless it is held', async () => {
  const folder = temporaryFolder()
  chmodSync(folder, 0o555)
  onTestFinished(() => chmodSync(folder, 0o755))
  const reader = await Contender.startUnprivileged()
  const writes = await reader.ask(`${folder} 0 write`)
  expect(writes).toContain('permission denied (EACCES)')
  expect(await reader.ask(`${folder} 0 read`)).toBe('held')
  expect(await reader.ask('release')).toBe('released')

  chmodSync(folder, 0o755)
  plantLock(folder, { bootId: 'another', token: 'a4' })
  chmodSync(folder, 0o555)
  expect(await reader.ask(`${folder} 0 read`), 'a stale lock stays').toBe('held')
  expect(await reader.ask('release')).toBe('released')
  expect(readdirSync(folder)).toEqual(['LOCK'])

  chmodSync(folder, 0o755)
  const lock = lockFolder(folder)
  chmodSync(folder, 0o555)
  expect(await reader.ask(`${folder} 0 read`)).toBe(String(process.pid))
  chmodSync(folder, 0o755)
  lock.release()
})

test('a reader without a lock learns at its release that a writer opened the folder meanwhile', async () => {
  const folder = temporaryFolder()
  chmodSync(folder, 0o555)
  const reader = await Contender.startUnprivileged()
  expect(await reader.ask(`${folder} 0 read`)).toBe('held')
  chmodSync(folder, 0o755)
  const lock = lockFolder(folder)
  expect(await reader.ask('release')).toContain(`already open in process ${process.pid}`)
  lock.release()
})

test('a reader with write permission holds the folder', () => {
  const folder = temporaryFolder()
  const lock = lockFolder(folder, 'read')
  expectLockedBy(process.pid, folder)
  lock.release()
  expectFree(folder)
})

test.each([
  '',
  '\0\0\0\0',
  'null',
  '{"pid": 1',
  '{"pid":-1,"token":"a"}',
  '{"pid":1,"token":"../a"}',
])('a lock file that no living process can have written is stale: %j', (text) => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'LOCK'), text)
  expectFree(folder)
  writeFileSync(join(folder, 'LOCK'), text)
  writeFileSync(join(folder, 'LOCK.takeover'), text)
  lockFolder(folder).release()
})

onLinux('a process that dies during a takeover blocks nobody, and its files are removed', () => {
  const folder = temporaryFolder()
  const boot = { bootId: 'another' }
  plantLock(folder, { ...boot, token: 'c1' })
  plantLock(folder, { ...boot, token: 'c2' }, 'LOCK.c1.takeover')
  plantLock(folder, { ...boot, token: 'c3' }, 'LOCK.c2.takeover')
  plantLock(folder, { ...boot, token: 'c4' }, 'LOCK.c4')
  expectFree(folder)
})

onLinux('only one living process at a time takes over a stale lock', () => {
  const folder = temporaryFolder()
  plantLock(folder, { bootId: 'another', token: 'd1' })
  plantLock(folder, { token: 'd2' }, 'LOCK.d1.takeover')
  expectLockedBy(process.pid, folder)
  expect(readdirSync(folder).sort()).toEqual(['LOCK', 'LOCK.d1.takeover'])
})

onLinux('exactly one of several racing processes gets the folder', async () => {
  const contenders = await Promise.all([1, 2, 3, 4, 5, 6].map(() => Contender.start()))
  const parent = temporaryFolder()
  const stale = Object.values(STALE_LOCKS)
  for (let round = 0; round < 60; round++) {
    const folder = join(parent, String(round))
    mkdirSync(folder)
    // Every fourth folder is fresh. The others hold a dead process's lock, some of them half taken
    // over.
    const facts = stale[(round % 4) - 1]
    if (facts !== undefined) plantLock(folder, facts)
    if (facts !== undefined && round % 8 > 4) {
      plantLock(folder, { bootId: 'another', token: 'e1' }, `LOCK.${facts.token}.takeover`)
    }
    const line = `${folder} ${Date.now() + 10}`
    const answers = await Promise.all(contenders.map((contender) => contender.ask(line)))
    expect(
      answers.filter((answer) => answer === 'held'),
      `round ${round}: ${answers}`,
    ).toHaveLength(1)
    const pids = contenders.map((contender) => String(contender.pid))
    expect([...pids, 'held'], `round ${round}`).toEqual(expect.arrayContaining(answers))
  }
})
