/**
 * Owns the one error class of the engine. Errors describe the world (a damaged file, a full disk, a
 * caller's mistake); assertions (`assert.ts`) catch our own bugs. A missing key is neither: it
 * reads as `undefined`. Codes are stable and public. The message is one line that fits a terminal.
 */

/** All codes of `LsmError`. They are stable: a program may branch on them. */
export const LSM_ERROR_CODES = [
  'LSM_CORRUPTION',
  'LSM_IO',
  'LSM_CLOSED',
  'LSM_LOCKED',
  'LSM_CONFLICT',
  'LSM_NOT_FOUND',
  'LSM_INVALID_ARGUMENT',
  'LSM_UNSAFE_COMPACTION',
  'LSM_READ_ONLY',
  'LSM_WRONG_KEY',
] as const

/** One of `LSM_ERROR_CODES`. */
export type LsmErrorCode = (typeof LSM_ERROR_CODES)[number]

export interface LsmErrorOptions {
  /** Facts for programs: path, offset, expected, actual, rule, tables and so on. */
  readonly data?: Readonly<Record<string, unknown>>
  readonly cause?: unknown
}

/** The one error class. `message` is one line; `data` holds the same facts for a program. */
export class LsmError extends Error {
  override readonly name = 'LsmError'
  readonly code: LsmErrorCode
  readonly data: Readonly<Record<string, unknown>>

  constructor(code: LsmErrorCode, message: string, options: LsmErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.data = options.data ?? {}
  }
}

/**
 * Reports damage found in stored bytes. `path` and `offset` (bytes from the file's start) say
 * where.
 */
export function corruption(
  message: string,
  where: { readonly path: string; readonly offset?: number } & Readonly<Record<string, unknown>>,
): LsmError {
  const at = where.offset === undefined ? '' : ` at offset ${where.offset}`
  return new LsmError('LSM_CORRUPTION', `${where.path}${at}: ${message}`, { data: where })
}

export function invalidArgument(
  message: string,
  data: Readonly<Record<string, unknown>> = {},
): LsmError {
  return new LsmError('LSM_INVALID_ARGUMENT', message, { data })
}

/** Whether `error` is an `LsmError`, and of this `code` where one is given. */
export function isLsmError(error: unknown, code?: LsmErrorCode): error is LsmError {
  return error instanceof LsmError && (code === undefined || error.code === code)
}
