/** Owns which results a comparison takes: those of our runs and of peers, with where they came from. */
import { readKinds } from '../base/read-documents.ts'
import type { ResultFile } from './pairing.ts'

/** In the order given; a folder's by name. Throws `UsageError` naming the file. */
export function readResultFiles(operands: readonly string[]): readonly ResultFile[] {
  return readKinds(operands, ['run', 'peer']).map(({ path, document }) => {
    return { path, result: document }
  })
}
