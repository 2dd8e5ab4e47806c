/**
 * Owns the timeline's controls: one position in time for all trees shown, moved by play, steps, the
 * scrubber, the strips and keys. The page draws at most once a frame, however fast the position
 * moves.
 */

import { formatBytes } from '../../base/units.ts'
import { elementOf, embeddedData } from '../../browser/page/embedded-data.ts'
import { momentsOf } from '../moments.ts'
import { Replay } from '../replay.ts'
import type { TimelineDocument } from '../timeline-run.ts'
import { AGE_COLOURS } from './colours.ts'
import { TreePanel } from './tree-panel.ts'

/**
 * An edit is animated if it is shown for at least this long; the animation takes this share of that
 * time.
 */
const ANIMATED_MS_MIN = 250
const ANIMATED_SHARE = 0.7
const TREE_HEIGHT = { one: 420, two: 360 } as const

const timeline = await embeddedData<TimelineDocument>()
const moments = momentsOf(timeline.runs)
const last = moments.count - 1
const replays = timeline.runs.map((run) => new Replay(run))
const panels = makePanels()

const scrubber = elementOf('scrubber', HTMLInputElement)
const playButton = elementOf('play', HTMLButtonElement)
const speed = elementOf('speed', HTMLSelectElement)
const place = elementOf('place', HTMLElement)
const spoken = elementOf('spoken', HTMLElement)
const stillness = matchMedia('(prefers-reduced-motion: reduce)')

let moment = 0
let playing = false
/**
 * When the current moment was reached, in the time of frames; null before the first frame of a
 * play.
 */
let cameAtMs: number | null = null
let frameAsked = false

listen()
for (const [index, colour] of ramp().entries()) {
  elementOf('ramp', HTMLElement).append(swatch(colour, index))
}
scrubber.max = String(last)
elementOf('oldest', HTMLElement).textContent = `${formatBytes(moments.userBytes[last]!)} ago`
// The end of a run shows the most; play from the end starts over.
moveTo(startOf(location.hash))
new ResizeObserver(resize).observe(document.body)
document.body.dataset.ready = 'true'

function makePanels(): readonly TreePanel[] {
  const levels = Math.max(...replays.map(({ history }) => history.levels))
  const rowsByLevel = Array.from({ length: levels }, (_, level) =>
    Math.max(...replays.map(({ runsMaxByLevel }) => runsMaxByLevel[level] ?? 0)),
  )
  const firsts = timeline.runs.map(({ edits }) => edits[0]?.userBytes ?? 1)
  return replays.map(
    (replay, index) =>
      new TreePanel({
        index,
        replay,
        moments,
        keys: timeline.keys,
        rowsByLevel,
        unitBytes: Math.max(1, Math.min(...firsts)),
        oldestBytes: moments.userBytes[last]!,
        treeHeight: replays.length > 1 ? TREE_HEIGHT.two : TREE_HEIGHT.one,
        onSeek: stopAt,
      }),
  )
}

/** '#57' opens the page at moment 57. */
function startOf(hash: string): number {
  const wanted = Number(hash.slice(1))
  return hash !== '' && Number.isInteger(wanted) && wanted >= 0 ? Math.min(wanted, last) : last
}

function askFrame(): void {
  if (frameAsked) return
  frameAsked = true
  requestAnimationFrame(frame)
}

function frame(nowMs: number): void {
  frameAsked = false
  const stayMs = 1000 / Number(speed.value)
  if (playing) advance(nowMs, stayMs)
  const animated = playing && stayMs >= ANIMATED_MS_MIN && !stillness.matches
  const since = nowMs - (cameAtMs ?? nowMs)
  render(animated ? Math.min(1, since / (stayMs * ANIMATED_SHARE)) : 1)
  if (playing) askFrame()
}

/**
 * Applies the edits that are due: none in most frames of a slow play, several in those of a fast
 * one.
 */
