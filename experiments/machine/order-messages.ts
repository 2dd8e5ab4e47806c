/**
 * Owns the messages between a command and the processes that work for it (`crew.ts`,
 * `serve-orders.ts`), and errors in the form of a message. An error arrives as one for which the
 * command prints the same line and ends with the same code.
 */
import { LsmError, type LsmErrorCode } from '../../engine/base/errors.ts'
import { Interrupted } from '../base/interrupted.ts'
import { UsageError } from '../base/usage-error.ts'

/** How far an order is. */
export interface Place {
  readonly what: string
  readonly done: number
  readonly total: number
}

export type ToProcess =
  | { readonly kind: 'order'; readonly order: unknown }
  | { readonly kind: 'interrupt' }

export type FromProcess =
  | ({ readonly kind: 'progress' } & Place)
  | { readonly kind: 'outcome'; readonly outcome: unknown; readonly peakRssBytes: number }
  | { readonly kind: 'failure'; readonly failure: Failure }

/** An error as a message. */
interface Failure {
  readonly is: 'interrupted' | 'usage' | 'lsm' | 'other'
  readonly message: string
  readonly stack: string | undefined
  readonly code: unknown
  /** Of an `LsmError`: the system's name for the error. */
  readonly errno: unknown
  readonly cause: Failure | null
}

export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { ...NOTHING, message: String(error) }
  return {
    is: kindOf(error),
    message: error.message,
    stack: error.stack,
    code: 'code' in error ? error.code : undefined,
    errno: error instanceof LsmError ? error.data.errno : undefined,
    cause: error.cause === undefined ? null : failureOf(error.cause),
  }
}

const NOTHING: Omit<Failure, 'message'> = {
  is: 'other',
  stack: undefined,
  code: undefined,
  errno: undefined,
  cause: null,
}

function kindOf(error: Error): Failure['is'] {
  if (error instanceof Interrupted) return 'interrupted'
  if (error instanceof UsageError) return 'usage'
  return error instanceof LsmError ? 'lsm' : 'other'
}

export function errorOf(failure: Failure): Error {
  const error = madeOf(failure)
  if (failure.stack !== undefined) error.stack = failure.stack
  return error
}

function madeOf({ is, message, code, errno, cause }: Failure): Error {
  const options = cause === null ? {} : { cause: errorOf(cause) }
  switch (is) {
    case 'interrupted':
      return new Interrupted(message, options)
    case 'usage':
      return new UsageError(message, options)
    case 'lsm':
      return new LsmError(code as LsmErrorCode, message, { ...options, data: { errno } })
    case 'other':
      return Object.assign(new Error(message, options), code === undefined ? {} : { code })
  }
}
