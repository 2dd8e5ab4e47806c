/** Owns the form of an error for the user: one line, and its exit code. */
import { isLsmError } from '../../engine/base/errors.ts'
import { Interrupted } from '../base/interrupted.ts'
import { UsageError } from '../base/usage-error.ts'
import { interruptedCode } from './signals.ts'

export const EXIT = { done: 0, failed: 1, usage: 2 } as const

/** The one line for an error, and its exit code. */
export function explain(error: unknown): { readonly line: string; readonly code: number } {
  const message = error instanceof Error ? error.message : String(error)
  const [line = ''] = message.split('\n')
  if (error instanceof Interrupted) return { line: 'interrupted', code: interruptedCode() }
  if (error instanceof UsageError) return { line, code: EXIT.usage }
  if (isFullDisk(error)) return { line: `disk full: ${line}`, code: EXIT.failed }
  return { line, code: EXIT.failed }
}

function isFullDisk(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ('code' in error && error.code === 'ENOSPC') return true
  if (isLsmError(error) && error.data.errno === 'ENOSPC') return true
  return isFullDisk(error.cause)
}
