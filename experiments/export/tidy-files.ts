/**
 * Owns the files of the long format. CSV follows RFC 4180: UTF-8, a header, an empty field for a
 * dimension that does not apply. Parquet is written by hyparquet-writer, with dictionaries for text
 * and nullable integers and doubles. Both hold the same rows in the same order.
 */

import { parquetWriteBuffer } from 'hyparquet-writer'
import { TIDY_COLUMNS, type TidyRow } from './tidy-rows.ts'

export function tidyCsv(rows: Iterable<TidyRow>): string {
  const lines = [TIDY_COLUMNS.map(({ name }) => name).join(',')]
  for (const row of rows) lines.push(TIDY_COLUMNS.map(({ key }) => csvField(row[key])).join(','))
  return `${lines.join('\r\n')}\r\n`
}

function csvField(value: string | number | null | undefined): string {
  if (value === null || value === undefined) return ''
  const text = String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

const PARQUET_TYPES = { text: 'STRING', integer: 'INT64', number: 'DOUBLE' } as const

/** The caller owns the bytes. */
export function tidyParquet(rows: Iterable<TidyRow>): Uint8Array {
  const columns = TIDY_COLUMNS.map(({ name, key, type }) => ({
    name,
    key,
    type,
    data: [] as (string | number | bigint | null)[],
  }))
  for (const row of rows) {
    for (const { key, type, data } of columns) {
      const value = row[key] ?? null
      data.push(type === 'integer' && typeof value === 'number' ? BigInt(value) : value)
    }
  }
  const columnData = columns.map(({ name, type, data }) => ({
    name,
    data,
    type: PARQUET_TYPES[type],
    nullable: true,
  }))
  return new Uint8Array(parquetWriteBuffer({ columnData, createdBy: 'varve' }))
}
