/**
 * Owns the script of a report: it copies tables as text and draws figures when they come into view.
 * A page opened from a file may have no clipboard. Then an older way of copying is tried; if that
 * fails too, the text is shown and selected, to be copied by hand.
 */
import { elementOf, embeddedData } from '../../browser/page/embedded-data.ts'
import { type ReportTable, type TableFormat, tableText } from '../report-table.ts'

interface Chart {
  readonly id: string
  readonly wide: object
  readonly narrow: object | null
}

/** The part of vega-embed's global that is used here. */
type Embed = (element: HTMLElement, spec: object, options: object) => Promise<{ finalize(): void }>

/** A narrower window gets figures laid out for one column of a paper. */
const NARROW_PIXELS_MAX = 720
const COPIED_MS = 1600

const data = await embeddedData<{
  readonly tables: readonly ReportTable[]
  readonly charts: readonly Chart[]
}>()
const charts = new Map(data.charts.map((chart) => [chart.id, chart]))
const { vegaEmbed } = globalThis as unknown as { readonly vegaEmbed: Embed }
const spoken = elementOf('spoken', HTMLElement)
const drawn = new Map<Element, { readonly narrow: boolean; finalize(): void }>()

const seen = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) void draw(target as HTMLElement)
    }
  },
  { rootMargin: '400px' },
)
for (const element of document.querySelectorAll('.chart')) seen.observe(element)
matchMedia(`(max-width: ${NARROW_PIXELS_MAX}px)`).addEventListener('change', () => {
  for (const element of drawn.keys()) void draw(element as HTMLElement)
})
// Printed paper also shows figures that were never scrolled into view.
addEventListener('beforeprint', () => {
  for (const element of document.querySelectorAll<HTMLElement>('figure .chart')) void draw(element)
})
for (const button of document.querySelectorAll<HTMLButtonElement>('button[data-table]')) {
  button.addEventListener('click', () => void copy(button))
}
document.body.dataset.ready = 'true'

async function draw(element: HTMLElement): Promise<void> {
  const chart = charts.get(element.dataset.chart ?? '')
  const narrow = innerWidth <= NARROW_PIXELS_MAX && chart?.narrow != null
  const before = drawn.get(element)
  if (chart === undefined || before?.narrow === narrow) return
  drawn.set(element, { narrow, finalize() {} })
  before?.finalize()
  const spec = narrow ? chart.narrow! : chart.wide
  const { finalize } = await vegaEmbed(element, spec, {
    renderer: 'svg',
    mode: 'vega-lite',
    actions: { export: true, source: false, compiled: false, editor: false },
    downloadFileName: chart.id,
    config: { mark: { tooltip: true } },
  })
  drawn.set(element, { narrow, finalize })
  element.classList.add('drawn')
}

async function copy(button: HTMLButtonElement): Promise<void> {
  const { table, format } = button.dataset
  const found = data.tables.find(({ id }) => id === table)
  const text =
    found === undefined
      ? `${elementOf('command-lines', HTMLElement).textContent}\n`
      : tableText(found, format as TableFormat)
  const copied = (await copyByClipboard(text)) || copyBySelection(text)
  if (!copied) showByHand(text)
  const label = button.textContent ?? ''
  spoken.textContent = copied ? `${found?.title ?? 'Commands'} copied as ${label}` : ''
  if (!copied || button.dataset.copied !== undefined) return
  button.dataset.copied = ''
  button.textContent = 'Copied'
  setTimeout(() => {
    button.textContent = label
    delete button.dataset.copied
  }, COPIED_MS)
}

async function copyByClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return false
  }
}

function copyBySelection(text: string): boolean {
  const focused = document.activeElement
  const area = document.createElement('textarea')
  area.value = text
  area.className = 'visually-hidden'
  document.body.append(area)
  area.select()
  // Deprecated, but the only way if a page has no clipboard.
  const copied = document.execCommand('copy')
  area.remove()
  if (focused instanceof HTMLElement) focused.focus()
  return copied
}

function showByHand(text: string): void {
  const area = elementOf('by-hand-text', HTMLTextAreaElement)
  area.value = text
  elementOf('by-hand', HTMLDialogElement).showModal()
  area.select()
}
