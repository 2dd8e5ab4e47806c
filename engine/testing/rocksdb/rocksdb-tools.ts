/**
 * Owns the calls of RocksDB's own tools (Debian: `rocksdb-tools`), as independent witnesses. Their
 * exit code is 0 even if they find damage, and some print nothing then, so the calls return both
 * output and error output, and callers compare both. Without the tools the tests that need them are
 * skipped with a message; if VARVE_REQUIRE_ROCKSDB_TOOLS is set they fail.
 */

import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { compareEntries, type Entry } from '../oracles/array-cursor.ts'
import { hex } from '../oracles/cursor-walk.ts'

export type RocksdbTool = 'sst_dump' | 'ldb' | 'db_bench'

/**
 * Whether the tools are installed. If not, prints a message, or throws if
 * VARVE_REQUIRE_ROCKSDB_TOOLS is set.
 */
export function hasRocksdbTools(...tools: readonly RocksdbTool[]): boolean {
  const missing = tools.filter((tool) => spawnSync(tool, ['--version']).error !== undefined)
  if (missing.length === 0) return true
  const message = `${missing.join(', ')} not installed (Debian: rocksdb-tools)`
  if (process.env.VARVE_REQUIRE_ROCKSDB_TOOLS) throw new Error(message)
  console.warn(`SKIPPED: ${message}, so RocksDB judges nothing here`)
  return false
}

/** A new folder for the calling test file, removed at its end. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `varve-${name}-`))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export interface ToolOutput {
  readonly output: string
  readonly complaints: string
}

export function runTool(tool: RocksdbTool, args: readonly string[], input = ''): ToolOutput {
  const run = spawnSync(tool, args, { encoding: 'utf8', maxBuffer: 2 ** 30, input })
  if (run.error !== undefined) throw run.error
  return { output: run.stdout, complaints: run.stderr }
}

export interface Verdict {
  readonly isOk: boolean
  readonly complaints: string
}

/** What the tools return for a table without a fault. */
export const SOUND: Verdict = { isOk: true, complaints: '' }

/** sst_dump's check of every block's checksum. */
export function verifyTableFile(path: string): Verdict {
  const args = [`--file=${path}`, '--command=verify', '--verify_checksum']
  const { output, complaints } = runTool('sst_dump', args)
  return { isOk: output.includes('The file is ok'), complaints }
}

/** The table's entries, one per line, as sst_dump prints them. */
export function scanTableFile(path: string): readonly string[] {
  const args = [`--file=${path}`, '--command=scan', '--output_hex']
  const { output } = runTool('sst_dump', args)
  return output.split('\n').filter((line) => line.startsWith("'"))
}

/** What `scanTableFile` gives for a table of these entries, in any order. */
export function scanLines(entries: readonly Entry[]): readonly string[] {
  return entries
    .toSorted(compareEntries)
    .map(
      ({ key, seq, kind, value }) =>
        `'${hex(key).toUpperCase()}' seq:${seq}, type:${kind} => ${hex(value).toUpperCase()}`,
    )
}

/** The batches of a log, one per line: seq, count, bytes, offset, records. */
export function dumpWal(path: string): ToolOutput & { readonly lines: readonly string[] } {
  const run = runTool('ldb', ['dump_wal', `--walfile=${path}`, '--header', '--print_value'])
  return { ...run, lines: run.output.split('\n').slice(1, -1) }
}

export function dumpManifest(path: string): ToolOutput & { readonly lines: readonly string[] } {
  const run = runTool('ldb', ['manifest_dump', `--path=${path}`, '--verbose', '--hex'])
  return { ...run, lines: run.output.split('\n') }
}

/** Runs an `ldb` command on a database folder. Commands that write get a copy. */
export function ldb(folder: string, ...args: readonly string[]): ToolOutput {
  return runTool('ldb', [`--db=${folder}`, ...args])
}

/** A copy that RocksDB may write to. Hard links become separate files. */
export function copyOf(folder: string): string {
  const copy = `${folder}-copy`
  rmSync(copy, { recursive: true, force: true })
  cpSync(folder, copy, { recursive: true })
  return copy
}

/** All entries by a scan. Keys and values must be text without ' ==> '. */
export function scanFolder(folder: string): ReadonlyMap<string, string> {
  return parseEntries(ldb(folder, 'scan'))
}

/**
 * The values that RocksDB's `Get` finds. Ask only for existing keys: the tool ends at the first
 * miss. It opens the folder for writing, so `folder` must be a copy.
 */
export function getAll(folder: string, keys: Iterable<string>): ReadonlyMap<string, string> {
  const input = Array.from(keys, (key) => `get ${key}\n`).join('')
  const args = [`--db=${folder}`, '--auto_compaction=false', 'query']
  return parseEntries(runTool('ldb', args, input))
}

function parseEntries({ output, complaints }: ToolOutput): ReadonlyMap<string, string> {
  if (complaints !== '') throw new Error(complaints)
  const lines = output.split('\n').filter((line) => line !== '')
  return new Map(lines.map((line) => line.split(/ (?:==>|:) /, 2) as [string, string]))
}
