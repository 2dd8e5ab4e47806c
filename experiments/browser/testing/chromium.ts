/**
 * Owns the browser of tests: Debian's Chromium without a window, driven by playwright-core. If it
 * is missing, the tests say so and are skipped; if `VARVE_REQUIRE_CHROMIUM` is set, they fail
 * instead. Every page opened here keeps a list of its errors and of its network requests.
 */
import { existsSync } from 'node:fs'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { describe, test } from 'vitest'

const { VARVE_CHROMIUM } = process.env
/** Paths where a Chromium may be; if `VARVE_CHROMIUM` is set, only that path. */
const PATHS =
  VARVE_CHROMIUM === undefined
    ? ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
    : [VARVE_CHROMIUM]
const FLAGS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
  ...['--disable-background-networking', '--disable-component-update'],
]

const path = PATHS.find((candidate) => existsSync(candidate))

/** A `describe` for tests that need the browser. */
export function describeInChromium(name: string, body: () => void): void {
  if (path !== undefined) {
    describe(name, body)
  } else if (process.env.VARVE_REQUIRE_CHROMIUM) {
    test(name, () => {
      throw new Error(`no Chromium at ${PATHS.join(', ')}, but VARVE_REQUIRE_CHROMIUM is set`)
    })
  } else {
    console.warn(`SKIPPED, no Chromium (Debian: apt install chromium): ${name}`)
    describe.skip(name, body)
  }
}

/** The caller closes it. */
export async function launchChromium(): Promise<Browser> {
  return await chromium.launch({ executablePath: path!, args: FLAGS })
}

/** For `expect.poll`: a busy machine is slow, and only a failing test waits this long. */
export const PATIENCE = { timeout: 15_000 } as const

/** A page, and the things it must not do. */
export interface WatchedPage {
  readonly page: Page
  /** Errors and warnings of the console, and uncaught exceptions. */
  readonly complaints: readonly string[]
  /** Requested addresses, the page's own first. */
  readonly requests: readonly string[]
}

/** Opens `url` in its own context; the caller closes the page's context. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  const complaints: string[] = []
  const requests: string[] = []
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('request', (request) => requests.push(request.url()))
  await page.goto(url)
  return { page, complaints, requests }
}

/** Pixels by which the page is wider than its window; 0: no horizontal scrolling. */
export async function overflowPixels(page: Page): Promise<number> {
  return await page.evaluate<number>(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  )
}
