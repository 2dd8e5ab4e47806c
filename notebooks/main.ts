/**
 * Owns the command `npm run notebooks`. It makes the notebooks' data from the checked-in results,
 * then builds the site or, with `preview`, serves it and follows changes. It fetches nothing from a
 * network.
 */
import { writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeFolder } from '../experiments/base/make-folder.ts'
import { UsageError } from '../experiments/base/usage-error.ts'
import { EXIT } from '../experiments/cli/explain.ts'
import { refuseFlagsKeptByNpm } from '../experiments/cli/npm-flags.ts'
import { runChild } from '../experiments/cli/run-child.ts'
import { runCommand, say } from '../experiments/cli/run-command.ts'
import { hearSignals } from '../experiments/cli/signals.ts'
import { notebookData } from './notebook-data.ts'

const ROOT = import.meta.dirname
/** Folder of the built site. Git ignores both folders. */
export const SITE_FOLDER = resolve(ROOT, '..', 'out', 'notebooks')
const DATA_FOLDER = join(ROOT, 'data')

/** Builds the site into `out`, an absolute path. Throws if the notebook kit fails. */
export async function buildNotebooks(out: string, signal: AbortSignal): Promise<void> {
  const pages = ['index', ...writeData()].map((name) => join(ROOT, `${name}.html`))
  await runKit(signal, 'build', '--out', out, '--empty', ...pages)
}

async function previewNotebooks(signal: AbortSignal): Promise<void> {
  writeData()
  await runKit(signal, 'preview')
}

/** Runs the kit's command line, because its package exports no function for it. */
async function runKit(
  signal: AbortSignal,
  command: 'build' | 'preview',
  ...rest: readonly string[]
): Promise<void> {
  const kit = fileURLToPath(import.meta.resolve('@observablehq/notebook-kit'))
  const script = join(dirname(kit), '..', 'bin', 'notebooks.js')
  const shared = ['--root', ROOT, '--template', join(ROOT, 'template.html')]
  // The list of chunks of a build is of interest only when the build fails.
  const quiet = command === 'build'
  const { code, output } = await runChild([script, command, ...shared, ...rest], signal, quiet)
  if (code !== 0) throw new Error(`the notebook kit ended with ${code}\n${output}`)
}

/** Writes each notebook's data, and returns the notebooks' names. */
function writeData(): readonly string[] {
  makeFolder(DATA_FOLDER)
  const data = notebookData()
  for (const [name, value] of data) {
    writeFileSync(join(DATA_FOLDER, `${name}.json`), JSON.stringify(value))
  }
  return [...data.keys()]
}

const HELP = `Builds the notebooks of the checked-in results, or serves them.

  npm run notebooks
  npm run notebooks -- preview

  preview  serve them and follow changes, instead of building ${relative('.', SITE_FOLDER)}

Exit codes: 0 done, 1 a failure, 2 a mistake in the arguments, 128 + n ended by signal n.`

async function main(argv: readonly string[]): Promise<number> {
  refuseFlagsKeptByNpm('notebooks', argv, new Map(), process.env)
  const [command, ...more] = argv
  if (command === '--help' || command === '-h') return say(HELP)
  const unknown = command === 'preview' ? more[0] : command
  if (unknown !== undefined) {
    throw new UsageError(`unknown argument "${unknown}"; known: preview, --help`)
  }
  const signal = hearSignals()
  if (command === 'preview') {
    await previewNotebooks(signal)
    return EXIT.done
  }
  await buildNotebooks(SITE_FOLDER, signal)
  return say(`${join(SITE_FOLDER, 'index.html')} (serve it: npm run notebooks -- preview)`)
}

if (import.meta.main) await runCommand('notebooks', main)
