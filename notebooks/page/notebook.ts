/**
 * Owns the parts that notebooks share in the browser: a figure from a spec, a slider, and numbers
 * and names formatted for prose. Libraries are imported from the packages, never from a network.
 */
import embed, { type VisualizationSpec } from 'vega-embed'

/** A figure laid out for a page, and for a telephone. */
export interface NotebookFigure {
  readonly wide: VisualizationSpec
  readonly narrow: VisualizationSpec
}

const NARROW_PIXELS_MAX = 720

/** Draws a figure or a spec. The caller owns the returned element. */
export async function figure(drawn: NotebookFigure | VisualizationSpec): Promise<HTMLElement> {
  const element = document.createElement('div')
  element.className = 'figure'
  const spec =
    'wide' in drawn ? (innerWidth > NARROW_PIXELS_MAX ? drawn.wide : drawn.narrow) : drawn
  await embed(element, spec, {
    renderer: 'svg',
    mode: 'vega-lite',
    actions: { export: true, source: false, compiled: false, editor: false },
    config: { mark: { tooltip: true } },
  })
  return element
}

/** A slider in whole per cent with a label. `view` yields its `value`. */
export function percentSlider(label: string, initial: number): HTMLElement & { value: number } {
  const input = document.createElement('input')
  Object.assign(input, { type: 'range', min: '0', max: '100', step: '1', value: String(initial) })
  const shown = document.createElement('output')
  const frame = document.createElement('label')
  frame.className = 'slider'
  frame.append(`${label} `, input, ' ', shown)
  const slider = Object.assign(frame, { value: initial })
  const follow = () => {
    slider.value = Number(input.value)
    shown.textContent = `${input.value} %`
  }
  // Registered before the page's own listeners, which read the value.
  input.addEventListener('input', follow)
  follow()
  return slider
}

/** A table of texts; the first column names the row. */
export function table(
  columns: readonly string[],
  rows: readonly (readonly string[])[],
): HTMLElement {
  const element = document.createElement('div')
  element.className = 'scroll'
  const made = document.createElement('table')
  const line = (cells: readonly string[], kind: 'th' | 'td') => {
    const row = document.createElement('tr')
    for (const text of cells) {
      const cell = document.createElement(kind)
      cell.textContent = text
      row.append(cell)
    }
    return row
  }
  const head = made.createTHead()
  head.append(line(columns, 'th'))
  made.createTBody().append(...rows.map((row) => line(row, 'td')))
  element.append(made)
  return element
}

/** Three significant digits: 0.13, 6.81, 42.7, 1,230. */
export function ratio(value: number): string {
  const digits = Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0
  return value.toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
}

export function percent(share: number): string {
  const value = share * 100
  return `${Math.abs(value) < 10 ? Number(value.toPrecision(2)) : Math.round(value)} %`
}

export function count(value: number): string {
  return value.toLocaleString('en-US')
}

/** 'a', 'a and b', 'a, b and c'. */
export function list(names: readonly string[]): string {
  if (names.length < 2) return names.join('')
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}

/** The item with the smallest value of `of`. */
export function leastBy<Item>(items: readonly Item[], of: (item: Item) => number): Item {
  return items.reduce((best, item) => (of(item) < of(best) ? item : best))
}

export function mostBy<Item>(items: readonly Item[], of: (item: Item) => number): Item {
  return leastBy(items, (item) => -of(item))
}
