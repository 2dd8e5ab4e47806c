import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { EMPTY_VERSION } from '../../engine/index.ts'
import { MetricsServer, parseMetricsAddress } from './metrics-server.ts'
import { endStarted, startCommand, varve } from './testing/start-command.ts'

const home = mkdtempSync(join(tmpdir(), 'varve-metrics-'))
afterAll(() => {
  endStarted()
  rmSync(home, { recursive: true })
})

describe('the address of metrics', () => {
  test.each([
    [':9100', { host: '127.0.0.1', port: 9100 }],
    ['0.0.0.0:80', { host: '0.0.0.0', port: 80 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
    ['[::1]:1', { host: '::1', port: 1 }],
  ])('%s', (text, address) => {
    expect(parseMetricsAddress(text)).toEqual(address)
  })

  test.each(['9100', ':', ':70000', 'a:b', 'http://x:1', '::1:80'])('%s is refused', (text) => {
    expect(() => parseMetricsAddress(text)).toThrow(/is not \[HOST\]:PORT, such as :9100/)
  })
})

describe('the server of metrics', () => {
  test('answers with progress, and with the database while one is open', async () => {
    const server = await MetricsServer.listen({ host: '127.0.0.1', port: 0 })
    const read = async () => (await fetch(server.url)).text()
    server.progress(0.25)
    expect(await read()).toContain('\nvarve_progress_ratio 0.25\n# EOF\n')
    server.show(() => ({ version: EMPTY_VERSION }))
    expect(await read()).toContain('# TYPE varve_level_runs gauge')
    server.show(null)
    expect(await read()).not.toContain('varve_level_runs')
    const missing = await fetch(new URL('/', server.url))
    expect([missing.status, await missing.text()]).toEqual([404, 'metrics are at /metrics\n'])
    expect(server.written.calls).toBe(4)
    expect(server.written.bytes).toBeGreaterThan(400)
    await server.close()
  })

  test('says which address cannot be had', async () => {
    const first = await MetricsServer.listen({ host: '127.0.0.1', port: 0 })
    const port = Number(new URL(first.url).port)
    await expect(MetricsServer.listen({ host: '127.0.0.1', port })).rejects.toThrow(
      `--metrics: cannot listen on 127.0.0.1:${port}: EADDRINUSE`,
    )
    await first.close()
  })

  test('serves a run, and the run accounts for all bytes as without it', {
    timeout: 60_000,
  }, async () => {
    const command = ['exp', '--records=20k', '--operations=60k', '--workload=ycsb-a']
    const { child, texts, ended } = startCommand(varve(...command, `--out=${home}`, '--metrics=:0'))
    let url: string | undefined
    while (url === undefined) {
      await new Promise((resolve) => child.stderr.once('data', resolve))
      url = /^metrics at (http\S+)$/m.exec(texts.stderr)?.[1]
    }
    let last = ''
    let scrapes = 0
    for (;;) {
      const answer = await fetch(url).then(
        (response) => response.text(),
        () => null,
      )
      if (answer === null) break
      scrapes++
      if (answer.includes('varve_writes_total')) last = answer
    }
    const { code, stderr } = await ended
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(scrapes).toBeGreaterThan(1)
    expect(last).toMatch(/^varve_writes_total\{kind="put"\} \d+$/m)
    const name = readdirSync(home).find((file) => file.endsWith('.json'))!
    const result = JSON.parse(readFileSync(join(home, name), 'utf8'))
    if (process.platform === 'linux') {
      expect(result.timed.operatingSystem.unexplainedWrittenBytes).toBe(0)
    }
  })
})
