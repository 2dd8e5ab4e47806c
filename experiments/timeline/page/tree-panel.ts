/**
 * Owns the panel of one run: its tree, the strip of its history, a text about the last edit, and
 * the figures of every level. All elements are created once; a step changes texts in place.
 */

import { formatBytes, formatCount } from '../../base/units.ts'
import { elementOf } from '../../browser/page/embedded-data.ts'
import { explainReason } from '../../story/formula.ts'
import { type JobSpan, lanesOf } from '../lanes.ts'
import type { Moments } from '../moments.ts'
import type { Replay } from '../replay.ts'
import type { TimelineEdit } from '../timeline-run.ts'
import { layOutTree, type TreeLayout } from '../tree-layout.ts'
import { currentPalette, type Palette } from './colours.ts'
import { drawHistory, HISTORY_HEIGHT, momentAtX, momentX } from './history-drawing.ts'
import { drawJobs, jobsHeight } from './jobs-drawing.ts'
import { type DrawnTree, drawTree, tableAtPoint } from './tree-drawing.ts'

export interface PanelParts {
  /** Index of the run; the ids of its elements end in it. */
  readonly index: number
  readonly replay: Replay
  readonly moments: Moments
  readonly keys: readonly string[]
  /** The most runs of each level in any run shown. */
  readonly rowsByLevel: readonly number[]
  readonly unitBytes: number
  readonly oldestBytes: number
  readonly treeHeight: number
  onSeek(moment: number): void
}

export class TreePanel {
  readonly #parts: PanelParts
  readonly #tree: HTMLCanvasElement
  readonly #history: HTMLCanvasElement
  readonly #jobs: HTMLCanvasElement
  readonly #spans: readonly JobSpan[]
  readonly #mark: HTMLElement
  readonly #event: HTMLElement
  readonly #reason: HTMLElement
  readonly #sums: HTMLElement
  readonly #tip: HTMLElement
  readonly #cells: readonly (readonly HTMLElement[])[]
  #width = 0
  #layout: TreeLayout
  #palette: Palette
  #progress = 1
  #moment = 0

  constructor(parts: PanelParts) {
    const { index } = parts
    this.#parts = parts
    this.#tree = elementOf(`tree-${index}`, HTMLCanvasElement)
    this.#history = elementOf(`history-${index}`, HTMLCanvasElement)
    this.#jobs = elementOf(`jobs-${index}`, HTMLCanvasElement)
    this.#spans = lanesOf(parts.replay.run.edits)
    this.#jobs.hidden = this.#spans.length === 0
    this.#mark = elementOf(`mark-${index}`, HTMLElement)
    this.#event = elementOf(`event-${index}`, HTMLElement)
    this.#reason = elementOf(`reason-${index}`, HTMLElement)
    this.#sums = elementOf(`sums-${index}`, HTMLElement)
    this.#tip = elementOf(`tip-${index}`, HTMLElement)
    this.#cells = levelRows(elementOf(`levels-${index}`, HTMLElement), parts.rowsByLevel.length)
    this.#layout = layOutTree(parts.rowsByLevel, 1, parts.treeHeight)
    this.#palette = currentPalette()
    this.#listen()
  }

  /** Fits the canvases to the page's current size, and reads its colours again. */
  resize(): void {
    const { rowsByLevel, treeHeight } = this.#parts
    this.#width = this.#tree.parentElement!.clientWidth
    this.#layout = layOutTree(rowsByLevel, this.#width, treeHeight)
    this.#palette = currentPalette()
    sizeCanvas(this.#tree, this.#width, this.#layout.height)
    const strip = sizeCanvas(this.#history, this.#width, HISTORY_HEIGHT)
    const { replay, moments, index } = this.#parts
    const drawn = {
      moments,
      done: moments.editsDone[index]!,
      width: this.#width,
      palette: this.#palette,
    }
    drawHistory(strip, { replay, ...drawn })
    if (!this.#jobs.hidden) {
      const jobs = sizeCanvas(this.#jobs, this.#width, jobsHeight(this.#spans))
      drawJobs(jobs, { spans: this.#spans, ...drawn })
    }
    this.show(this.#moment, this.#progress)
  }

  /** Draws a moment; `progress` < 1 while the moment's edit is animated. */
  show(moment: number, progress: number): void {
    const { replay, moments, index } = this.#parts
    const done = moments.editsDone[index]![moment]!
    if (replay.at !== done) replay.seek(done)
    this.#moment = moment
    this.#progress = progress
    drawTree(this.#tree.getContext('2d')!, this.#drawn())
    this.#mark.style.transform = `translateX(${momentX(moment, moments, this.#width)}px)`
  }

  /** Updates the texts and figures to the moment shown. */
  tell(): void {
    const { replay, moments } = this.#parts
    const edit = replay.run.edits[replay.at - 1]
    this.#event.textContent = edit === undefined ? 'An empty tree' : headline(replay, edit)
    this.#reason.textContent = reasonOf(replay, edit)
    this.#sums.textContent = sumsOf(replay, moments.userBytes[this.#moment]!)
    this.#tree.setAttribute('aria-label', this.summary())
    const { levels, bytes, runs, tables } = replay.history
    const last = Math.max(1, levels) - 1
    for (const [level, cells] of this.#cells.entries()) {
      const at = replay.at * levels + Math.min(level, last)
      const here = level < levels
      setText(cells[0]!, here ? String(runs[at]!) : '0')
      setText(cells[1]!, here ? String(tables[at]!) : '0')
      setText(cells[2]!, formatBytes(here ? bytes[at]! : 0))
    }
  }

  /** One line for people who do not see the picture. */
  summary(): string {
    const { replay } = this.#parts
    const levels = replay.levels.flatMap((runs, level) => {
      const count = `${runs.length} ${runs.length === 1 ? 'run' : 'runs'}`
      return runs.length === 0 ? [] : [`level ${level} ${count}`]
    })
    return `${replay.run.strategy} after ${replay.at} edits: ${levels.join(', ') || 'empty'}`
  }

  #drawn(): DrawnTree {
    const { replay, keys, moments, oldestBytes, unitBytes } = this.#parts
    const nowBytes = moments.userBytes[this.#moment]!
    return {
      replay,
      layout: this.#layout,
      keys: keys.length,
      nowBytes,
      oldestBytes,
      unitBytes,
      palette: this.#palette,
      progress: this.#progress,
    }
  }

  #listen(): void {
    const seek = (event: PointerEvent) => {
      const { left } = this.#history.getBoundingClientRect()
      this.#parts.onSeek(momentAtX(event.clientX - left, this.#parts.moments, this.#width))
    }
    this.#history.addEventListener('pointerdown', (event) => {
      this.#history.setPointerCapture(event.pointerId)
      seek(event)
    })
    this.#history.addEventListener('pointermove', (event) => {
      if (event.buttons === 1) seek(event)
    })
    this.#tree.addEventListener('pointermove', (event) => this.#point(event))
    this.#tree.addEventListener('pointerleave', () => {
      this.#tip.hidden = true
    })
  }

