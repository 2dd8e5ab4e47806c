/** Imports texts and bytes in a test, and gives the result as plain data. */

import { writeFileSync } from 'node:fs'
import type { Operation } from '../../operation.ts'
import { ImportReport } from '../import/import-report.ts'
import { type ImportFormatName, importFiles } from '../import/import-trace.ts'
import type { OperationSink } from '../operation-sink.ts'
import { SeededValues, setFieldCount } from '../seeded-values.ts'
import type { PlainOperation, PlainPhase } from './operations.ts'

export interface Imported {
  readonly phases: readonly PlainPhase[]
  readonly malformed: readonly string[]
  readonly report: ImportReport
  readonly properties: Readonly<Record<string, string>>
}

/** A sink that keeps everything; for small inputs. */
class PlainSink implements OperationSink {
  readonly phases: { name: string; fieldNames: readonly string[]; operations: PlainOperation[] }[] =
    []
  #values = new SeededValues([])

  beginPhase(name: string, fieldNames: readonly string[]): void {
    this.phases.push({ name, fieldNames, operations: [] })
    this.#values = new SeededValues(fieldNames)
  }

  add(operation: Operation, value: Uint8Array | null): void {
    const { kind, keyNumber, scanLength, fieldIndex, readFieldIndex, arrivalNs } = operation
    this.phases.at(-1)!.operations.push({
      kind,
      keyNumber,
      key: operation.key.slice(),
      scanLength,
      fieldIndex,
      readFieldIndex,
      arrivalNs,
      value: value?.slice() ?? this.#made(operation),
    })
  }

  #made(operation: Operation): Uint8Array {
    const made = new Uint8Array(operation.valueLength)
    if (this.#values.isRecord(operation)) {
      const equal = this.#values.equalLength(made.length)
      setFieldCount(operation, this.#values.fieldCount).fill(equal)
    }
    if (made.length > 0) this.#values.write(operation, made, 0)
    return made
  }
}

/** Writes `contents` to files next to `path` and imports them in order. */
export async function imported(
  format: ImportFormatName,
  path: string,
  contents: readonly (string | Uint8Array)[],
  errorsMax = 0,
): Promise<Imported> {
  const paths = contents.map((content, i) => {
    writeFileSync(`${path}.${i}`, content)
    return `${path}.${i}`
  })
  const malformed: string[] = []
  const report = new ImportReport({ errorsMax, onMalformed: (text) => malformed.push(text) })
  const sink = new PlainSink()
  const properties = await importFiles(format, paths, sink, report)
  return { phases: sink.phases, malformed, report, properties }
}

/** One line `kind key [value bytes]` per operation, easy to compare. */
export function shown(phases: readonly PlainPhase[], names: readonly string[]): readonly string[] {
  const decoder = new TextDecoder()
  return phases.flatMap(({ name, operations }) =>
    operations.map((one) => {
      const { kind, key, value, scanLength, arrivalNs } = one
      const extra = [
        value.length > 0 ? `${value.length} B` : '',
        scanLength > 0 ? `×${scanLength}` : '',
        arrivalNs >= 0 ? `@${arrivalNs}` : '',
      ]
      return [name, names[kind], decoder.decode(key), ...extra]
        .filter((part) => part !== '')
        .join(' ')
    }),
  )
}
