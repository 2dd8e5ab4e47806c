/**
 * Owns the timeline as a file: the skeleton that the page's script fills, with one panel for each
 * run, as one HTML text that makes no network request.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { modulePath } from '../base/module-path.ts'
import { inlineScript } from '../browser/inline-script.ts'
import { escapeHtml, pageOf } from '../browser/page.ts'
import type { TimelineDocument, TimelineRun } from './timeline-run.ts'

/** The whole page. */
export function timelinePage(timeline: TimelineDocument): string {
  const title = titleOf(timeline.runs)
  return pageOf({
    title: `Timeline: ${title}`,
    style: readFileSync(join(import.meta.dirname, 'timeline.css'), 'utf8'),
    body: bodyOf(title, timeline.runs),
    script: inlineScript(modulePath(import.meta, 'page/main')),
    data: timeline,
  })
}

function titleOf(runs: readonly TimelineRun[]): string {
  const strategies = runs.map(({ strategy }) => strategy).join(' beside ')
  const workloads = [...new Set(runs.map(({ workload }) => workload))].join(' and ')
  return `${strategies} on ${workloads}`
}

const SPEEDS = [
  ['0.5', 'an edit in 2 s'],
  ['1', '1 edit a second'],
  ['3', '3 edits a second'],
  ['10', '10 edits a second'],
  ['60', '60 edits a second'],
  ['600', '600 edits a second'],
] as const

/** Drawn, because not every font has signs for them. */
const ICON = {
  first: icon('M3 2h2v12H3zM14 2v12L6 8z'),
  previous: icon('M8 2v12L1 8zM15 2v12L8 8z'),
  back: icon('M12 2v12L4 8z'),
  forward: icon('M4 2v12l8-6z'),
  next: icon('M1 2v12l7-6zM8 2v12l7-6z'),
  end: icon('M11 2h2v12h-2zM2 2v12l8-6z'),
} as const

function icon(path: string): string {
  return `<svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true"><path d="${path}" fill="currentColor"/></svg>`
}

function bodyOf(title: string, runs: readonly TimelineRun[]): string {
  const step = (id: string, text: string, label: string) =>
    `<button type="button" id="${id}" aria-label="${label}" title="${label}">${text}</button>`
  const speeds = SPEEDS.map(([value, text]) => {
    return `<option value="${value}"${value === '3' ? ' selected' : ''}>${text}</option>`
  })
  const together =
    runs.length > 1
      ? '<p class="muted">Both trees are shown at the same number of user bytes put, and share ' +
        'one axis of keys and one scale of ages.</p>'
      : ''
  return `<main>
<h1>${escapeHtml(title)}</h1>
<p class="muted">The tree as it grew: one band for each level, one row for each run (the newest on
top), one box for each table, from its smallest key to its largest.</p>
${together}
<section class="controls" aria-label="Time">
<div class="buttons">
${step('first', ICON.first, 'First edit (Home)')}
${step('previous', ICON.previous, 'Compaction before (Shift + ←)')}
${step('back', ICON.back, 'Edit before (←)')}
<button type="button" id="play" aria-pressed="false" title="Space">Play</button>
${step('forward', ICON.forward, 'Next edit (→)')}
${step('next', ICON.next, 'Next compaction (Shift + →)')}
${step('end', ICON.end, 'Last edit (End)')}
<label><span class="visually-hidden">Speed</span><select id="speed">${speeds.join('')}</select></label>
<span id="place" class="muted"></span>
</div>
<input type="range" id="scrubber" min="0" max="0" value="0" step="1" aria-label="Edit shown">
</section>
<div class="panels${runs.length > 1 ? ' two' : ''}">
${runs.map(panelOf).join('\n')}
</div>
<div class="legend">
<span>written now <span id="ramp" aria-hidden="true"></span> <span id="oldest"></span></span>
<span><i class="box"></i> made by the last edit</span>
<span><i class="box taken"></i> taken by it, where it lay</span>
</div>
<p class="keys muted"><kbd>Space</kbd> play or pause · <kbd>←</kbd> <kbd>→</kbd> an edit ·
<kbd>Shift</kbd> + <kbd>←</kbd> <kbd>→</kbd> a compaction · <kbd>Page Up</kbd> <kbd>Page Down</kbd>
a twentieth · <kbd>Home</kbd> <kbd>End</kbd></p>
<p id="spoken" class="visually-hidden" aria-live="polite"></p>
</main>`
}

function panelOf(run: TimelineRun, index: number): string {
  const gates = run.failedGates.map(({ name, why }) => {
    return `<p class="gate">✗ ${escapeHtml(name)}: ${escapeHtml(why)}</p>`
  })
  return `<section class="panel" aria-label="${escapeHtml(run.strategy)}">
<h2>${escapeHtml(run.strategy)}</h2>
<p class="settings muted">${escapeHtml(run.settings.join(' · '))}</p>
<div class="stage"><canvas id="tree-${index}" role="img" aria-label="The tree"></canvas>
<div class="tip" id="tip-${index}" hidden></div></div>
<div class="strip"><canvas id="history-${index}" role="img"
aria-label="Bytes of each level over the whole run"></canvas>
<canvas id="jobs-${index}" role="img" hidden
aria-label="Flushes (faint) and compactions as they ran beside each other"></canvas>
<div class="mark" id="mark-${index}"></div></div>
<div class="told"><strong id="event-${index}"></strong>
<p id="reason-${index}"></p><p class="muted" id="sums-${index}"></p></div>
<table class="levels"><caption class="visually-hidden">Levels now</caption>
<thead><tr><th scope="col">level</th><th scope="col">runs</th><th scope="col">tables</th>
<th scope="col">bytes</th></tr></thead><tbody id="levels-${index}"></tbody></table>
<details><summary>Where it comes from</summary>
<p class="mono">${escapeHtml(run.id)}</p><p class="mono">$ ${escapeHtml(run.command)} --versions</p>
${gates.join('\n')}</details>
</section>`
}
