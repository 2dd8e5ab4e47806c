import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { beforeAll, expect, test } from 'vitest'
import { describeInChromium, overflowPixels, PATIENCE } from '../browser/testing/chromium.ts'
import { NARROW, pageFiles, WIDE } from '../browser/testing/page-files.ts'
import { recordRun } from './testing/record-run.ts'
import { timelineOf } from './timeline-data.ts'
import { timelinePage } from './timeline-page.ts'
import type { TimelineDocument } from './timeline-run.ts'

/** The length of a frame at 60 frames a second. */
const STEP_MS_MAX = 16

describeInChromium('a timeline in Chromium', () => {
  const { folder, write, open } = pageFiles()
  let two: TimelineDocument

  beforeAll(async () => {
    const size = ['--records=2000', '--operations=2000', '--storage=memory']
    const record = (strategy: string) =>
      recordRun(folder, `--strategy=${strategy}`, ...size, '--set=memtableBytes=64KiB')
    two = timelineOf([await record('tiering'), await record('leveling-partial')])
    write('one.html', timelinePage({ ...two, runs: two.runs.slice(0, 1) }))
    write('two.html', timelinePage(two))
  }, 60_000)

  test('opens at the end of the run, whose levels it shows', async () => {
    const page = await open(join(folder, 'one.html'))
    const edits = two.runs[0]!.edits.length
    await expect
      .poll(() => placeOf(page), PATIENCE)
      .toMatch(new RegExp(`^edit ${edits} of ${edits} · `))
    const levels = await page.locator('#levels-0 tr').allTextContents()
    expect(levels.some((row) => /^L\d[1-9]/.test(row))).toBe(true)
    expect(await page.locator('#tree-0').getAttribute('aria-label')).toMatch(/^tiering after \d+/)
  })

  test('moves by keys, and the picture changes', async () => {
    const page = await open(join(folder, 'one.html'))
    const edits = two.runs[0]!.edits
    const pictures = new Set<string>()
    const press = async (key: string, expected: number) => {
      await page.keyboard.press(key)
      await expect.poll(() => placeOf(page), PATIENCE).toMatch(new RegExp(`^edit ${expected} of `))
      pictures.add(await pictureOf(page))
    }
    await press('Home', 0)
    await press('ArrowRight', 1)
    await press('ArrowRight', 2)
    await press('ArrowLeft', 1)
    const firstMerge = edits.findIndex(({ kind }) => kind !== 'flush') + 1
    await press('Shift+ArrowRight', firstMerge)
    expect(await page.locator('#reason-0').textContent()).toMatch(/^because level saturation: /)
    expect(await page.locator('#event-0').textContent()).toContain(`#${firstMerge} merge: L0 `)
    await press('End', edits.length)
    expect(pictures.size).toBe(5)
  })

  test('moves by the scrubber, and by the strip under the tree', async () => {
    const page = await open(join(folder, 'one.html'))
    const scrubber = page.locator('#scrubber')
    await scrubber.focus()
    expect(await outlineOf(page)).toMatch(/^3px/)
    await scrubber.fill('7')
    await expect.poll(() => placeOf(page), PATIENCE).toMatch(/^edit 7 of /)
    expect(await scrubber.getAttribute('aria-valuetext')).toMatch(/^edit 7 of .* put by the user$/)
    await page.locator('#history-0').click({ position: { x: 40, y: 20 } })
    await expect.poll(() => placeOf(page), PATIENCE).toMatch(/^edit [01] of /)
  })

  test('plays, pauses by the same key, and stops at the end', async () => {
    const page = await open(join(folder, 'one.html'))
    await page.selectOption('#speed', '60')
    await page.locator('h1').click()
    await page.keyboard.press('Home')
    await page.keyboard.press('Space')
    await expect.poll(() => placeOf(page), PATIENCE).not.toMatch(/^edit 0 of /)
    expect(await page.locator('#play').textContent()).toBe('Pause')
    await page.keyboard.press('Space')
    expect(await page.locator('#play').getAttribute('aria-pressed')).toBe('false')
    await page.keyboard.press('Space')
    const edits = two.runs[0]!.edits.length
    await expect.poll(() => placeOf(page), PATIENCE).toMatch(`edit ${edits} of ${edits}`)
    await expect.poll(() => page.locator('#play').textContent(), PATIENCE).toBe('Play')
  })

  test('keeps two runs in step by the bytes put', async () => {
    const page = await open(join(folder, 'two.html'))
    for (const moment of ['20', '55', '90']) {
      await page.locator('#scrubber').fill(moment)
      await expect.poll(() => placeOf(page), PATIENCE).toMatch(new RegExp(`^edit ${moment} of `))
      const told = await page.locator('[id^=event-]').allTextContents()
      const [a, b] = told.map(
        (text, run) => two.runs[run]!.edits[Number(/\d+/.exec(text)![0]) - 1]!,
      )
      const [nextA, nextB] = [a!, b!].map((edit, run) => {
        const { edits } = two.runs[run]!
        return edits[edits.indexOf(edit) + 1]!
      })
      expect(nextA!.userBytes).toBeGreaterThanOrEqual(b!.userBytes)
      expect(nextB!.userBytes).toBeGreaterThanOrEqual(a!.userBytes)
    }
  })

  test.each([
    ['1280', WIDE],
    ['400', NARROW],
  ])('fits a window %s pixels wide', async (_, viewport) => {
    const page = await open(join(folder, 'two.html'), { viewport })
    expect(await overflowPixels(page)).toBe(0)
    for (const id of ['first', 'play', 'end', 'speed', 'scrubber', 'tree-0', 'tree-1']) {
      const box = (await page.locator(`#${id}`).boundingBox())!
      expect(box.x).toBeGreaterThanOrEqual(0)
      expect(box.x + box.width).toBeLessThanOrEqual(viewport.width)
      expect(box.width).toBeGreaterThan(20)
    }
  })

  test('with ten thousand edits is small, and scrubs within a frame', async () => {
    const load = ['--strategy=leveling-partial', '--workload=ycsb-load', '--target=simulator']
    const big = await recordRun(folder, ...load, '--user-bytes=4GiB', '--set=memtableBytes=2MiB')
    expect(big.events.length).toBeGreaterThan(10_000)
    const path = write('big.html', timelinePage(timelineOf([big])))
    expect(statSync(path).size).toBeLessThan(2 * 2 ** 20)
    const page = await open(path)
    const browser = page.context().browser()!
    await browser.startTracing(page, { categories: ['devtools.timeline'] })
    await page.evaluate(SCRUB)
    const trace = JSON.parse((await browser.stopTracing()).toString()) as Trace
    const steps = stepMilliseconds(trace)
    expect(steps.length).toBeGreaterThanOrEqual(2 * STEPS)
    // The median ignores delays from other processes on the machine.
    expect(steps[Math.floor(steps.length / 2)]!).toBeLessThan(STEP_MS_MAX)
  }, 60_000)
})

