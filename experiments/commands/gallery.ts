/**
 * Owns the command `npm run gallery`: draws every kind of figure of the checked-in results, and the
 * contact sheet of them; with --measure runs the experiments first. Exit codes: 0 done, 1 a
 * failure, 2 a mistake in the arguments; errors are one line on stderr.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { writeWhole } from '../../results/write-result.ts'
import { makeFolder } from '../base/make-folder.ts'
import { modulePath } from '../base/module-path.ts'
import { UsageError, unknownName } from '../base/usage-error.ts'
import { chartKinds } from '../charts/catalog.ts'
import { chartFor } from '../charts/chart-for.ts'
import { contactSheet } from '../charts/contact-sheet.ts'
import {
  FRONT_PAGE,
  frontPageResults,
  GALLERY_FIGURES,
  GALLERY_FOLDER,
  GALLERY_PRESET,
  GALLERY_SETS,
  type GallerySet,
  resultsOf,
} from '../charts/gallery.ts'
import { renderPng, renderSvg, writeChart } from '../charts/render.ts'
import { PRESET_NAMES, PRESETS } from '../charts/theme.ts'
import { flagRows, readArguments } from '../cli/arguments.ts'
import { readDocuments } from '../cli/read-documents.ts'
import { runChild } from '../cli/run-child.ts'
import { runCommand, say } from '../cli/run-command.ts'
import { hearSignals } from '../cli/signals.ts'

export const FLAGS = {
  measure: {
    value: 'NAME,…',
    help: 'run these sets of experiments first; all: every one',
    multiple: true,
  },
  preset: { value: 'NAME', help: PRESET_NAMES.join(', '), default: GALLERY_PRESET },
  out: { value: 'FOLDER', help: 'where figures go', default: GALLERY_FOLDER },
  sheet: { value: 'FILE', help: 'the contact sheet', default: 'results/contact-sheet.png' },
  debug: { value: null, help: 'show the stack of an error' },
  help: { value: null, help: 'show this help' },
} as const

/** Columns of the contact sheet. */
const COLUMNS = { 'one-column': 6, 'two-column': 3, slide: 2 } as const

async function main(argv: readonly string[]): Promise<number> {
  const { operands, flags } = readArguments('gallery', argv, FLAGS)
  if (flags.has('help')) return say(helpText())
  if (operands.length > 0) throw new UsageError(`unexpected argument "${operands[0]}"`)
  const presetName = flags.get('preset')?.at(-1) ?? GALLERY_PRESET
  const preset = PRESET_NAMES.find((known) => known === presetName)
  if (preset === undefined) throw unknownName('preset', presetName, PRESET_NAMES)
  await measure(setsNamed(flags.get('measure') ?? []), hearSignals())
  const out = flags.get('out')?.at(-1) ?? GALLERY_FOLDER
  makeFolder(out)
  const figures = []
  for (const figure of GALLERY_FIGURES) {
    const { kind } = figure
    const documents = readDocuments(resultsOf(figure))
    const spec = chartKinds.get(kind)!.specOf(documents, PRESETS[preset])
    const svg = await renderSvg(spec)
    writeWhole(join(out, `${kind}.svg`), svg)
    figures.push({ name: `--kind=${kind}`, svg })
  }
  // Another folder or preset is for looking at: the README keeps its picture.
  if (out === GALLERY_FOLDER && preset === GALLERY_PRESET) {
    await writeChart(chartFor(frontPageResults()), FRONT_PAGE)
  }
  const sheet = flags.get('sheet')?.at(-1) ?? FLAGS.sheet.default
  writeWhole(sheet, renderPng(contactSheet(figures, COLUMNS[preset]), 1))
  return say(`${figures.length} figures in ${out}\n${sheet}`)
}

function setsNamed(texts: readonly string[]): readonly GallerySet[] {
  const names = texts.flatMap((text) => text.split(','))
  if (names.includes('all')) return GALLERY_SETS
  return names.map((name) => {
    const set = GALLERY_SETS.find((known) => known.name === name)
    if (set !== undefined) return set
    throw unknownName('set', name, [...GALLERY_SETS.map((known) => known.name), 'all'])
  })
}

/**
 * Replaces the results of the sets, all of them or, where a run fails, none. They are put in place
 * at the end: until then the checkout is what its commit says, and so do the results.
 */
async function measure(sets: readonly GallerySet[], signal: AbortSignal): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'varve-gallery-'))
  try {
    for (const { name, commands } of sets) {
      for (const command of commands) {
        await runExperiment([...command, `--out=${join(folder, name)}`], signal)
      }
    }
    for (const { name } of sets) publish(join(folder, name), join(GALLERY_FOLDER, name))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function runExperiment(command: readonly string[], signal: AbortSignal): Promise<void> {
  const main = modulePath(import.meta, '../main')
  const { code } = await runChild([main, ...command, '--quiet'], signal)
  if (code !== 0) throw new Error(`npm run exp -- ${command.join(' ')}: exit code ${code}`)
}

/** Without indentation and gzipped, a result takes a tenth of its room. */
function publish(measured: string, folder: string): void {
  rmSync(folder, { recursive: true, force: true })
  makeFolder(folder)
  const results = readdirSync(measured).filter((name) => /-r\d+\.json$/.test(name))
  for (const name of results) {
    const value: unknown = JSON.parse(readFileSync(join(measured, name), 'utf8'))
    writeWhole(join(folder, `${name}.gz`), gzipSync(JSON.stringify(value), { level: 9 }))
  }
  say(`${results.length} results in ${folder}`)
}

function helpText(): string {
  return [
    'Draws every kind of figure of the results in the gallery, and a contact sheet of them.',
    '',
    '  npm run gallery',
    '  npm run gallery -- --measure=sizes,sweep',
    '  npm run gallery -- --preset=one-column --out=out/one-column --sheet=out/one-column.png',
    '',
    ...flagRows(FLAGS),
    '',
    `Sets: ${GALLERY_SETS.map(({ name }) => name).join(', ')}.`,
    'Exit codes: 0 done, 1 a failure, 2 a mistake in the arguments.',
  ].join('\n')
}

if (import.meta.main) await runCommand('gallery', main)
