/**
 * Owns the file of lines typed in earlier shells. It is in the user's folder for state, not in a
 * database. A file that cannot be read or written is no reason to fail.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

export const HISTORY_LINES_MAX = 1000

/** The file: in XDG_STATE_HOME, by default ~/.local/state; on Windows in LOCALAPPDATA. */
export function historyPath(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  const state =
    platform === 'win32'
      ? env.LOCALAPPDATA || join(homedir(), 'AppData', 'Local')
      : env.XDG_STATE_HOME || join(homedir(), '.local', 'state')
  return join(state, 'varve', 'shell-history')
}

/** The lines, newest first. */
export function readHistory(path: string): string[] {
  try {
    const lines = readFileSync(path, 'utf8').split('\n')
    return lines.filter((line) => line !== '').reverse()
  } catch {
    return []
  }
}

/** Keeps the newest lines. `lines`: newest first. */
export function writeHistory(path: string, lines: readonly string[]): void {
  const kept = lines.slice(0, HISTORY_LINES_MAX).reverse()
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    writeFileSync(path, kept.map((line) => `${line}\n`).join(''), { mode: 0o600 })
  } catch {
    // The shell works without it.
  }
}
