/** Owns the work of `varve db ingest`: it adds tables to a folder that is not open anywhere. */
import { statSync } from 'node:fs'
import { Ledger, NodeStorage } from '../../../engine/index.ts'
import { formatBytes } from '../../base/units.ts'
import { UsageError } from '../../base/usage-error.ts'
import type { Arguments } from '../../cli/arguments.ts'
import { EXIT } from '../../cli/explain.ts'
import { storageOf } from './folder-key.ts'
import { onDatabase, print } from './look-after.ts'
import { openFolder } from './open-folder.ts'

/** Does `varve db ingest`; returns the exit code. Throws `UsageError`. */
export function ingest({ operands: [folder, ...tables], flags }: Arguments): number {
  return onDatabase(folder!, () => {
    const storage = storageOf(folder!, flags.get('key-file')?.[0])
    for (const path of tables) checkFile(path)
    const database = openFolder(folder!, storage, () => {})
    try {
      const report = database.ingest(tables, { storage: new NodeStorage(new Ledger()) })
      const { entries, bytesRead, tableBytes, segments, seq } = report
      const sizes = `${formatBytes(bytesRead)} read, ${formatBytes(tableBytes)} written`
      const count = `${report.tables} tables, ${entries} entries`
      print(`${folder}: ${count}, ${sizes}; at seq ${seq}`)
      if (segments > 0) print(`  and ${segments} segments of a value log`)
      return EXIT.done
    } finally {
      database.close()
    }
  })
}

function checkFile(path: string): void {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats === undefined) throw new UsageError(`${path} does not exist`)
  if (!stats.isFile()) throw new UsageError(`${path} is not a file: name tables (*.sst)`)
}
