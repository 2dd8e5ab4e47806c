/** The files a figure is written to, as a PDF reader and a browser see them. */

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { GATE_COVERS } from '../../results/schema.ts'
import { sampleResult } from '../../results/testing/sample-result.ts'
import { describeInChromium, launchChromium, openPage } from '../browser/testing/chromium.ts'
import { WATERMARK_OPACITY, watermarkLayers } from './figure.ts'
import { renderHtml } from './html.ts'
import { amplificationChart } from './kinds/amplification.ts'
import { renderPdf } from './pdf.ts'
import { renderSvg } from './render.ts'
import { PRESETS, type Preset } from './theme.ts'

const folder = mkdtempSync(join(tmpdir(), 'varve-figure-'))
afterAll(() => rmSync(folder, { recursive: true }))

const two = ['tiering', 'leveling'].map((strategy) => sampleResult({ strategy }))
const spec = amplificationChart(two, PRESETS['one-column'])

test('a PDF has the same bytes each time, and the figure’s size in points', async () => {
  const svg = await renderSvg(spec)
  const pdf = await renderPdf(svg, 'A figure')
  expect(await renderPdf(svg, 'A figure')).toEqual(pdf)
  const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(svg)!
  const text = new TextDecoder('latin1').decode(pdf)
  expect(text).toContain(`/MediaBox [0 0 ${Number(width) * 0.75} ${Number(height) * 0.75}]`)
  expect(Number(width) / 96).toBeLessThanOrEqual(10 / 3)
  // The PDF embeds the outlines of each font of the figure.
  expect(text.match(/\/FontFile2/g)).toHaveLength(3)
})

test('a watermark is as faint in a PDF as in the picture', async () => {
  const gates = ['steady-state', 'dataset-beyond-cache'].map((name) => {
    return { name, passed: false, why: 'short' }
  })
  const preset = PRESETS['one-column']
  const box = { width: 200, height: 150 }
  const result = { ...sampleResult(), gates }
  const layer = [...watermarkLayers(preset, [result], box, { covers: GATE_COVERS })]
  const svg = await renderSvg({ ...box, layer })
  // The two lines are separate elements.
  expect(svg).toMatch(new RegExp(`opacity="${WATERMARK_OPACITY}"><tspan`))
  const pdf = new TextDecoder('latin1').decode(await renderPdf(svg, 'A figure'))
  expect(pdf).toContain(`/ca ${WATERMARK_OPACITY}\n`)
})

const poppler = spawnSync('pdftotext', ['-v']).status === 0
if (!poppler) console.warn('SKIPPED, no pdftotext (Debian: apt install poppler-utils)')

test.skipIf(!poppler)(
  'poppler finds the labels of a PDF as text, and its fonts embedded',
  async () => {
    const path = join(folder, 'figure.pdf')
    writeFileSync(path, await renderPdf(await renderSvg(spec), 'A figure'))
    const read = (...command: readonly string[]) =>
      spawnSync(command[0]!, command.slice(1), { encoding: 'utf8' }).stdout
    const text = read('pdftotext', path, '-')
    for (const label of ['leveling and tiering on ycsb-a', 'leveling', 'amplification', '4.32']) {
      expect(text).toContain(label)
    }
    const fonts = read('pdffonts', path).trimEnd().split('\n').slice(2)
    expect(fonts).toHaveLength(3)
    for (const font of fonts) expect(font).toMatch(/DejaVuSans.* yes yes yes /)
  },
)

/** What a window shows of a figure's page, in pixels. */
interface Seen {
  readonly scroll: number
  /** Texts that reach beyond the window. */
  readonly outside: number
  /** Height of the smallest text. */
  readonly least: number
}

describeInChromium('a figure as a page', () => {
  test('draws itself from a file, without network requests and console errors', async () => {
    const path = join(folder, 'figure.html')
    writeFileSync(path, renderHtml(spec))
    const browser = await launchChromium()
    try {
      const url = pathToFileURL(path).href
      const { page, complaints, requests } = await openPage(browser, url)
      await page.waitForSelector('#figure svg text')
      const drawn = await page.locator('#figure svg').first().textContent()
      expect(drawn).toContain('leveling and tiering on ycsb-a')
      expect(complaints).toEqual([])
      expect(requests.filter((request) => !request.startsWith('data:'))).toEqual([url])
    } finally {
      await browser.close()
    }
  })

  test.each([
    ['two-column', 400],
    ['two-column', 330],
    ['slide', 800],
    ['one-column', 400],
  ] as const)(
    '%s in a window of %i pixels: whole, without a horizontal scroll',
    async (name, width) => {
      const of = (preset: Preset) => amplificationChart(two, preset)
      const path = join(folder, `${name}-${width}.html`)
      writeFileSync(path, renderHtml(of(PRESETS[name]), of(PRESETS['one-column'])))
      const browser = await launchChromium()
      try {
        const viewport = { width, height: 700 }
        const { page, complaints } = await openPage(browser, pathToFileURL(path).href, { viewport })
        await page.waitForSelector('#figure svg text')
        const { scroll, outside, least } = await page.evaluate<Seen>(`(() => {
          const texts = [...document.querySelectorAll('#figure svg text')]
          const boxes = texts.map((text) => text.getBoundingClientRect())
          return {
            scroll: document.documentElement.scrollWidth,
            outside: boxes.filter(({ left, right }) => left < 0 || right > innerWidth).length,
            least: Math.min(...boxes.map(({ height }) => height).filter((height) => height > 0)),
          }
        })()`)
        expect({ scroll, outside }).toEqual({ scroll: width, outside: 0 })
        // The wide figure, shrunk to this window, would have text half as high.
        expect(least).toBeGreaterThan(7)
        expect(complaints).toEqual([])
      } finally {
        await browser.close()
      }
    },
  )
})
