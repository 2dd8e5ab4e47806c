/**
 * Owns the lock of a database folder: one process, and one database object in it, holds a folder.
 * Node has no flock, so the file LOCK names its holder and counts while that process lives.
 *
 *   LOCK                    one line of JSON: pid, startTime (clock ticks since boot), bootId, token
 *   LOCK.<token>            the same, before it is linked to its name
 *   LOCK.<token>.takeover   the right to remove the lock that carries <token>
 *
 * Invariant: at most one live holder. Taking is one `link` of a fully written temporary to the name:
 * atomic, and it fails when somebody holds it. The holder is dead, and its lock stale, when the
 * process is gone, another one wears its pid (other start time), or the machine has booted since.
 *
 * A stale lock is removed only under its takeover lock, taken in the same way (so that a death there
 * is survived too). Two processes that judge one lock stale cannot both remove it: the second, once
 * it has the right, finds another lock or none under the name and leaves it alone. A plain
 * rename-and-check would leave a gap in which a third process finds no lock at all.
 *
 * Limit: processes that cannot see one another (other pid namespaces, other machines on a shared
 * file system) judge one another dead.
 */

import { randomUUID } from 'node:crypto'
import {
  linkSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { LsmError } from '../base/errors.ts'
import { errnoOf, translated } from './io-error.ts'
import { type FolderLock, joinPath } from './storage.ts'

const LOCK_NAME = 'LOCK'

interface Holder {
  readonly pid: number
  /** Null where the system does not tell; then the pid alone decides. */
  readonly startTime: string | null
  readonly bootId: string | null
  readonly token: string
}

/** Real paths of the folders this process holds (this thread; others are kept out by LOCK). */
const heldHere = new Set<string>()

/** Whether the name belongs to the lock: left out of listings and of the ledger's balance. */
export function isLockFile(name: string): boolean {
  return name === LOCK_NAME || name.startsWith(`${LOCK_NAME}.`)
}

/** `LSM_LOCKED` with data {pid, path} when held; `LSM_NOT_FOUND` when the folder is missing. */
export function lockFolder(folder: string): FolderLock {
  try {
    return takeFolder(realpathSync(folder), folder)
  } catch (error) {
    throw translated('lock', folder, error)
  }
}

function takeFolder(realFolder: string, folder: string): FolderLock {
  if (heldHere.has(realFolder)) throw lockedBy(process.pid, folder)
  const holder: Holder = {
    pid: process.pid,
    startTime: processStat(process.pid)?.startTime ?? null,
    bootId: bootId(),
    token: randomUUID(),
  }
  const lockPath = joinPath(realFolder, LOCK_NAME)
  const temporary = `${lockPath}.${holder.token}`
  writeFileSync(temporary, `${JSON.stringify(holder)}\n`, { flag: 'wx' })
  try {
    const tookOver = take(lockPath, temporary, lockPath, folder)
    if (tookOver) removeLeftovers(realFolder)
  } finally {
    unlinkSync(temporary)
  }
  heldHere.add(realFolder)
  let held = true
  return {
    release: () => {
      if (!held) return
      held = false
      heldHere.delete(realFolder)
      if (parseHolder(readText(lockPath) ?? '')?.token === holder.token) unlinkSync(lockPath)
    },
  }
}

/**
 * Gives the name `path` to the holder written in `temporary`, or throws `LSM_LOCKED`. Returns whether
 * a stale lock had to make room.
 */
function take(path: string, temporary: string, lockPath: string, folder: string): boolean {
  let tookOver = false
  while (!tryLink(temporary, path)) {
    const found = readText(path)
    if (found === undefined) continue // released just now
    const holder = parseHolder(found)
    if (holder !== undefined && isAlive(holder)) throw lockedBy(holder.pid, folder)
    const takeover = `${holder === undefined ? path : `${lockPath}.${holder.token}`}.takeover`
    take(takeover, temporary, lockPath, folder)
    try {
      if (readText(path) === found) unlinkSync(path)
    } finally {
      unlinkSync(takeover)
    }
    tookOver = true
  }
  return tookOver
}

/**
 * Removes what processes killed while locking left behind. Only the holder of LOCK may: the takeover
 * locks of earlier holders guard nothing any more, since their tokens never come back.
 */
function removeLeftovers(realFolder: string): void {
  for (const name of readdirSync(realFolder)) {
    if (name === LOCK_NAME || !isLockFile(name)) continue
    const path = joinPath(realFolder, name)
    const holder = parseHolder(readText(path) ?? '')
    if (holder !== undefined && !isAlive(holder)) rmSync(path, { force: true })
  }
}

function lockedBy(pid: number, folder: string): LsmError {
  const who = pid === process.pid ? `this process (pid ${pid})` : `process ${pid}`
  return new LsmError('LSM_LOCKED', `${folder} is already open in ${who}`, {
    data: { pid, path: folder },
  })
}

function isAlive(holder: Holder): boolean {
  const boot = bootId()
  if (holder.bootId !== null && boot !== null && holder.bootId !== boot) return false
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    if (errnoOf(error) === 'ESRCH') return false
  }
  const stat = processStat(holder.pid)
  if (stat === undefined) return true
  if (stat.state === 'Z' || stat.state === 'X') return false // dead, waiting to be reaped
  return holder.startTime === null || stat.startTime === holder.startTime
}

/** Linux's /proc/<pid>/stat, fields 3 (state) and 22 (start time); undefined where it is not. */
function processStat(
  pid: number,
): { readonly state: string; readonly startTime: string } | undefined {
  const text = readText(`/proc/${pid}/stat`)
  // The second field is the command's name in parentheses, which may hold any character.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ')
  const state = fields?.[0]
  const startTime = fields?.[19]
  return state === undefined || startTime === undefined ? undefined : { state, startTime }
}

function bootId(): string | null {
  return readText('/proc/sys/kernel/random/boot_id')?.trim() ?? null
}

/**
 * Undefined when unreadable: another program's lock file (RocksDB leaves an empty one) or one that a
 * power loss cut short. A living holder's is always whole, since it was linked when complete.
 */
function parseHolder(text: string): Holder | undefined {
  try {
    const { pid, startTime, bootId, token } = JSON.parse(text) as Partial<Holder>
    // A pid of 0 or below would ask about a whole group of processes.
    if (pid === undefined || !Number.isSafeInteger(pid) || pid <= 0) return undefined
    if (token === undefined || !/^[0-9a-f-]+$/.test(token)) return undefined
    return { pid, startTime: startTime ?? null, bootId: bootId ?? null, token }
  } catch {
    return undefined
  }
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false
    throw error
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}
