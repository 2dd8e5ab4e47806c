/**
 * Owns the work of `varve chart`: from results to figures, one file for each kind and format. Kinds
 * that the results cannot feed are listed with the reason.
 */
import { join } from 'node:path'
import { isLsmError } from '../../../engine/base/errors.ts'
import { writeWhole } from '../../../results/write-result.ts'
import { checkOutFolder } from '../../base/check-out.ts'
import { makeFolder } from '../../base/make-folder.ts'
import { UsageError } from '../../base/usage-error.ts'
import { chartKinds } from '../../charts/catalog.ts'
import { CHART_FORMATS } from '../../charts/chart-format.ts'
import { type ChartKind, peersIn, type ResultDocument } from '../../charts/chart-kind.ts'
import { captionText } from '../../charts/frame.ts'
import { PRESET_NAMES, PRESETS, type Preset } from '../../charts/theme.ts'
import { type Arguments, choiceOf, namesOf, oneOf, textOf } from '../../cli/arguments.ts'
import { EXIT } from '../../cli/explain.ts'
import { readDocuments } from '../../cli/read-documents.ts'
import { note, sayWritten } from '../../cli/run-command.ts'

/** Every kind that the results can feed. */
const ALL = 'all'

/** Places of title and caption. */
const CAPTIONS = ['inside', 'file', 'none'] as const

export async function drawCharts(given: Arguments): Promise<number> {
  const kindNames = namesOf(given, 'kind')
  if (kindNames.length === 0) {
    throw new UsageError(`--kind: name what to draw: ${[...chartKinds.keys(), ALL].join(', ')}`)
  }
  const kinds = kindNames.includes(ALL)
    ? [...chartKinds.values()]
    : [...new Set(kindNames.map(kindNamed))]
  const formats = namesOf(given, 'format').map((name) => oneOf('format', name, CHART_FORMATS))
  const preset = PRESETS[choiceOf(given, 'preset', PRESET_NAMES)]
  const caption = choiceOf(given, 'caption', CAPTIONS)
  const at = caption === 'inside' ? 'inside' : 'beside'
  const documents = readDocuments(given.operands)
  const out = textOf(given, 'out')!
  checkOutFolder('out', out)
  const drawable = drawableOf(kinds, documents, [
    { ...preset, caption: at },
    { ...PRESETS['one-column'], caption: at },
  ])
  tellLeftOutPeers(
    drawable.map(({ kind }) => kind),
    documents,
  )
  makeFolder(out)
  // Loaded here, so that a mistake in the arguments is reported without loading the renderer.
  const { writeChart } = await import('../../charts/render.ts')
  for (const { kind, specs } of drawable) {
    const [spec, narrow] = specs
    const base = join(out, kind.name)
    for (const path of await writeChart(spec!, base, formats, narrow!)) sayWritten(path)
    if (caption !== 'file') continue
    writeWhole(`${base}.caption.txt`, captionText(spec!)!)
    sayWritten(`${base}.caption.txt`)
  }
  return EXIT.done
}

/** Notes which kinds are drawn without the results of peers, which lack the figures they need. */
function tellLeftOutPeers(drawn: readonly ChartKind[], documents: readonly ResultDocument[]): void {
  const peers = peersIn(documents)
  const without = drawn.filter(({ drawsPeers }) => drawsPeers !== true).map(({ name }) => name)
  if (peers.length === 0 || without.length === 0) return
  const names = [...new Set(peers.map(({ peer }) => peer.name))].join(', ')
  note(`chart: left out results of ${names} from ${without.join(', ')}`)
}

/**
 * The figures of each kind that the results can feed, one for each preset. Notes the other kinds.
 */
function drawableOf(
  kinds: readonly ChartKind[],
  documents: readonly ResultDocument[],
  presets: readonly Preset[],
) {
  const unfit: string[] = []
  const drawable = kinds.flatMap((kind) => {
    try {
      const specs = presets.map((preset) => kind.specOf(documents, preset))
      return [{ kind, specs }]
    } catch (error) {
      if (!isLsmError(error, 'LSM_INVALID_ARGUMENT')) throw error
      unfit.push(error.message)
      return []
    }
  })
  if (drawable.length === 0 && unfit.length === 1) throw new UsageError(unfit[0]!)
  for (const why of unfit) note(`chart: left out ${why}`)
  if (drawable.length === 0) throw new UsageError('--kind: these results feed none of these kinds')
  return drawable
}

function kindNamed(name: string): ChartKind {
  return chartKinds.get(oneOf('kind', name, [...chartKinds.keys(), ALL]))!
}