function advance(nowMs: number, stayMs: number): void {
  cameAtMs ??= nowMs
  const steps = Math.floor((nowMs - cameAtMs) / stayMs)
  if (steps === 0) return
  cameAtMs += steps * stayMs
  moment = Math.min(last, moment + steps)
  if (moment === last) setPlaying(false)
}

function render(progress: number): void {
  for (const [index, panel] of panels.entries()) {
    panel.show(moment, moments.runOf[moment] === index ? progress : 1)
    panel.tell()
  }
  scrubber.value = String(moment)
  const put = formatBytes(moments.userBytes[moment]!)
  place.textContent = `edit ${moment} of ${last} · ${put} put`
  scrubber.setAttribute('aria-valuetext', `edit ${moment} of ${last}, ${put} put by the user`)
  // A screen reader cannot follow a play; it reads only the moment where a step or a stop ends.
  if (!playing) spoken.textContent = panels.map((panel) => panel.summary()).join('. ')
}

function moveTo(wanted: number): void {
  moment = Math.max(0, Math.min(last, wanted))
  cameAtMs = null
  askFrame()
}

function stopAt(wanted: number): void {
  setPlaying(false)
  moveTo(wanted)
}

function setPlaying(wanted: boolean): void {
  playing = wanted
  playButton.textContent = playing ? 'Pause' : 'Play'
  playButton.setAttribute('aria-pressed', String(playing))
}

function togglePlay(): void {
  if (!playing && moment === last) moment = 0
  setPlaying(!playing)
  moveTo(moment)
}

/** The nearest moment before or after that is not a flush, or the end in that direction. */
function compactionFrom(direction: 1 | -1): number {
  for (let at = moment + direction; at > 0 && at <= last; at += direction) {
    const run = moments.runOf[at]!
    const edit = timeline.runs[run]!.edits[moments.editsDone[run]![at]! - 1]!
    if (edit.kind !== 'flush') return at
  }
  return direction > 0 ? last : 0
}

function resize(): void {
  for (const panel of panels) panel.resize()
}

function listen(): void {
  const click = (id: string, act: () => void) =>
    elementOf(id, HTMLButtonElement).addEventListener('click', act)
  click('play', togglePlay)
  click('first', () => stopAt(0))
  click('back', () => stopAt(moment - 1))
  click('forward', () => stopAt(moment + 1))
  click('end', () => stopAt(last))
  click('previous', () => stopAt(compactionFrom(-1)))
  click('next', () => stopAt(compactionFrom(1)))
  scrubber.addEventListener('input', () => stopAt(Number(scrubber.value)))
  speed.addEventListener('change', () => moveTo(moment))
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', resize)
  addEventListener('hashchange', () => stopAt(startOf(location.hash)))
  addEventListener('keydown', onKey)
}

/** Keys work wherever the focus is, except for the keys that a focused control needs itself. */
function onKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  const target = event.target
  if (target === speed || (target instanceof HTMLButtonElement && event.key === ' ')) return
  const page = Math.max(1, Math.round(last / 20))
  const acts: Readonly<Record<string, () => void>> = {
    ' ': togglePlay,
    ArrowLeft: () => stopAt(event.shiftKey ? compactionFrom(-1) : moment - 1),
    ArrowRight: () => stopAt(event.shiftKey ? compactionFrom(1) : moment + 1),
    PageUp: () => stopAt(moment - page),
    PageDown: () => stopAt(moment + page),
    Home: () => stopAt(0),
    End: () => stopAt(last),
  }
  const act = acts[event.key]
  if (act === undefined) return
  event.preventDefault()
  act()
}

/** Every eighth step of the ramp of ages. */
function ramp(): readonly string[] {
  return AGE_COLOURS.filter((_, step) => step % 8 === 0 || step === AGE_COLOURS.length - 1)
}

function swatch(colour: string, index: number): HTMLElement {
  const box = document.createElement('i')
  box.style.background = colour
  box.dataset.step = String(index)
  return box
}
