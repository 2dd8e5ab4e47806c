/**
 * Owns the browser of tests: Debian's Chromium, without a window, driven by playwright-core.
 * Without one the tests say so and are skipped; where `VARVE_REQUIRE_CHROMIUM` is set they fail
 * instead. Every page opened here keeps a list of what went wrong and of what it asked the network
 * for.
 */
import { existsSync } from 'node:fs'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { describe, test } from 'vitest'

const { VARVE_CHROMIUM } = process.env
/** Where a Chromium may be; `VARVE_CHROMIUM` names the only place where it is. */
const PATHS =
  VARVE_CHROMIUM === undefined
    ? ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
    : [VARVE_CHROMIUM]
const FLAGS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
  ...['--disable-background-networking', '--disable-component-update'],
]

const path = PATHS.find((candidate) => existsSync(candidate))

/** A `describe` of what needs the browser. */
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

/** For `expect.poll`: a busy machine takes its time, and only a failure waits so long. */
export const PATIENCE = { timeout: 15_000 } as const

/** A page, and what it must not have. */
export interface WatchedPage {
  readonly page: Page
  /** Errors and warnings of the console, and exceptions nobody caught. */
  readonly complaints: readonly string[]
  /** Addresses asked for, the page's own first. */
  readonly requests: readonly string[]
}

/** Opens `url` in a context of its own; closing the page's context is the caller's. */
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

/** How far the page reaches beyond its window: 0 where nothing must be scrolled sideways. */
export async function overflowPixels(page: Page): Promise<number> {
  return await page.evaluate<number>(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  )
}
