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

/** A process that locks folders when told. */
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

  /** By default a direct child; `script` may wrap it ("$0" runs "$1"). */
  static async start(script?: string): Promise<Contender> {
    const contender =
      script === undefined
        ? new Contender(process.execPath, [CHILD])
        : new Contender('bash', ['-c', script, process.execPath, CHILD])
    contender.pid = Number((await contender.#answer()).replace('pid ', ''))
    return contender
  }

  /** One without the rights of the superuser, should the tests run as it. */
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

/** LOCK as a holder with these facts would have left it in the folder. */
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

test('a folder held by a living process is refused until it lets go', async () => {
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

onLinux('a killed process that nobody reaps does not hold its folder', async () => {
  const folder = temporaryFolder()
  // `sleep` takes the shell's place and never waits for the contender, which stays a zombie.
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

onLinux('the lock of this very process, were it not ours, would be a living one', () => {
  const folder = temporaryFolder()
  plantLock(folder, { token: 'b1' })
  expectLockedBy(process.pid, folder)
})

test('a lock that was copied along with its folder holds the folder it tells of, not the copy', () => {
  const folder = temporaryFolder()
  const copy = join(temporaryFolder(), 'copy')
  const lock = lockFolder(folder)
  cpSync(folder, copy, { recursive: true })
  expect(readdirSync(copy)).toEqual(['LOCK'])
  expectFree(copy)
  lock.release()
})

test('a folder that was renamed is held as before', () => {
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

onLinux('a lock of an older version, which does not tell its folder, is believed', () => {
  const folder = temporaryFolder()
  plantLock(folder, { folder: undefined, token: 'b2' })
  expectLockedBy(process.pid, folder)
})

test('a release leaves a lock alone that is not its own, whoever holds it', () => {
  const folder = temporaryFolder()
  const lock = lockFolder(folder)
  // As another thread of this process takes it when somebody has deleted LOCK by hand.
  plantLock(folder, { token: 'f1' })
  const planted = readFileSync(join(folder, 'LOCK'), 'utf8')
  lock.release()
  expect(readFileSync(join(folder, 'LOCK'), 'utf8')).toBe(planted)
})

test('a folder that cannot be written to is read without a lock, unless it is held', async () => {
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
  expect(await reader.ask(`${folder} 0 read`), 'a stale lock is left as it is').toBe('held')
  expect(await reader.ask('release')).toBe('released')
  expect(readdirSync(folder)).toEqual(['LOCK'])

  chmodSync(folder, 0o755)
  const lock = lockFolder(folder)
  chmodSync(folder, 0o555)
  expect(await reader.ask(`${folder} 0 read`)).toBe(String(process.pid))
  chmodSync(folder, 0o755)
  lock.release()
})

test('a look that a writer came in between is told at its end', async () => {
  const folder = temporaryFolder()
  chmodSync(folder, 0o555)
  const reader = await Contender.startUnprivileged()
  expect(await reader.ask(`${folder} 0 read`)).toBe('held')
  chmodSync(folder, 0o755)
  const lock = lockFolder(folder)
  expect(await reader.ask('release')).toContain(`already open in process ${process.pid}`)
  lock.release()
})

test('who may write to a folder holds it even to read', () => {
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
])('a lock file that nobody alive can have written is stale: %j', (text) => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'LOCK'), text)
  expectFree(folder)
  writeFileSync(join(folder, 'LOCK'), text)
  writeFileSync(join(folder, 'LOCK.takeover'), text)
  lockFolder(folder).release()
})

onLinux('a death in the middle of a takeover is survived and swept', () => {
  const folder = temporaryFolder()
  const boot = { bootId: 'another' }
  plantLock(folder, { ...boot, token: 'c1' })
  plantLock(folder, { ...boot, token: 'c2' }, 'LOCK.c1.takeover')
  plantLock(folder, { ...boot, token: 'c3' }, 'LOCK.c2.takeover')
  plantLock(folder, { ...boot, token: 'c4' }, 'LOCK.c4')
  expectFree(folder)
})

onLinux('while a living process takes a stale lock over, nobody else does', () => {
  const folder = temporaryFolder()
  plantLock(folder, { bootId: 'another', token: 'd1' })
  plantLock(folder, { token: 'd2' }, 'LOCK.d1.takeover')
  expectLockedBy(process.pid, folder)
  expect(readdirSync(folder).sort()).toEqual(['LOCK', 'LOCK.d1.takeover'])
})

onLinux('of several processes racing for a folder exactly one gets it', async () => {
  const contenders = await Promise.all([1, 2, 3, 4, 5, 6].map(() => Contender.start()))
  const parent = temporaryFolder()
  const stale = Object.values(STALE_LOCKS)
  for (let round = 0; round < 60; round++) {
    const folder = join(parent, String(round))
    mkdirSync(folder)
    // Every fourth folder is fresh; the others carry a lock left by the dead, some half taken over.
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
