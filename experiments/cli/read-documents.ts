/**
 * Owns finding and reading the results a command is given: files, plain or gzipped, and folders. A
 * file that is named must be a result. In a folder, hidden files and the specs of figures are
 * skipped silently; subfolders, and documents of a kind that the command does not take, are skipped
 * with a line on standard error. A file that is empty, damaged or of a newer version is an error,
 * since skipping it would change the figures.
 */

import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { contradictionsIn } from '../../results/consistency/contradictions.ts'
import {
  type DocumentKind,
  type DocumentOf,
  documentKindOf,
  parseDocumentText,
  parseKinds,
  parseResult,
} from '../../results/parse-result.ts'
import type { RunResult } from '../../results/schema.ts'
import { shellText } from '../../results/shell-text.ts'
import { readText, unreadable } from '../base/read-text.ts'
import { UsageError, usageOf } from '../base/usage-error.ts'
import { type EditEvent, parseVersionLog, versionsPath } from '../base/version-log.ts'
import type { ResultFile } from '../compare/pairing.ts'
import { note } from './run-command.ts'

export interface ReadDocument<Kind extends DocumentKind> {
  readonly path: string
  readonly document: DocumentOf<Kind>
}

/**
 * The result in the file. Throws `UsageError` naming the file, and the field where one is wrong.
 */
export function readRunResult(path: string): RunResult {
  const result = usageOf(() => parseResult(readText(path), path))
  tellContradictions(path, result)
  return result
}

/**
 * The recorded edits of the run whose result is in the file `path`. Throws `UsageError` if the run
 * did not record them, and for a damaged file.
 */
export function readVersions(path: string, { command }: RunResult): readonly EditEvent[] {
  const versions = versionsPath(path)
  if (!existsSync(versions)) {
    const again = `${shellText(command)} --versions`
    throw new UsageError(`${versions} does not exist; run again with --versions: ${again}`)
  }
  return usageOf(() => parseVersionLog(readText(versions), versions))
}

/** Results of our runs and of peers, for a comparison. Throws `UsageError` naming the file. */
export function readResultFiles(operands: readonly string[]): readonly ResultFile[] {
  return readKinds(operands, ['run', 'peer']).map(({ path, document }) => {
    return { path, result: document }
  })
}

/** Results of runs, of peers and of suites. Throws `UsageError` naming the file and the field. */
export function readDocuments(paths: readonly string[]): readonly DocumentOf<DocumentKind>[] {
  return readKinds(paths, ['run', 'peer', 'suite']).map(({ document }) => document)
}

/**
 * Results of the kinds, in the order named, a folder's by name. Throws `UsageError` naming the file
 * and the field.
 */
export function readKinds<Kind extends DocumentKind>(
  operands: readonly string[],
  kinds: readonly Kind[],
): readonly ReadDocument<Kind>[] {
  const named = operands.filter((path) => !isSpec(path))
  const documents = named.flatMap((path) =>
    isFolder(path) ? readFolder(path, kinds) : [readFile(path, kinds)],
  )
  if (documents.length === 0) throw new UsageError(`${operands[0]}: not a result`)
  return documents
}

function readFile<Kind extends DocumentKind>(path: string, kinds: readonly Kind[]) {
  return checked(
    path,
    usageOf(() => parseKinds(readText(path), path, kinds)),
  )
}

/** The document of the file. Figures that contradict each other are reported and kept. */
function checked<Kind extends DocumentKind>(path: string, document: DocumentOf<Kind>) {
  tellContradictions(path, document)
  return { path, document }
}

/**
 * Says on standard error where figures of a document contradict each other. Such a file was edited
 * by hand or written by older code; what a command makes of it is as doubtful as its figures.
 */
function tellContradictions(path: string, document: DocumentOf<DocumentKind>): void {
  if (!('deterministic' in document)) return
  const [first, ...more] = contradictionsIn(document)
  if (first === undefined) return
  const rest = more.length === 0 ? '' : ` (and ${more.length} more)`
  process.stderr.write(`${path}: figures contradict: ${first.field}: ${first.why}${rest}\n`)
}

function readFolder<Kind extends DocumentKind>(folder: string, kinds: readonly Kind[]) {
  const documents: ReadDocument<Kind>[] = []
  for (const name of readdirSync(folder).toSorted()) {
    const path = join(folder, name)
    if (!/^[^.].*\.json(\.gz)?$/.test(name) || isSpec(name)) continue
    if (isFolder(path)) {
      leaveOut(path, 'a folder')
      continue
    }
    const value = usageOf(() => parseDocumentText(readText(path), path))
    const kind = documentKindOf(value)
    const known = kinds.find((one) => one === kind)
    if (known === undefined) leaveOut(path, LEFT_OUT[kind ?? 'none'])
    else
      documents.push(
        checked(
          path,
          usageOf(() => parseKinds(value, path, kinds)),
        ),
      )
  }
  if (documents.length === 0) {
    throw new UsageError(`${folder}: no results in this folder`)
  }
  return documents
}

const LEFT_OUT: Readonly<Record<DocumentKind | 'none', string>> = {
  run: 'the result of a run',
  suite: 'the result of a suite',
  peer: "another store's result",
  none: 'not a result',
}

/** A shell's pattern `out/*.json` names the specs of figures too. */
function isSpec(path: string): boolean {
  return path.endsWith('.vl.json')
}

function leaveOut(path: string, why: string): void {
  note(`left out ${path}: ${why}`)
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch (cause) {
    throw unreadable(path, cause)
  }
}