  #point({ clientX, clientY }: PointerEvent): void {
    const { left, top } = this.#tree.getBoundingClientRect()
    const tree = this.#drawn()
    const table = tableAtPoint(tree, clientX - left, clientY - top)
    this.#tip.hidden = table === undefined
    if (table === undefined) return
    this.#tip.textContent = tableText(this.#parts, table, tree.nowBytes)
    const x = Math.min(clientX - left + 12, Math.max(0, this.#width - this.#tip.offsetWidth))
    this.#tip.style.transform = `translate(${x}px, ${clientY - top + 16}px)`
  }
}

/** Makes a canvas this many CSS pixels large, sharp on any screen. */
function sizeCanvas(
  canvas: HTMLCanvasElement,
  width: number,
  height: number,
): CanvasRenderingContext2D {
  const scale = window.devicePixelRatio || 1
  canvas.width = Math.round(width * scale)
  canvas.height = Math.round(height * scale)
  canvas.style.height = `${height}px`
  const context = canvas.getContext('2d')!
  context.setTransform(scale, 0, 0, scale, 0, 0)
  return context
}

function levelRows(body: HTMLElement, levels: number): readonly (readonly HTMLElement[])[] {
  return Array.from({ length: levels }, (_, level) => {
    const row = document.createElement('tr')
    const head = document.createElement('th')
    head.scope = 'row'
    head.textContent = `L${level}`
    const cells = [0, 1, 2].map(() => document.createElement('td'))
    row.append(head, ...cells)
    body.append(row)
    return cells
  })
}

function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

function headline({ at, run, ghosts }: Replay, edit: TimelineEdit): string {
  const { bytes } = run.tables
  const taken = sides(ghosts.map(({ table, level }) => ({ level, bytes: bytes[table]! })))
  const made = sides(edit.added.map(({ table, level }) => ({ level, bytes: bytes[table]! })))
  const from = taken === '' ? 'the memtable' : taken
  return `#${at} ${edit.kind}: ${from} → ${made === '' ? 'nothing' : made}`
}

/** 'L0 4 tables, 4.1 MiB + L1 …' */
function sides(tables: readonly { readonly level: number; readonly bytes: number }[]): string {
  const byLevel = Map.groupBy(tables, ({ level }) => level)
  return Array.from(byLevel, ([level, group]) => {
    const sum = group.reduce((total, { bytes }) => total + bytes, 0)
    const count = `${group.length} ${group.length === 1 ? 'table' : 'tables'}`
    return `L${level} ${count}, ${formatBytes(sum)}`
  }).join(' + ')
}

function reasonOf({ run }: Replay, edit: TimelineEdit | undefined): string {
  if (edit === undefined) return 'Press play, or step with the arrow keys.'
  if (edit.kind === 'flush') {
    return edit.phase === 'drain' ? 'flushed to drain' : 'because the memtable was full'
  }
  return edit.reason === null
    ? 'its reason was not recorded'
    : `because ${explainReason(edit.reason, run.params)}`
}

function sumsOf({ at, run, bytesWritten }: Replay, userBytes: number): string {
  const edit = run.edits[at - 1]
  const written = bytesWritten[at]!
  const ratio = userBytes === 0 ? '–' : (written / userBytes).toFixed(2)
  const when =
    edit === undefined ? '' : `${edit.phase}, operation ${formatCount(edit.atOperation)}; `
  return `${when}tables written so far: ${formatBytes(written)}, ${ratio} × user bytes`
}

function tableText({ replay, keys }: PanelParts, table: number, nowBytes: number): string {
  const { tables } = replay.run
  const tombstones = tables.tombstones[table]!
  return [
    `table ${tables.id[table]}, run ${replay.runOfTable[table]}`,
    `${formatBytes(tables.bytes[table]!)}, ${formatCount(tables.entries[table]!)} entries`,
    ...(tombstones === 0 ? [] : [`${formatCount(tombstones)} tombstones`]),
    `${keys[tables.smallest[table]!]} … ${keys[tables.largest[table]!]}`,
    `written ${formatBytes(Math.max(0, nowBytes - replay.bornAtBytes[table]!))} of user bytes ago`,
  ].join('\n')
}
