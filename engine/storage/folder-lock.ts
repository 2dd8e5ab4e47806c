/**
 * Owns the lock of a database folder: at most one process, and one database object in it, holds a
 * folder. Node has no flock. Instead the file LOCK names its holder, and is valid while that
 * process lives.
 *
 *   LOCK                    one line of JSON: pid, startTime (clock ticks since boot), bootId, the
 *                           folder's device and inode, token
 *   LOCK.<token>            the same, before it is linked to its name
 *   LOCK.<token>.takeover   the right to remove the lock that carries <token>
 *
 * Invariant: at most one live holder. A process takes the lock by one `link` of a fully written
 * temporary file to the name LOCK. The link is atomic and fails while somebody holds the lock. A
 * lock is stale when its process is gone, when another process now has its pid (other start time),
 * when the machine has booted since, or when the file was copied here with its folder (other
 * inode): the lock then belongs to the original folder.
 *
 * A stale lock is removed only under its takeover lock. That one is taken in the same way, so the
 * death of its holder is handled too. Two processes that find the same lock stale cannot both
 * remove it: when the second gets the takeover lock, it finds another LOCK or none, and leaves it
 * alone. A plain rename-and-check would leave a gap in which a third process finds no lock at all.
 *
 * A folder that this process may not write to cannot be locked. A process that only reads it checks
 * for a living holder instead, before and after.
 *
 * Limit: processes that cannot see each other (in other pid namespaces, or on other machines that
 * share a file system) take each other for dead.
 */

