import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, extname, join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  describeInChromium,
  launchChromium,
  openPage,
  overflowPixels,
  PATIENCE,
} from '../experiments/browser/testing/chromium.ts'
import { buildNotebooks } from './main.ts'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
}
const PAGES = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith('.html') && name !== 'template.html')
  .map((name) => basename(name, '.html'))

describeInChromium('the notebooks in Chromium', () => {
  const site = mkdtempSync(join(tmpdir(), 'varve-notebooks-'))
  let browser: Browser
  let server: Server
  let origin: string

  beforeAll(async () => {
    browser = await launchChromium()
    await buildNotebooks(site, new AbortController().signal)
    server = createServer(({ url }, response) => {
      const path = join(site, new URL(url!, 'http://site').pathname)
      response.setHeader('content-type', TYPES[extname(path)] ?? 'application/octet-stream')
      response.end(readFileSync(path))
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }, 60_000)
  afterAll(async () => {
    await browser.close()
    server.close()
    rmSync(site, { recursive: true })
  })

  test.each(PAGES)(
    '%s shows its figures and its prose, and sends no other requests',
    async (name) => {
      const { page, complaints, requests } = await openPage(browser, `${origin}/${name}.html`)
      const figures = expectedFigures(name)
      await expect.poll(() => page.locator('.figure svg.marks').count(), PATIENCE).toBe(figures)
      await expect.poll(() => page.locator('.observablehq--running').count(), PATIENCE).toBe(0)
      const prose = (await page.locator('main p, main li').allInnerTexts()).join('\n')
      expect(prose.length).toBeGreaterThan(100)
      expect(prose).not.toMatch(/undefined|NaN|\bnull\b|\[object|Error/)
      for (const width of [1280, 400]) {
        await page.setViewportSize({ width, height: 800 })
        expect(await overflowPixels(page)).toBe(0)
      }
      expect(complaints).toEqual([])
      const strangers = requests.filter(
        (url) => !/^(?:data|blob):/.test(url) && !url.startsWith(origin),
      )
      expect(strangers).toEqual([])
      await page.context().close()
    },
  )

  test('prose follows the slider, which the keyboard moves', async () => {
    const { page } = await openPage(browser, `${origin}/where-each-wins.html`)
    const verdict = page.locator('p', { hasText: 'scans among the reads' }).last()
    await expect.poll(() => verdict.innerText(), PATIENCE).toMatch(/^With 10 % scans/)
    const before = await verdict.innerText()
    await page.locator('.slider input').focus()
    await page.keyboard.press('End')
    await expect.poll(() => verdict.innerText(), PATIENCE).toMatch(/^With 100 % scans/)
    expect((await verdict.innerText()).slice(20)).not.toBe(before.slice(20))
    await page.context().close()
  })

  test('every notebook is listed, and no figure in its text is typed by hand', () => {
    const index = readFileSync(join(import.meta.dirname, 'index.html'), 'utf8')
    for (const name of PAGES.filter((page) => page !== 'index')) {
      expect(index).toContain(`](./${name}.html)`)
      const source = readFileSync(join(import.meta.dirname, `${name}.html`), 'utf8')
      const cells = source.matchAll(/<script id="\d+" type="text\/markdown">(.*?)<\/script>/gs)
      for (const [, cell] of cells) expect(typedFigures(cell!)).toEqual([])
    }
  })
})

/** A cell that draws a figure calls `figure` exactly once. */
function expectedFigures(name: string): number {
  const source = readFileSync(join(import.meta.dirname, `${name}.html`), 'utf8')
  return source.match(/await figure\(/g)?.length ?? 0
}

/** Numbers typed in the text itself. Years, names and code do not count. */
function typedFigures(cell: string): readonly string[] {
  const computed = /\$\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}/g
  const text = cell.replaceAll(/(`+)[^`].*?\1/gs, '').replaceAll(computed, '')
  const known = /SIGMOD 2018|FAST 2016|level 0|level-0|size ratio/g
  return text.replaceAll(known, '').match(/\b\d+(?:[.,]\d+)*\b/g) ?? []
}
