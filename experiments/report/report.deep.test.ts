import { statSync } from 'node:fs'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { beforeAll, expect, test } from 'vitest'
import { describeInChromium, overflowPixels, PATIENCE } from '../browser/testing/chromium.ts'
import { NARROW, pageFiles, WIDE } from '../browser/testing/page-files.ts'
import { type Report, reportOf } from './report-data.ts'
import { reportPage } from './report-page.ts'
import { TABLE_FORMATS, tableText } from './report-table.ts'
import { sampleSweep } from './testing/sample-sweep.ts'

const PAGE_BYTES_MAX = 5e6

describeInChromium('a report of two hundred results in Chromium', () => {
  const files = pageFiles(/^(?:data|blob):/)
  let report: Report
  let path: string
  const open = (options?: BrowserContextOptions) => files.open(path, options)

  beforeAll(() => {
    report = reportOf(sampleSweep(20))
    path = files.write('report.html', reportPage(report))
  }, 60_000)

  test('has less than 5 MB and lists every run', async () => {
    expect(statSync(path).size).toBeLessThan(PAGE_BYTES_MAX)
    const page = await open()
    expect(await page.locator('#runs tbody tr').count()).toBe(200)
    expect(await page.locator('#each details').count()).toBe(200)
  })

  test('draws a figure when it comes into view, and a run when it is opened', async () => {
    const page = await open()
    await page.locator('#figures').scrollIntoViewIfNeeded()
    await page.waitForSelector('[data-chart=amplification] svg.marks')
    expect(await page.locator('[data-chart=run-150] svg.marks').count()).toBe(0)
    const details = page.locator('#each details').nth(150)
    await details.locator('summary').focus()
    await page.keyboard.press('Enter')
    await page.waitForSelector('[data-chart=run-150] svg.marks')
  })

  test('copies every table in every form', async () => {
    const page = await open({ permissions: ['clipboard-read', 'clipboard-write'] })
    for (const table of report.tables) {
      for (const format of TABLE_FORMATS) {
        await page.locator(`button[data-table=${table.id}][data-format=${format}]`).click()
        const expected = tableText(table, format)
        await expect.poll(() => clipboardOf(page), PATIENCE).toBe(withoutReturns(expected))
      }
    }
    await page.locator('button[data-table=commands]').click()
    await expect.poll(() => clipboardOf(page), PATIENCE).toBe(`${report.commands.join('\n')}\n`)
  })

  test('copies without the browser’s clipboard, and shows the text if no way works', async () => {
    const page = await open({ permissions: ['clipboard-read'] })
    await page.evaluate('delete Navigator.prototype.clipboard')
    const button = page.locator('button[data-table=gates][data-format=markdown]')
    await button.focus()
    await page.keyboard.press('Enter')
    await expect.poll(() => button.textContent(), PATIENCE).toBe('Copied')
    expect(await page.locator('#spoken').textContent()).toBe('Gates copied as Markdown')
    await expect.poll(() => button.textContent(), PATIENCE).toBe('Markdown')
    await page.evaluate('document.execCommand = () => false')
    await page.keyboard.press('Enter')
    const byHand = page.locator('#by-hand-text')
    await byHand.waitFor({ state: 'visible' })
    const gates = report.tables.find(({ id }) => id === 'gates')!
    expect(await byHand.inputValue()).toBe(tableText(gates, 'markdown'))
    await page.keyboard.press('Escape')
    await byHand.waitFor({ state: 'hidden' })
  })

  test.each([
    ['1280', WIDE],
    ['400', NARROW],
  ])('fits a window %s pixels wide', async (_, viewport) => {
    const page = await open({ viewport })
    await page.locator('#figures').scrollIntoViewIfNeeded()
    await page.waitForSelector('[data-chart=trade-off] svg.marks')
    expect(await overflowPixels(page)).toBe(0)
    const chart = (await page.locator('[data-chart=trade-off] svg.marks').boundingBox())!
    expect(chart.x + chart.width).toBeLessThanOrEqual(viewport.width)
    for (const button of await page.locator('#designs button').all()) {
      const box = (await button.boundingBox())!
      expect(box.x + box.width).toBeLessThanOrEqual(viewport.width)
    }
  })

  test('shows its focus, and follows the reader’s colour scheme', async () => {
    const page = await open({ colorScheme: 'dark' })
    await page.keyboard.press('Tab')
    expect(await styleOf(page, 'document.activeElement', 'outlineWidth')).toBe('3px')
    const dark = await styleOf(page, 'document.body', 'backgroundColor')
    await page.emulateMedia({ colorScheme: 'light' })
    expect(await styleOf(page, 'document.body', 'backgroundColor')).not.toBe(dark)
  })
})

async function clipboardOf(page: Page): Promise<string> {
  return withoutReturns(await page.evaluate<string>('navigator.clipboard.readText()'))
}

/** A clipboard may change line breaks. */
function withoutReturns(text: string): string {
  return text.replaceAll('\r\n', '\n')
}

async function styleOf(page: Page, element: string, property: string): Promise<string> {
  return await page.evaluate<string>(`getComputedStyle(${element}).${property}`)
}
