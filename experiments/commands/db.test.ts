import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  Database,
  EncryptedStorage,
  EncryptionKey,
  type EngineOptionsInput,
  Ledger,
  NodeStorage,
} from '../../engine/index.ts'
import { tiering } from '../../strategies/whole-levels/tiering.ts'
import { parseOpenMetrics } from '../base/testing/parse-open-metrics.ts'
import { endStarted, startCommand, varve } from '../cli/testing/start-command.ts'

const home = mkdtempSync(join(tmpdir(), 'varve-main-'))
const folder = join(home, 'db')
afterAll(() => {
  endStarted()
  rmSync(home, { recursive: true })
})

const db = (...argv: string[]) => startCommand(varve('db', ...argv)).ended

function open(path = folder, more: EngineOptionsInput = {}): Database {
  const storage = new NodeStorage(new Ledger())
  const options = { memtableBytes: 4096, ...more }
  return Database.open({ storage, folder: path, strategy: tiering.create({}), options })
}

beforeAll(async () => {
  using database = open()
  const value = new Uint8Array(100)
  for (let index = 0; index < 100; index++) {
    await database.put(new TextEncoder().encode(`key${index % 40}`), value)
  }
})

describe('varve db', { timeout: 60_000 }, () => {
  test('dumps the facts and the tree', async () => {
    const { code, stdout, stderr } = await db('dump', folder)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^strategy +\{"name":"tiering"/m)
    expect(stdout).toMatch(/^tree +2 tables in 2 runs on 1 levels$/m)
    expect(stdout).toMatch(/^L0\n {2}R\d+: \d+\[key0,key9\] bytes=\d+ entries=\d+/m)
  })

  test('prints statistics as text, JSON and OpenMetrics with the same numbers', async () => {
    const stats = async (...flags: string[]) => {
      const { code, stdout, stderr } = await db('stats', folder, ...flags)
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      return stdout
    }
    const json = JSON.parse(await stats('--format=json'))
    expect(json).toMatchObject({ folder, tables: 2, runs: 2, log: { entries: expect.any(Number) } })
    expect(json.levels).toMatchObject([{ level: 0, runs: 2, tables: 2, bytes: json.bytes }])
    expect(await stats('--format=text')).toBe(await stats())
    expect(await stats()).toContain(`entries   ${json.entries}, ${json.tombstones} of them deletio`)
    const families = parseOpenMetrics(await stats('--format=openmetrics'))
    const level0 = JSON.stringify([['level', '0']])
    const ofLevel0 = (name: string) => families.get(name)!.samples.get(level0)
    expect(ofLevel0('varve_level_tables')).toBe(json.tables)
    expect(ofLevel0('varve_level_entries')).toBe(json.entries)
    expect(ofLevel0('varve_level_bytes')).toBe(json.bytes)
    expect(await db('stats', folder, '--format=openmetric')).toMatchObject({
      code: 2,
      stdout: '',
      stderr: 'db: unknown format "openmetric"; did you mean "openmetrics"?\n',
    })
  })

  test('exports, and what it exported verifies', async () => {
    const to = join(home, 'exported')
    const { code, stdout } = await db('export', folder, to)
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/: 2 tables in 2 runs, .* linked\n {2}and \d+ entries in a/),
    })
    expect(await db('verify', to)).toMatchObject({ code: 0, stderr: '' })
  })

  test('makes checkpoints, changes the key by one, and takes no encrypted folder without', async () => {
    const [encrypted, rotated] = [join(home, 'encrypted'), join(home, 'rotated')]
    const [keyFile, newKeyFile] = [join(home, 'first.key'), join(home, 'second.key')]
    writeFileSync(keyFile, new Uint8Array(32).fill(1))
    writeFileSync(newKeyFile, `${'0a'.repeat(32)}\n`)
    expect(await db('checkpoint', folder, encrypted, `--to-key-file=${keyFile}`)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/: 2 tables, .* of them copied; up to seq 100\n {2}and \d+ en/),
    })
    const rotate = [encrypted, rotated, `--key-file=${keyFile}`, `--to-key-file=${newKeyFile}`]
    expect(await db('checkpoint', ...rotate)).toMatchObject({ code: 0, stderr: '' })
    const withNew = `--key-file=${newKeyFile}`
    expect(await db('verify', rotated, withNew)).toMatchObject({ code: 0, stderr: '' })
    expect(await db('compact', rotated, withNew)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/: \d+ merges and \d+ moves; \d+ tables in \d+ runs/),
    })
    expect(await db('stats', rotated, withNew)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^entries +\d+, \d+ of them deletions/m),
    })
  })

  test('tells a missing key, a wrong key and a symbolic link apart', async () => {
    const [rotated, keyFile] = [join(home, 'other'), join(home, 'third.key')]
    writeFileSync(keyFile, new Uint8Array(32).fill(2))
    const files = new EncryptedStorage(new NodeStorage(), EncryptionKey.random())
    Database.open({ storage: files, folder: rotated, strategy: tiering.create({}) }).close()
    expect(await db('verify', rotated)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('is encrypted: give its key by --key-file'),
    })
    expect(await db('verify', rotated, `--key-file=${keyFile}`)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('the file was encrypted with another key'),
    })
    expect(await db('dump', rotated, `--key-file=${folder}`)).toMatchObject({ code: 2 })
    symlinkSync(home, join(home, 'symlink'))
    expect(await db('checkpoint', folder, join(home, 'symlink'))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('is a symbolic link'),
    })
  })

  test('ingests tables, and names the one that it refuses', async () => {
    const filled = join(home, 'filled')
    open(filled).close()
    const exported = join(home, 'to-ingest')
    await db('export', folder, exported)
    const [table = ''] = readdirSync(exported).filter((name) => name.endsWith('.sst'))
    expect(await db('ingest', filled, join(exported, table))).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/filled: 1 tables, \d+ entries, .* written; at seq 1\n$/),
      stderr: '',
    })
    expect(await db('verify', filled)).toMatchObject({ code: 0, stderr: '' })
    using database = open(filled)
    expect(database.get(new TextEncoder().encode('key9'))).toHaveLength(100)
    database.close()
    const text = join(home, 'text.sst')
    writeFileSync(text, 'no table '.repeat(9))
    expect(await db('ingest', filled, text)).toMatchObject({
      code: 1,
      stderr: `db: ${text} at offset 28: not a table: the footer has no magic number\n`,
    })
    const missing = join(home, 'missing.sst')
    expect(await db('ingest', filled, missing)).toMatchObject({
      code: 2,
      stderr: `db: ${missing} does not exist\n`,
    })
    expect(await db('ingest', filled, home)).toMatchObject({
      code: 2,
      stderr: `db: ${home} is not a file: name tables (*.sst)\n`,
    })
  })

  test('repairs a folder, keeps the old files, and says what is lost', async () => {
    const broken = join(home, 'broken')
    await db('checkpoint', folder, broken)
    rmSync(join(broken, 'CURRENT'))
    const before = readdirSync(broken)
    expect(await db('repair', broken, '--dry-run')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/a repair would keep 40 entries, read from 2 tables, 1 logs/),
      stderr: '',
    })
    expect(readdirSync(broken)).toEqual(before)
    expect(await db('repair', broken)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        /repaired: 40 entries in 1 tables, .*up to seq 100\n .* in .*lost/,
      ),
      stderr: '',
    })
    expect(await db('verify', broken)).toMatchObject({ code: 0, stderr: '' })
    expect(await db('repair', broken)).toMatchObject({
      code: 0,
      stdout: `${broken}: sound, nothing to repair\n`,
    })
    const table = join(broken, readdirSync(broken).find((name) => name.endsWith('.sst'))!)
    const content = readFileSync(table)
    content[20]! ^= 1
    writeFileSync(table, content)
    expect(await db('repair', broken)).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/repaired: /),
      stderr: expect.stringMatching(/^db: lost: \d+\.sst: data at offset 0: .* keys to key/),
    })
    expect(await db('verify', broken)).toMatchObject({ code: 0, stderr: '' })
    const empty = join(home, 'nothing')
    expect(await db('repair', empty)).toMatchObject({
      code: 2,
      stderr: `db: ${empty} does not exist\n`,
    })
    expect(await db('repair', join(broken, 'lost', 'CURRENT'))).toMatchObject({ code: 1 })
  })

  test('names a damaged file and the offset on one line, exit code 1', async () => {
    const damaged = join(home, 'damaged')
    await db('export', folder, damaged)
    const table = join(damaged, readdirSync(damaged).find((name) => name.endsWith('.sst'))!)
    const content = readFileSync(table)
    content[20]! ^= 1
    // A new file, because the old one has a second name in the database.
    rmSync(table)
    writeFileSync(table, content)
    expect(await db('verify', damaged)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: `db: ${table} at offset 0: block checksum mismatch\n`,
    })
  })

  test('reports lost log records: verify as a fault, dump and export like an open', async () => {
    const short = join(home, 'short')
    const database = open(short)
    for (const key of [1, 2, 3]) await database.put(Uint8Array.of(key), new Uint8Array(1))
    database.close()
    const log = join(short, readdirSync(short).find((name) => name.endsWith('.log'))!)
    // Each batch is a record of 7 + 17 bytes.
    const content = readFileSync(log)
    writeFileSync(log, Buffer.concat([content.subarray(0, 24), content.subarray(48)]))
    const fault = `db: ${log} at offset 24: batch of seq 3, expected seq 2`
    expect(await db('verify', short)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: `${fault}\n`,
    })
    const kept = 'lost: writes from seq 2 to 3; an open keeps what may hold them as'
    expect(await db('dump', short)).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(`${fault}; an open drops 24 bytes of logs\ndb: ${kept}`),
    })
    expect(await db('export', short, join(home, 'short exported'))).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(`${fault}; the export leaves out 24 bytes of logs\n`),
    })
  })

  test('leaves no folder behind when an export fails', async () => {
    const [strict, to] = [join(home, 'strict'), join(home, 'failed')]
    const database = open(strict, { walRecovery: 'absolute' })
    await database.put(new Uint8Array(1), new Uint8Array(1))
    database.close()
    const log = join(strict, readdirSync(strict).find((name) => name.endsWith('.log'))!)
    writeFileSync(log, readFileSync(log).subarray(0, -1))
    const { code, stderr } = await db('export', strict, to)
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `db: ${log} at offset 0: torn payload\n`,
    })
    expect(existsSync(to)).toBe(false)
  })

  test('does not touch an open database', async () => {
    using _ = open()
    const { code, stderr } = await db('verify', folder)
    expect(code).toBe(1)
    expect(stderr).toMatch(/already open in process \d+\n$/)
  })

  test('shows its help', async () => {
    for (const args of [[], ['--help'], ['export', '--help']]) {
      const { code, stdout } = await db(...args)
      expect(code).toBe(0)
      expect(stdout).toContain('npm run varve -- db export')
    }
  })

  test.each([
    [['exprot', 'a', 'b'], 'unknown command "exprot"; did you mean "export"?'],
    [['export', 'a'], 'export takes <folder> <to> (see --help)'],
    [['verify', 'a', 'b'], 'unexpected argument "b"'],
    [['verify', 'a', '--hlep'], 'unknown flag "--hlep"; did you mean "--help"? (--help lists all)'],
    [['dump', home], `${home} is not a database: it has no CURRENT file`],
    [['export', folder, folder], `${folder} is not empty`],
  ])('%j is a mistake: one line, exit code 2', async (args, message) => {
    expect(await db(...args)).toMatchObject({
      code: 2,
      stdout: '',
      stderr: `db: ${message}\n`,
    })
  })
})
