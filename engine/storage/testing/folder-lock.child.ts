/**
 * A contender for folder-lock.test.ts. Each input line holds a folder and a start time (ms since
 * the epoch; the process spins until then, so that several contenders start together), then `read`
 * if it only wants to read. It answers `held` or the pid that holds the folder. It keeps its locks
 * until the line `release`, which releases all. After the line `unprivileged` it gives up root's
 * rights, if it has them.
 */

import { createInterface } from 'node:readline'
import { isLsmError } from '../../base/errors.ts'
import { lockFolder } from '../folder-lock.ts'
import type { FolderLock, LockPurpose } from '../storage.ts'

const NOBODY = 65_534
const held: FolderLock[] = []

function answer(folder: string, atMs: number, purpose: LockPurpose): string {
  while (Date.now() < atMs) {}
  try {
    held.push(lockFolder(folder, purpose))
    return 'held'
  } catch (error) {
    if (isLsmError(error, 'LSM_LOCKED')) return String(error.data.pid)
    return String(error)
  }
}

function release(): string {
  try {
    for (const lock of held.splice(0)) lock.release()
    return 'released'
  } catch (error) {
    return String(error)
  }
}

function giveUpPrivileges(): string {
  if (process.getuid?.() === 0) process.setuid?.(NOBODY)
  return 'unprivileged'
}

console.log(`pid ${process.pid}`)
for await (const line of createInterface({ input: process.stdin })) {
  const [folder = '', atMs = '0', purpose = 'write'] = line.split(' ')
  if (folder === 'release') console.log(release())
  else if (folder === 'unprivileged') console.log(giveUpPrivileges())
  else console.log(answer(folder, Number(atMs), purpose as LockPurpose))
}