import { randomUUID } from 'node:crypto'
import {
  linkSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { LsmError } from '../base/errors.ts'
import { errnoOf, translated } from './io-error.ts'
import { type FolderLock, joinPath, type LockPurpose } from './storage.ts'

const LOCK_NAME = 'LOCK'

interface Holder {
  readonly pid: number
  /** Null where the system does not report it; then the pid alone decides. */
  readonly startTime: string | null
  readonly bootId: string | null
  /** `device:inode` of the folder. Null in locks of older versions, which did not store it. */
  readonly folder: string | null
  readonly token: string
}

/** The system's errors where a folder may be read but not written. */
const NOT_WRITABLE: readonly (string | undefined)[] = ['EACCES', 'EPERM', 'EROFS']

/** Real paths of the folders that this thread holds. LOCK keeps out other threads and processes. */
const heldHere = new Set<string>()

/**
 * Whether the name belongs to the lock. Such files are left out of listings and of the ledger's
 * balance.
 */
export function isLockFile(name: string): boolean {
  return name === LOCK_NAME || name.startsWith(`${LOCK_NAME}.`)
}

/** The lock's file, which is not empty while the folder is locked. */
export function lockFileOf(folder: string): string {
  return joinPath(folder, LOCK_NAME)
}

/**
 * Throws `LSM_LOCKED` with data {pid, path} if the folder is held, `LSM_NOT_FOUND` if it is
 * missing.
 */
export function lockFolder(folder: string, purpose: LockPurpose = 'write'): FolderLock {
  try {
    const realFolder = realpathSync(folder)
    try {
      return takeFolder(realFolder, folder)
    } catch (error) {
      if (purpose === 'write' || !NOT_WRITABLE.includes(errnoOf(error))) throw error
      return watchFolder(realFolder, folder)
    }
  } catch (error) {
    throw translated('lock', folder, error)
  }
}

/**
 * Watches a folder that cannot be locked: its release throws `LSM_LOCKED` if somebody holds it by
 * then.
 */
function watchFolder(realFolder: string, folder: string): FolderLock {
  const lockPath = lockFileOf(realFolder)
  const refuseHeld = () => {
    const holder = parseHolder(readText(lockPath) ?? '')
    if (holder !== undefined && isAlive(holder, realFolder)) throw lockedBy(holder.pid, folder)
  }
  refuseHeld()
  let held = true
  return {
    release: () => {
      if (!held) return
      held = false
      refuseHeld()
    },
  }
}

function takeFolder(realFolder: string, folder: string): FolderLock {
  if (heldHere.has(realFolder)) throw lockedBy(process.pid, folder)
  const holder: Holder = {
    pid: process.pid,
    startTime: processStat(process.pid)?.startTime ?? null,
    bootId: bootId(),
    folder: folderIdentity(realFolder),
    token: randomUUID(),
  }
  const lockPath = lockFileOf(realFolder)
  const temporary = `${lockPath}.${holder.token}`
  try {
    writeFileSync(temporary, `${JSON.stringify(holder)}\n`, { flag: 'wx' })
    const tookOver = take(lockPath, temporary, realFolder, folder)
    if (tookOver) removeLeftovers(realFolder)
  } finally {
    rmSync(temporary, { force: true })
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
 * Gives the name `path` to the holder written in `temporary`, or throws `LSM_LOCKED`. Returns
 * whether it had to remove a stale lock.
 */
function take(path: string, temporary: string, realFolder: string, folder: string): boolean {
  let tookOver = false
  while (!tryLink(temporary, path)) {
    const found = readText(path)
    if (found === undefined) continue // it was released just now
    const holder = parseHolder(found)
    if (holder !== undefined && isAlive(holder, realFolder)) throw lockedBy(holder.pid, folder)
    const stale = holder === undefined ? path : joinPath(realFolder, `${LOCK_NAME}.${holder.token}`)
    const takeover = `${stale}.takeover`
    take(takeover, temporary, realFolder, folder)
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
 * Removes files left by processes that were killed while locking. Only the holder of LOCK may do
 * this. The takeover locks of earlier holders guard nothing any more, since tokens are never
 * reused.
 */
function removeLeftovers(realFolder: string): void {
  for (const name of readdirSync(realFolder)) {
    if (name === LOCK_NAME || !isLockFile(name)) continue
    const path = joinPath(realFolder, name)
    const holder = parseHolder(readText(path) ?? '')
    if (holder !== undefined && !isAlive(holder, realFolder)) rmSync(path, { force: true })
  }
}

function lockedBy(pid: number, folder: string): LsmError {
  const who = pid === process.pid ? `this process (pid ${pid})` : `process ${pid}`
  return new LsmError('LSM_LOCKED', `${folder} is already open in ${who}`, {
    data: { pid, path: folder },
  })
}

/** Whether a lock found in the folder is held: its holder lives, and it belongs to this folder. */
function isAlive(holder: Holder, realFolder: string): boolean {
  if (holder.folder !== null && holder.folder !== folderIdentity(realFolder)) return false
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

/**
 * Fields 3 (state) and 22 (start time) of Linux's /proc/<pid>/stat; undefined where it is missing.
 */
function processStat(
  pid: number,
): { readonly state: string; readonly startTime: string } | undefined {
  const text = readText(`/proc/${pid}/stat`)
  // The second field is the command's name in parentheses; the name may contain any character.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ')
  const state = fields?.[0]
  const startTime = fields?.[19]
  return state === undefined || startTime === undefined ? undefined : { state, startTime }
}

/** Renaming the folder keeps its identity; a copy has a different one. */
function folderIdentity(realFolder: string): string {
  const { dev, ino } = statSync(realFolder, { bigint: true })
  return `${dev}:${ino}`
}

function bootId(): string | null {
  return readText('/proc/sys/kernel/random/boot_id')?.trim() ?? null
}

/**
 * Undefined if the text is unreadable: another program's lock file (RocksDB leaves an empty one),
 * or a file that a power loss cut short. A living holder's file is always whole, since it is linked
 * when complete.
 */
function parseHolder(text: string): Holder | undefined {
  try {
    const { pid, startTime, bootId, folder, token } = JSON.parse(text) as Partial<Holder>
    // A pid of 0 or below would ask about a whole group of processes.
    if (pid === undefined || !Number.isSafeInteger(pid) || pid <= 0) return undefined
    if (token === undefined || !/^[0-9a-f-]+$/.test(token)) return undefined
    const where = { bootId: bootId ?? null, folder: folder ?? null }
    return { pid, startTime: startTime ?? null, ...where, token }
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
