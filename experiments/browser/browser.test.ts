import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { sampleResult } from '../../results/testing/sample-result.ts'
import { reportOf } from '../report/report-data.ts'
import { reportPage } from '../report/report-page.ts'
import { describeInChromium, launchChromium, openPage } from './testing/chromium.ts'

describeInChromium('a page that is one file', () => {
  test('runs in a browser, without requests and console errors', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'varve-page-'))
    const browser = await launchChromium()
    try {
      const path = join(folder, 'report.html')
      writeFileSync(path, reportPage(reportOf([sampleResult()])))
      const { page, complaints, requests } = await openPage(browser, pathToFileURL(path).href)
      await page.waitForSelector('body[data-ready]')
      await page.waitForSelector('[data-chart=wa-by-level] svg.marks')
      expect(complaints).toEqual([])
      expect(requests).toEqual([pathToFileURL(path).href])
      // The policy works: a script that tries a request is refused.
      const tried = "fetch('http://127.0.0.1:9/').then(() => 'fetched', () => 'refused')"
      expect(await page.evaluate(tried)).toBe('refused')
      expect(complaints.join()).toContain('Content Security Policy')
    } finally {
      await browser.close()
      rmSync(folder, { recursive: true })
    }
  }, 60_000)
})
