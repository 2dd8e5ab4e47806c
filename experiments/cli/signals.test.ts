import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { Interrupted } from '../base/interrupted.ts'
import { runChild } from './run-child.ts'
import { endStarted, startCommand } from './testing/start-command.ts'

afterAll(endStarted)

const stubborn = join(import.meta.dirname, './testing/ended-by-signal.child.ts')
const patient = { timeout: 60_000 }

test('a second signal ends a command at once, whatever it does', patient, async () => {
  const { child, texts, ended } = startCommand([process.execPath, stubborn])
  await vi.waitUntil(() => texts.stdout.includes('ready'), patient)
  child.kill('SIGTERM')
  await vi.waitUntil(() => texts.stdout.includes('heard'), patient)
  child.kill('SIGHUP')
  expect(await ended).toMatchObject({ signal: 'SIGHUP', stderr: '' })
})

test('a process that a command waits for ends with the command', patient, async () => {
  const work = new AbortController()
  // A server that runs until it is ended.
  const server = "require('node:http').createServer().listen(0, () => process.stdout.write('up'))"
  const running = runChild(['-e', `${server}; setTimeout(() => {}, 600_000)`], work.signal, true)
  work.abort()
  await expect(running).rejects.toThrow(Interrupted)
})

test('a process that ends by itself gives its code and its output', async () => {
  const program = "console.log('out'); console.error('err'); process.exitCode = 3"
  const { code, output } = await runChild(['-e', program], new AbortController().signal, true)
  expect({ code, lines: output.split('\n').toSorted() }).toEqual({
    code: 3,
    lines: ['', 'err', 'out'],
  })
})
