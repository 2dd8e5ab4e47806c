/**
 * A contender for folder-lock.test.ts. Each line on its input is a folder and a moment (ms since the
 * epoch, spun for, so that several contenders start as one), and `read` where it only wants to read;
 * it answers with `held` or the pid that holds the folder, keeps what it holds, and lets go of all when
 * the line is `release`. After `unprivileged` it has the rights of nobody, should it run as root.
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
