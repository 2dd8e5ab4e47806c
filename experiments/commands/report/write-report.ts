/** Owns the work of `varve report`: from results to one HTML page. */
import { dirname } from 'node:path'
import { writeWhole } from '../../../results/write-result.ts'
import { checkOutFileMade } from '../../base/check-out.ts'
import { makeFolder } from '../../base/make-folder.ts'
import { usageOf } from '../../base/usage-error.ts'
import { type Arguments, namesOf, textOf } from '../../cli/arguments.ts'
import { readResultFiles } from '../../cli/read-documents.ts'
import { sayWritten } from '../../cli/run-command.ts'
import { askedMetrics } from '../../compare/metrics.ts'

export async function writeReport(given: Arguments): Promise<number> {
  const out = textOf(given, 'out')!
  checkOutFileMade('out', out)
  const metrics = askedMetrics(namesOf(given, 'metric'))
  const results = readResultFiles(given.operands).map(({ result }) => result)
  // Loaded here, so that a mistake in the arguments is reported without loading the figures.
  const { reportOf } = await import('../../report/report-data.ts')
  const { reportPage } = await import('../../report/report-page.ts')
  const page = reportPage(usageOf(() => reportOf(results, metrics)))
  makeFolder(dirname(out))
  writeWhole(out, page)
  return sayWritten(out)
}
