import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { open } from '../../strategies/open.ts'
import { varve } from '../cli/testing/start-command.ts'

const home = mkdtempSync(join(tmpdir(), 'varve-shell-'))
const started: ReturnType<typeof spawn>[] = []
afterAll(() => {
  for (const child of started) child.kill('SIGKILL')
  rmSync(home, { recursive: true })
})

let folders = 0
const newFolder = () => join(home, `db${folders++}`)

/** A shell whose input stays open; `lines` waits for so many lines of answers. */
function start(...argv: readonly string[]) {
  const [node, ...parameters] = varve('shell', ...argv)
  const child = spawn(node!, parameters, { stdio: 'pipe' })
  started.push(child)
  const texts = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text) => {
    texts.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    texts.stderr += text
  })
  const linesOf = (text: string) => text.split('\n').slice(0, -1)
  const answers = async (count: number) => {
    while (linesOf(texts.stdout).length < count) await once(child.stdout, 'data')
    return linesOf(texts.stdout)
  }
  const ended = once(child, 'close').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as string | null,
    answers: linesOf(texts.stdout),
    notes: linesOf(texts.stderr),
  }))
  return { child, answers, ended }
}

/** Pipes the lines into a shell and waits for its end. */
function pipe(lines: readonly string[], ...argv: readonly string[]) {
  const { child, ended } = start(...argv)
  child.stdin.end(lines.map((line) => `${line}\n`).join(''))
  return ended
}

