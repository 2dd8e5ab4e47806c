/**
 * Owns the work of `varve gallery`: it draws every kind of figure from the checked-in results, and
 * a contact sheet of them; with --measure it runs the experiments first.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { writeWhole } from '../../../results/write-result.ts'
import { makeFolder } from '../../base/make-folder.ts'
import { modulePath } from '../../base/module-path.ts'
import { chartKinds } from '../../charts/catalog.ts'
import { chartFor } from '../../charts/chart-for.ts'
import { contactSheet } from '../../charts/contact-sheet.ts'
import {
  FRONT_PAGE,
  frontPageResults,
  GALLERY_FIGURES,
  GALLERY_FOLDER,
  GALLERY_PRESET,
  GALLERY_SETS,
  type GallerySet,
  resultsOf,
} from '../../charts/gallery.ts'
import { renderPng, renderSvg, writeChart } from '../../charts/render.ts'
import { PRESET_NAMES, PRESETS } from '../../charts/theme.ts'
import { type Arguments, choiceOf, namesOf, oneOf, textOf } from '../../cli/arguments.ts'
import { readDocuments } from '../../cli/read-documents.ts'
import { runChild } from '../../cli/run-child.ts'
import { sayWritten } from '../../cli/run-command.ts'

/** Columns of the contact sheet. */
const COLUMNS = { 'one-column': 6, 'two-column': 3, slide: 2 } as const

export async function drawGallery(given: Arguments, signal: AbortSignal): Promise<number> {
  const preset = choiceOf(given, 'preset', PRESET_NAMES)
  await measure(setsNamed(namesOf(given, 'measure')), signal)
  const out = textOf(given, 'out')!
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
  // Figures for another folder or preset do not change the README's picture.
  if (out === GALLERY_FOLDER && preset === GALLERY_PRESET) {
    await writeChart(chartFor(frontPageResults()), FRONT_PAGE)
  }
  const sheet = textOf(given, 'sheet')!
  writeWhole(sheet, renderPng(contactSheet(figures, COLUMNS[preset]), 1))
  return sayWritten(`${figures.length} figures in ${out}\n${sheet}`)
}

function setsNamed(names: readonly string[]): readonly GallerySet[] {
  if (names.includes('all')) return GALLERY_SETS
  const known = [...GALLERY_SETS.map(({ name }) => name), 'all']
  return names.map((given) => {
    const name = oneOf('set', given, known)
    return GALLERY_SETS.find((set) => set.name === name)!
  })
}

/**
 * Replaces the results of the sets. They are moved to their place only at the end. So a failed run
 * leaves all of them unchanged, and every result states a checkout without changes.
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
  const main = modulePath(import.meta, '../../main')
  const { code } = await runChild([main, 'exp', ...command, '--quiet'], signal)
  if (code !== 0) throw new Error(`npm run exp -- ${command.join(' ')}: exit code ${code}`)
}

/** Without indentation and gzipped, a result takes a tenth of the space. */
function publish(measured: string, folder: string): void {
  rmSync(folder, { recursive: true, force: true })
  makeFolder(folder)
  const results = readdirSync(measured).filter((name) => /-r\d+\.json$/.test(name))
  for (const name of results) {
    const value: unknown = JSON.parse(readFileSync(join(measured, name), 'utf8'))
    writeWhole(join(folder, `${name}.gz`), gzipSync(JSON.stringify(value), { level: 9 }))
  }
  sayWritten(`${results.length} results in ${folder}`)
}
