/**
 * Owns the tests of pages that are one file each: a folder for the files, a browser, and one open
 * page at a time. After each test its page must have requested only itself and reported no errors.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { launchChromium, openPage, type WatchedPage } from './chromium.ts'

export const WIDE = { width: 1280, height: 900 }
export const NARROW = { width: 400, height: 800 }

export interface PageFiles {
  /** Exists while the tests run. */
  readonly folder: string
  /** Returns the path of the file. */
  readonly write: (name: string, html: string) => string
  /** Opens a file, in a wide window by default; resolves when the page says that it is ready. */
  readonly open: (path: string, options?: BrowserContextOptions) => Promise<Page>
}

/**
 * For the `describe` that calls it. Addresses that match `carried`, such as data URLs, lie in the
 * page itself and do not count as requests.
 */
export function pageFiles(carried: RegExp | null = null): PageFiles {
  const folder = mkdtempSync(join(tmpdir(), 'varve-pages-'))
  let browser: Browser
  let opened: WatchedPage | null = null

  beforeAll(async () => {
    browser = await launchChromium()
  }, 60_000)
  afterEach(async () => {
    if (opened === null) return
    expect(opened.requests.filter((url) => !carried?.test(url))).toHaveLength(1)
    expect(opened.complaints).toEqual([])
    await opened.page.context().close()
    opened = null
  })
  afterAll(async () => {
    await browser.close()
    rmSync(folder, { recursive: true })
  })

  return {
    folder,
    write: (name, html) => {
      const path = join(folder, name)
      writeFileSync(path, html)
      return path
    },
    open: async (path, options = {}) => {
      opened = await openPage(browser, pathToFileURL(path).href, { viewport: WIDE, ...options })
      await opened.page.waitForSelector('body[data-ready]')
      return opened.page
    },
  }
}
