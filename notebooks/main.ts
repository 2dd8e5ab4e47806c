/**
 * Owns the command `npm run notebooks`: makes the notebooks' data from the checked-in results, then
 * builds the site, or with `preview` serves it and follows changes. Nothing is fetched.
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeFolder } from '../experiments/make-folder.ts'
import { notebookData } from './notebook-data.ts'

const ROOT = import.meta.dirname
/** Of the built site; both folders are ignored by git. */
export const SITE_FOLDER = resolve(ROOT, '..', 'out', 'notebooks')
const DATA_FOLDER = join(ROOT, 'data')

/** Builds the site into `out`, an absolute path. Throws where the kit does not finish. */
export function buildNotebooks(out: string): void {
  const pages = ['index', ...writeData()].map((name) => join(ROOT, `${name}.html`))
  runKit('build', '--out', out, '--empty', ...pages)
}

function previewNotebooks(): void {
  writeData()
  runKit('preview')
}

/** The kit's own command; its package exports no function for it. */
function runKit(command: string, ...rest: readonly string[]): void {
  const kit = fileURLToPath(import.meta.resolve('@observablehq/notebook-kit'))
  const script = join(dirname(kit), '..', 'bin', 'notebooks.js')
  const shared = ['--root', ROOT, '--template', join(ROOT, 'template.html')]
  // A build's list of chunks is of interest only when it fails.
  const stdio = command === 'build' ? 'pipe' : 'inherit'
  const ended = spawnSync(process.execPath, [script, command, ...shared, ...rest], {
    stdio: ['inherit', stdio, stdio],
    encoding: 'utf8',
  })
  if (ended.status === 0) return
  throw new Error(`the notebook kit ended with ${ended.status}\n${ended.stdout}${ended.stderr}`)
}

/** The names of the notebooks, each with its data. */
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

Exit codes: 0 done, 1 a failure, 2 a mistake in the arguments.
`

function main([command, ...more]: readonly string[]): void {
  if (command === '--help' || command === '-h') {
    process.stdout.write(HELP)
    return
  }
  const unknown = command === 'preview' ? more[0] : command
  if (unknown !== undefined) {
    process.stderr.write(`notebooks: unknown argument "${unknown}"; known: preview, --help\n`)
    process.exitCode = 2
  } else if (command === 'preview') {
    previewNotebooks()
  } else {
    buildNotebooks(SITE_FOLDER)
    process.stdout.write(
      `${join(SITE_FOLDER, 'index.html')} (serve it: npm run notebooks -- preview)\n`,
    )
  }
}

if (import.meta.main) main(process.argv.slice(2))
