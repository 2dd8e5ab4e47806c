/**
 * Owns the work of `varve tidy`: from results to all their figures in long format, for pandas, R
 * and other programs that read CSV or Parquet.
 */
import { join } from 'node:path'
import { writeWhole } from '../../../results/write-result.ts'
import { checkOutFolder } from '../../base/check-out.ts'
import { makeFolder } from '../../base/make-folder.ts'
import { type Arguments, namesOf, oneOf, textOf } from '../../cli/arguments.ts'
import { EXIT } from '../../cli/explain.ts'
import { readDocuments } from '../../cli/read-documents.ts'
import { sayWritten } from '../../cli/run-command.ts'
import { tidyCsv, tidyParquet } from '../../export/tidy-files.ts'
import { TIDY_SECTIONS, tidyRows } from '../../export/tidy-rows.ts'

const WRITERS = { csv: tidyCsv, parquet: tidyParquet } as const
type Format = keyof typeof WRITERS
const FORMATS = Object.keys(WRITERS) as Format[]

export function writeTidy(given: Arguments): number {
  const formats = namesOf(given, 'format').map((name) => oneOf('format', name, FORMATS))
  const named = namesOf(given, 'section').map((name) => oneOf('section', name, TIDY_SECTIONS))
  const sections = new Set(named.length === 0 ? TIDY_SECTIONS : named)
  const documents = readDocuments(given.operands)
  const out = textOf(given, 'out')!
  checkOutFolder('out', out)
  makeFolder(out)
  for (const format of formats) {
    const path = join(out, `tidy.${format}`)
    const rows = documents.values().flatMap((document) => tidyRows(document, sections))
    writeWhole(path, WRITERS[format](rows))
    sayWritten(path)
  }
  return EXIT.done
}
