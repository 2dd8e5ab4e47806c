/**
 * Owns how an error crosses from one thread to another. Posting keeps only the message and stack of
 * an error, so code and data travel as fields. Invariant: an `LsmError` arrives as an `LsmError`
 * with its code, message, data, stack and cause; another error arrives with the same fields.
 */

import { isLsmError, LsmError, type LsmErrorCode } from '../../base/errors.ts'

/** An error as data. */
export interface SentError {
  /** Null: not an `LsmError`. */
  readonly code: LsmErrorCode | null
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  /** An `LsmError`'s data, or the own fields of another error, as the system's `errno`. */
  readonly facts: Readonly<Record<string, unknown>>
  readonly cause: SentError | undefined
}

/** Causes of causes beyond this depth are left out; a cause could contain itself. */
const DEPTH_MAX = 8

export function sentError(error: Error, depth = 0): SentError {
  const { name, message, stack, cause } = error
  const isLsm = isLsmError(error)
  const nested = cause === undefined || depth === DEPTH_MAX ? undefined : asError(cause)
  return {
    code: isLsm ? error.code : null,
    name,
    message,
    stack,
    facts: sendableFacts(isLsm ? error.data : ownFields(error)),
    cause: nested === undefined ? undefined : sentError(nested, depth + 1),
  }
}

/** The error as it was in the other thread. */
export function receivedError(sent: SentError): Error {
  const cause = sent.cause === undefined ? undefined : receivedError(sent.cause)
  const error =
    sent.code === null
      ? otherError(sent, cause)
      : new LsmError(sent.code, sent.message, { data: sent.facts, cause })
  if (sent.stack !== undefined) error.stack = sent.stack
  return error
}

/** Any thrown value as an error. */
function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}

function otherError({ name, message, facts }: SentError, cause: Error | undefined): Error {
  const error = new Error(message, cause === undefined ? undefined : { cause })
  return Object.assign(error, facts, { name })
}

function ownFields(error: Error): Record<string, unknown> {
  const { name, cause, ...fields } = error
  return fields as Record<string, unknown>
}

/** Facts that cannot be posted, as functions, are sent as text. */
function sendableFacts(facts: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const sendable = Object.entries(facts).map(([name, fact]) => [
    name,
    isSendable(fact) ? fact : String(fact),
  ])
  return Object.fromEntries(sendable)
}

function isSendable(fact: unknown): boolean {
  try {
    structuredClone(fact)
    return true
  } catch {
    return false
  }
}