describe('varve shell', { timeout: 120_000 }, () => {
  test('recovers what was put before it was killed', async () => {
    const folder = newFolder()
    const first = start(folder, '--create')
    first.child.stdin.write('put name "Ada Lovelace"\nput 0x00ff born:1815\nput gone x\n')
    first.child.stdin.write('delete gone\nget name\n')
    expect(await first.answers(5)).toEqual(['ok', 'ok', 'ok', 'ok', '"Ada Lovelace"'])
    first.child.kill('SIGKILL')
    expect(await first.ended).toMatchObject({ signal: 'SIGKILL', notes: [] })
    const second = await pipe(['get name', 'get \\x00\\xff', 'get gone', 'scan'], folder)
    expect(second).toEqual({
      code: 0,
      signal: null,
      notes: ['recovered 4 entries from the log'],
      answers: ['"Ada Lovelace"', 'born:1815', '(none)', '0x00ff born:1815', 'name "Ada Lovelace"'],
    })
  })

  test('says how many bytes of a damaged log it dropped', async () => {
    const folder = newFolder()
    const { child, answers, ended } = start(folder, '--create')
    child.stdin.write('put a 1\nput b 2\n')
    await answers(2)
    child.kill('SIGKILL')
    await ended
    const log = join(folder, readdirSync(folder).find((name) => name.endsWith('.log'))!)
    const content = readFileSync(log)
    writeFileSync(log, content.subarray(0, content.length - 1))
    const { code, notes, answers: found } = await pipe(['scan'], folder)
    expect({ code, found }).toEqual({ code: 0, found: ['a 1'] })
    expect(notes[0]).toBe('recovered 1 entry from the log')
    expect(notes[1]).toMatch(/^dropped \d+ bytes of the log: /)
  })

  test('gives one answer a line, goes on after an error, and says so by its exit code', async () => {
    const lines = [
      '# a comment, and an empty line',
      '',
      'put a 1',
      'pt b 2',
      'put b',
      'get a --limit=3',
      'get a --ta=x',
      'scan --limit=x',
      'put 0x1 x',
      'get a --at=then',
      'get b',
    ]
    const { code, answers } = await pipe(lines, newFolder(), '--create')
    expect(code).toBe(1)
    expect(answers).toEqual([
      'ok',
      'error: line 4: unknown command "pt"; did you mean "put"?',
      'error: line 5: write: put <key> <value> [--sync]',
      expect.stringMatching(/^error: line 6: unknown option "--limit"/),
      expect.stringMatching(/^error: line 7: unknown option "--ta"; did you mean "--at"\?/),
      'error: line 8: --limit: "x" is no count',
      'error: line 9: 0x1: hex needs two digits a byte',
      expect.stringMatching(/^error: line 10: unknown snapshot "then"/),
      '(none)',
    ])
  })

  test('scans by prefix, bounds, limit and backwards, also at a snapshot', async () => {
    const puts = ['a', 'ab', 'ac', 'b', 'c'].map((key) => `put ${key} 1`)
    const lines = [
      ...puts,
      'snapshot then',
      'delete ab --sync',
      'put d 2',
      'scan a',
      'scan a --keys --at=then',
      'scan --gt=a --lte=b --keys',
      'scan --reverse --limit=2 --keys',
      'scan a --lt=b',
      'snapshot',
      'release then',
      'snapshot',
    ]
    const { answers } = await pipe(lines, newFolder(), '--create')
    expect(answers.slice(puts.length + 3)).toEqual([
      ...['a 1', 'ac 1'],
      ...['a', 'ab', 'ac'],
      ...['ac', 'b'],
      ...['d', 'c'],
      'error: line 13: scan takes a prefix or bounds, not both',
      ...['then', 'ok', 'no snapshots'],
    ])
  })

  test('deletes ranges, at once and in a batch, and refuses an inverted one', async () => {
    const puts = ['a', 'b', 'c', 'd', 'e'].map((key) => `put ${key} 1`)
    const lines = [
      ...puts,
      'delete-range b d',
      'scan --keys',
      'batch',
      'delete-range d f',
      'put d 2',
      'write',
      'scan',
      'delete-range d b',
    ]
    const { code, answers } = await pipe(lines, newFolder(), '--create')
    expect({ code, answers: answers.slice(puts.length) }).toEqual({
      code: 1,
      answers: [
        ...['ok', 'a', 'd', 'e', 'ok', 'ok, 1 in the batch', 'ok, 2 in the batch', 'ok, 2 written'],
        ...['a 1', 'd 2'],
        expect.stringMatching(/^error: line 13: deleteRange: `from` must be before `to`/),
      ],
    })
  })

  test('commits a transaction, rolls it back, and back to a savepoint', async () => {
    const folder = newFolder()
    const lines = [
      ...['put a 1', 'begin', 'put b 2', 'get b', 'savepoint here', 'delete a', 'put c 3'],
      ...['scan', 'rollback to here', 'scan', 'get c', 'commit', 'scan'],
      ...['begin snapshot', 'delete-range a c', 'scan', 'get a', 'rollback', 'scan --keys'],
    ]
    const { code, answers } = await pipe(lines, folder, '--create')
    expect({ code, answers }).toEqual({
      code: 0,
      answers: [
        ...['ok', 'ok', 'ok', '2', 'ok', 'ok', 'ok'],
        ...['b 2', 'c 3', 'ok', 'a 1', 'b 2', '(none)', 'ok', 'a 1', 'b 2'],
        ...['ok', 'ok', '(none)', 'ok', 'a', 'b'],
      ],
    })
    const wrong = await pipe(
      [
        ...['commit', 'begin maybe', 'begin', 'begin', 'batch', 'verify', 'put a 1 --sync'],
        ...['rollback to there', 'get a --at=x', 'put z 9'],
      ],
      folder,
    )
    expect(wrong.code).toBe(1)
    expect(wrong.answers).toEqual([
      'error: line 1: no transaction is open; begin starts one',
      expect.stringMatching(/^error: line 2: unknown isolation "maybe"/),
      'ok',
      ...[4, 5, 6].map(
        (line) => `error: line ${line}: a transaction is open; commit it or roll it back first`,
      ),
      'error: line 7: a transaction is open: --sync belongs to commit',
      expect.stringMatching(/^error: line 8: unknown savepoint "there"/),
      'error: line 9: a transaction reads at its own moment',
      'ok',
      'error: the input ended in a transaction, which was not written',
    ])
    expect((await pipe(['scan --keys'], folder)).answers).toEqual(['a', 'b'])
  })

  test('keeps a batch until it is written, and refuses to forget one silently', async () => {
    const folder = newFolder()
    const lines = ['batch', 'put a 1', 'put b 2', 'get a', 'write', 'get a', 'batch', 'delete a']
    const first = await pipe([...lines, 'batch', 'discard', 'batch', 'put c 3'], folder, '--create')
    expect(first.code).toBe(1)
    expect(first.answers).toEqual([
      ...['ok', 'ok, 1 in the batch', 'ok, 2 in the batch', '(none)', 'ok, 2 written', '1', 'ok'],
      ...[
        'ok, 1 in the batch',
        'error: line 9: a batch is open; write or discard it first',
        'ok',
        'ok',
      ],
      ...['ok, 1 in the batch', 'error: the input ended in a batch, which was not written'],
    ])
    expect((await pipe(['scan', 'write'], folder)).answers).toEqual([
      ...['a 1', 'b 2', 'error: line 2: no batch is open; batch begins one'],
    ])
  })

  test('draws the tree, flushes, compacts, verifies and goes on', async () => {
    const folder = newFolder()
    const lines = [
      'put a 1',
      'flush',
      'stats',
      'metrics',
      'compact',
      'verify',
      'get a',
      'quit',
      'get a',
    ]
    const { code, answers, notes } = await pipe(lines, folder, '--create')
    expect({ code, notes }).toEqual({ code: 0, notes: [] })
    expect(answers.join('\n')).toMatch(/│ L\d +│ +1 │ +1 │ +1 │ +0 │ [\d.]+ B │ █{24} │/)
    expect(answers.join('\n')).toMatch(/^written +1 puts, 0 deletes, 2 B$/m)
    expect(answers).toContain('varve_writes_total{kind="put"} 1')
    expect(answers.slice(-4)).toEqual([
      '# EOF',
      'ok, 1 merges and 0 moves',
      expect.stringMatching(/^sound, 1 tables of /),
      '1',
    ])
  })

  test('opens a folder as its record says, and does not change the record', async () => {
    const folder = newFolder()
    const strategy = { strategy: 'tiering', strategyParameters: { T: 7 } }
    open(folder, { ...strategy, options: { memtableBytes: 8192 }, seed: 5 }).close()
    const record = readFileSync(join(folder, 'OPTIONS.json'), 'utf8')
    expect(await pipe(['put a 1'], folder)).toMatchObject({ code: 0, notes: [] })
    expect(readFileSync(join(folder, 'OPTIONS.json'), 'utf8')).toBe(record)
    const logged = record.replace('"memtableBytes"', '"slowOperationMs": 0, "memtableBytes"')
    writeFileSync(join(folder, 'OPTIONS.json'), logged)
    expect((await pipe(['get a'], folder)).notes).toEqual([
      'recovered 1 entry from the log',
      expect.stringMatching(
        /^slow: get took .*: 1 runs, 1 blocks from storage and 0 from the cache/,
      ),
    ])
    writeFileSync(join(folder, 'OPTIONS.json'), record.replace('"tiering"', '"mine"'))
    const { code, notes } = await pipe(['get a'], folder)
    expect({ code, notes }).toEqual({
      code: 2,
      notes: [expect.stringMatching(/^shell: .* under the strategy mine, which is not one of/)],
    })
  })

  test('creates a folder only when asked to, and never among other files', async () => {
    const folder = newFolder()
    const refused = await pipe(['put a 1'], folder)
    expect(refused).toMatchObject({
      code: 2,
      notes: [`shell: ${folder} is not a database; --create makes one`],
    })
    expect(existsSync(folder)).toBe(false)
    const other = mkdtempSync(join(home, 'other-'))
    writeFileSync(join(other, 'thesis.tex'), '')
    expect(await pipe([], other, '--create')).toMatchObject({
      code: 2,
      notes: [`shell: ${other} is not a database: it has files, but no CURRENT file`],
    })
    expect(readdirSync(other)).toEqual(['thesis.tex'])
  })

  test('opens an encrypted folder with its key only', async () => {
    const folder = newFolder()
    const key = join(home, 'folder.key')
    writeFileSync(key, '5a'.repeat(32))
    const lines = ['put secret "Ada Lovelace"', 'flush', 'verify']
    const created = await pipe(lines, folder, '--create', `--key-file=${key}`)
    expect(created).toMatchObject({
      code: 0,
      answers: ['ok', 'ok', expect.stringMatching(/^sound/)],
    })
    for (const name of readdirSync(folder)) {
      expect(readFileSync(join(folder, name), 'latin1')).not.toMatch(/Ada Lovelace|secret/)
    }
    expect((await pipe(['get secret'], folder, `--key-file=${key}`)).answers).toEqual([
      '"Ada Lovelace"',
    ])
    const refused = await pipe(['get secret'], folder)
    expect(refused.code).toBe(2)
    expect(refused.notes).toEqual([expect.stringMatching(/^shell: .* is encrypted: give its key/)])
  })

  test('a second shell on the folder is refused in one line', async () => {
    const folder = newFolder()
    const first = start(folder, '--create')
    first.child.stdin.write('put a 1\n')
    await first.answers(1)
    const second = await pipe(['get a'], folder)
    expect(second.code).toBe(1)
    expect(second.notes).toEqual([expect.stringMatching(/^shell: .*(open|locked|holds)/)])
    first.child.stdin.end()
    expect(await first.ended).toMatchObject({ code: 0 })
  })

  test.skipIf(process.platform === 'win32')('an interrupt closes the folder', async () => {
    const folder = newFolder()
    const { child, answers, ended } = start(folder, '--create')
    child.stdin.write('put a 1\n')
    await answers(1)
    child.kill('SIGINT')
    expect(await ended).toMatchObject({ code: 130, notes: ['shell: interrupted'] })
    expect((await pipe(['get a'], folder)).answers).toEqual(['1'])
  })

  test('help lists every command and explains one', async () => {
    const { answers } = await pipe(['help', 'help scan'], newFolder(), '--create')
    expect(answers.slice(-2)[0]).toMatch(/^scan \[<prefix>\] \[--gte=KEY\]/)
    for (const name of ['put', 'get', 'delete', 'batch', 'snapshot', 'stats', 'verify', 'quit']) {
      expect(answers.some((line) => line.startsWith(`  ${name}`))).toBe(true)
    }
  })
})
