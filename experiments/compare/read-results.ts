/**
 * Owns finding the results a comparison is asked for: files, and folders of them. In a folder other
 * documents (charts, suites) are passed over; a file that is named must be a result.
 */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseAnyResult } from '../../results/parse-result.ts'
import { readText, usageOf } from '../cli/read-result.ts'
import { UsageError } from '../cli/usage-error.ts'
import type { ResultFile } from './pairing.ts'

/** In the order given; a folder's by name. Throws `UsageError` naming the file. */
export function readResultFiles(operands: readonly string[]): readonly ResultFile[] {
  return operands.flatMap((operand) => {
    if (!isFolder(operand)) return [readResultFile(operand)]
    const paths = readdirSync(operand)
      .filter((name) => name.endsWith('.json') && !name.endsWith('.vl.json'))
      .sort()
      .map((name) => join(operand, name))
    const files = paths.filter(holdsRun).map(readResultFile)
    if (files.length === 0) throw new UsageError(`${operand}: no results in this folder`)
    return files
  })
}

function readResultFile(path: string): ResultFile {
  return { path, result: usageOf(() => parseAnyResult(readText(path), path)) }
}

/** A run of ours or of a peer, valid or not; a chart or a suite has no `deterministic`. */
function holdsRun(path: string): boolean {
  try {
    const value: unknown = JSON.parse(readText(path))
    return typeof value === 'object' && value !== null && 'deterministic' in value
  } catch {
    return true
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}
