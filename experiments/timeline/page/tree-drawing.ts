/**
 * Owns the drawing of one tree at one moment on a canvas: boxes of tables coloured by age, the
 * tables that the last edit removed (dashed, at their former places) and those it made (outlined).
 * `progress` runs from 0 to 1 while an edit is animated: removed tables sink to the place where the
 * new ones appear.
 */
import { formatBytes } from '../../base/units.ts'
import { ABSENT, type Ghost, type Replay } from '../replay.ts'
import { keyX, rowTop, type TreeLayout } from '../tree-layout.ts'
import { AGE_COLOURS, ageStep, isLight, type Palette } from './colours.ts'

export interface DrawnTree {
  readonly replay: Replay
  readonly layout: TreeLayout
  readonly keys: number
  /** User bytes put at this moment; ages are measured back from it. */
  readonly nowBytes: number
  /** The whole run's user bytes, and the bytes of the first flush: the two ends of the age ramp. */
  readonly oldestBytes: number
  readonly unitBytes: number
  readonly palette: Palette
  readonly progress: number
}

export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

const LABEL_WIDTH_MIN = 46
const LABEL_ROW_MIN = 14
/** More outlines would run together, and take time to draw. */
const OUTLINES_MAX = 1500

export function drawTree(context: CanvasRenderingContext2D, tree: DrawnTree): void {
  const { layout, replay } = tree
  context.clearRect(0, 0, context.canvas.width, context.canvas.height)
  drawBands(context, tree)
  const edit = replay.run.edits[replay.at - 1]
  const made = new Set(edit?.added.map(({ table }) => table))
  const tops = rowTops(tree)
  const { runOfTable } = replay
  for (let table = 0; table < runOfTable.length; table++) {
    const run = runOfTable[table]!
    if (run === ABSENT || made.has(table)) continue
    drawTable(context, tree, table, tops.get(run)!)
  }
  const target = edit?.added[0]
  const targetTop = target === undefined ? layout.height : tops.get(target.run)!
  drawGhosts(context, tree, targetTop)
  context.globalAlpha = tree.progress
  for (const { table, run } of edit?.added ?? []) drawTable(context, tree, table, tops.get(run)!)
  if (made.size <= OUTLINES_MAX) {
    context.strokeStyle = tree.palette.ink
    context.lineWidth = 2
    for (const { table, run } of edit?.added ?? []) {
      const { x, y, width, height } = boxOf(tree, table, tops.get(run)!)
      context.strokeRect(x + 0.5, y + 0.5, Math.max(1, width - 1), height - 1)
    }
  }
  context.globalAlpha = 1
}

/** The table at a point of the canvas; undefined if there is none. */
export function tableAtPoint(tree: DrawnTree, x: number, y: number): number | undefined {
  const { runOfTable } = tree.replay
  const tops = rowTops(tree)
  for (let table = 0; table < runOfTable.length; table++) {
    const run = runOfTable[table]!
    if (run === ABSENT) continue
    const top = tops.get(run)!
    if (y < top || y >= top + tree.layout.rowHeight) continue
    const box = boxOf(tree, table, top)
    if (x >= box.x && x <= box.x + box.width) return table
  }
  return undefined
}

/** Top of each run's row, on its way from its place before the edit. */
function rowTops({ replay, layout, progress }: DrawnTree): ReadonlyMap<number, number> {
  const tops = new Map<number, number>()
  for (const [level, runs] of replay.levels.entries()) {
    for (const [index, run] of runs.entries()) {
      tops.set(run, rowTop(layout, level, index, runs.length))
    }
  }
  if (progress === 1) return tops
  for (const [level, runs] of replay.levelsBefore.entries()) {
    for (const [index, run] of runs.entries()) {
      const now = tops.get(run)
      const was = rowTop(layout, level, index, runs.length)
      if (now !== undefined) tops.set(run, was + (now - was) * progress)
    }
  }
  return tops
}

function drawBands(context: CanvasRenderingContext2D, { layout, palette }: DrawnTree): void {
  context.textAlign = 'left'
  context.textBaseline = 'middle'
  context.font = '600 12px "DejaVu Sans", Verdana, sans-serif'
  for (const [level, { rows, top }] of layout.bands.entries()) {
    const height = rows * layout.rowHeight
    context.fillStyle = palette.panel
    context.fillRect(layout.left, top, layout.right - layout.left, height)
    context.fillStyle = palette.muted
    context.fillText(`L${level}`, 4, top + height / 2)
  }
}

function boxOf({ layout, replay, keys }: DrawnTree, table: number, top: number): Box {
  const { smallest, largest } = replay.run.tables
  const x = keyX(layout, smallest[table]!, keys)
  const end = keyX(layout, largest[table]!, keys)
  const gap = layout.rowHeight > 6 ? 1 : 0
  return { x, y: top + gap, width: Math.max(1.5, end - x), height: layout.rowHeight - 2 * gap }
}

function drawTable(
  context: CanvasRenderingContext2D,
  tree: DrawnTree,
  table: number,
  top: number,
): void {
  const { x, y, width, height } = boxOf(tree, table, top)
  const { bornAtBytes, run } = tree.replay
  const step = ageStep(tree.nowBytes - bornAtBytes[table]!, tree.unitBytes, tree.oldestBytes)
  context.fillStyle = AGE_COLOURS[step]!
  context.fillRect(x, y, width, height)
  if (width > 4) {
    context.strokeStyle = tree.palette.muted
    context.lineWidth = 0.5
    context.strokeRect(x + 0.25, y + 0.25, width - 0.5, height - 0.5)
  }
  if (width < LABEL_WIDTH_MIN || height < LABEL_ROW_MIN) return
  context.fillStyle = isLight(step) ? '#101820' : '#f4f6f8'
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  context.font = '10px "DejaVu Sans", Verdana, sans-serif'
  const label = formatBytes(run.tables.bytes[table]!)
  if (context.measureText(label).width < width - 4) {
    context.fillText(label, x + width / 2, y + height / 2)
  }
}

function drawGhosts(context: CanvasRenderingContext2D, tree: DrawnTree, targetTop: number): void {
  const { replay, layout, palette, progress } = tree
  const resting = progress === 1
  if (replay.ghosts.length > OUTLINES_MAX) return
  context.strokeStyle = palette.taken
  context.lineWidth = 1.5
  for (const ghost of replay.ghosts) {
    const was = ghostTop(layout, ghost)
    const top = resting ? was : was + (targetTop - was) * progress
    const { x, y, width, height } = boxOf(tree, ghost.table, top)
    if (!resting) {
      context.globalAlpha = 1 - progress
      drawTable(context, tree, ghost.table, top)
    }
    context.setLineDash(resting ? [4, 3] : [])
    context.strokeStyle = palette.taken
    context.lineWidth = 1.5
    context.strokeRect(x + 1, y + 1, Math.max(1, width - 2), Math.max(1, height - 2))
  }
  context.setLineDash([])
  context.globalAlpha = 1
}

function ghostTop(layout: TreeLayout, { level, runIndex, runsInLevel }: Ghost): number {
  return rowTop(layout, level, runIndex, runsInLevel)
}
