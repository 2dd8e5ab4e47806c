/**
 * Owns finding and reading the results that a command is given: files, plain or gzipped, and folders
 * of them. What is named must be a result. In a folder lies more than results: hidden files and the
 * specs of figures are passed over; folders, and documents that are of another kind than the command
 * takes, are passed over and said. A file that is empty, damaged or of a newer version is refused
 * with its name: left out in silence, it would change what is summed up.
 */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import {
  type DocumentKind,
  type DocumentOf,
  documentKindOf,
  parseDocumentText,
  parseKinds,
} from '../../results/parse-result.ts'
import { readText, tellContradictions, unreadable, usageOf } from './read-result.ts'
import { UsageError } from './usage-error.ts'

export interface ReadDocument<Kind extends DocumentKind> {
  readonly path: string
  readonly document: DocumentOf<Kind>
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
  if (documents.length === 0) throw new UsageError(`${operands[0]}: no result`)
  return documents
}

function readFile<Kind extends DocumentKind>(path: string, kinds: readonly Kind[]) {
  return checked(
    path,
    usageOf(() => parseKinds(readText(path), path, kinds)),
  )
}

/** The document of the file; figures that contradict each other are told and kept. */
function checked<Kind extends DocumentKind>(path: string, document: DocumentOf<Kind>) {
  tellContradictions(path, document)
  return { path, document }
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
  none: 'no result',
}

/** A shell's pattern `out/*.json` names the specs of figures too. */
function isSpec(path: string): boolean {
  return path.endsWith('.vl.json')
}

function leaveOut(path: string, why: string): void {
  process.stderr.write(`left out ${path}: ${why}\n`)
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch (cause) {
    throw unreadable(path, cause)
  }
}
