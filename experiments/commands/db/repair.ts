/**
 * Owns the work of `varve db repair`: it rebuilds a folder that is not open anywhere, and says what
 * could not be brought back.
 */
import { existsSync } from 'node:fs'
import { type Loss, type RepairReport, repairDatabase } from '../../../engine/index.ts'
import { formatBytes } from '../../base/units.ts'
import { UsageError, usageOf } from '../../base/usage-error.ts'
import type { Arguments } from '../../cli/arguments.ts'
import { EXIT } from '../../cli/explain.ts'
import { showBytes } from '../shell/words.ts'
import { storageOf } from './folder-key.ts'
import { print, warn } from './look-after.ts'

/** Does `varve db repair`; returns the exit code. Throws `UsageError`. */
export function repair({ operands: [folder], flags }: Arguments): number {
  if (!existsSync(folder!)) throw new UsageError(`${folder} does not exist`)
  const dryRun = flags.has('dry-run')
  return usageOf(() => {
    const storage = storageOf(folder!, flags.get('key-file')?.[0])
    const report = repairDatabase(storage, folder!, { dryRun })
    if (report.isSound) {
      print(`${folder}: sound, nothing to repair`)
      return EXIT.done
    }
    for (const loss of report.lost) warn(lossText(loss))
    print(`${folder}: ${dryRun ? 'a repair would keep' : 'repaired:'} ${keptText(report)}`)
    const { length } = report.moved
    print(`  ${length} replaced files ${dryRun ? 'would move' : 'are'} in ${folder}/lost`)
    return report.lost.length === 0 ? EXIT.done : EXIT.failed
  })
}

function keptText({ entries, read, tables, tableBytes, lastSeq }: RepairReport): string {
  const from = `${read.tables} tables, ${read.logs} logs and ${read.segments} segments`
  const written = tables === 0 ? '' : ` in ${tables} tables, ${formatBytes(tableBytes)}`
  return `${entries} entries${written}, read from ${from}; up to seq ${lastSeq}`
}

function lossText({ file, what, bytes, entries, keys }: Loss): string {
  const facts: string[] = []
  if (entries !== null) facts.push(`${entries} values`)
  if (bytes !== null) facts.push(formatBytes(bytes))
  if (keys !== null) {
    const from = keys.from === null ? '' : `from ${showBytes(keys.from)} `
    facts.push(`keys ${from}to ${showBytes(keys.to)}`)
  }
  return `lost: ${file}: ${what}${facts.length === 0 ? '' : ` (${facts.join(', ')})`}`
}