const STEPS = 60

/** Steps of one edit, then jumps across the whole run, each in one frame. */
const SCRUB = `(async () => {
  const scrubber = document.getElementById('scrubber')
  const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))
  const goTo = async (moment) => {
    scrubber.value = String(moment)
    scrubber.dispatchEvent(new Event('input'))
    await frame()
  }
  for (let step = 0; step < ${STEPS}; step++) await goTo(5000 + step)
  for (let step = 0; step < ${STEPS}; step++) await goTo((step * 7919) % Number(scrubber.max))
})()`

interface Trace {
  readonly traceEvents: readonly {
    readonly name: string
    readonly ts: number
    readonly dur?: number
    readonly tid: number
  }[]
}

/**
 * For each frame that drew a step, the time of its task: script, layout and paint together;
 * ascending.
 */
function stepMilliseconds({ traceEvents }: Trace): readonly number[] {
  const frames = traceEvents.filter(({ name }) => name === 'FireAnimationFrame')
  const tasks = traceEvents.filter(({ name, dur }) => name === 'RunTask' && dur !== undefined)
  return frames
    .map(({ ts, tid }) => {
      const around = tasks.filter((task) => {
        return task.tid === tid && task.ts <= ts && ts <= task.ts + task.dur!
      })
      return Math.max(...around.map(({ dur }) => dur! / 1000))
    })
    .sort((a, b) => a - b)
}

async function placeOf(page: Page): Promise<string> {
  return (await page.locator('#place').textContent()) ?? ''
}

async function pictureOf(page: Page): Promise<string> {
  return await page.evaluate<string>("document.getElementById('tree-0').toDataURL()")
}

async function outlineOf(page: Page): Promise<string> {
  return await page.evaluate<string>('getComputedStyle(document.activeElement).outlineWidth')
}
