/**
 * Owns a sweep over peers: every plan in turn, each result written whole as soon as its run has
 * ended, results of the same configuration and code reused.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { parseAnyResult } from '../../../results/parse-result.ts'
import { isPeerResult, type PeerResult } from '../../../results/peer-schema.ts'
import { writeResult } from '../../../results/write-result.ts'
import { checkResultFile } from '../../base/check-out.ts'
import { databaseFolder, type SweepContext } from '../../base/context.ts'
import { makeFolder } from '../../base/make-folder.ts'
import { readText } from '../../base/read-text.ts'
import { describeCode } from '../../machine/environment.ts'
import { type PeerPlan, runPeer } from './peer-run.ts'

export interface PeerSweepOutcome {
  readonly results: readonly PeerResult[]
  readonly resultPaths: readonly string[]
}

export async function runPeerSweep(
  plans: readonly PeerPlan[],
  context: SweepContext,
): Promise<PeerSweepOutcome> {
  const paths = plans.map(({ id }) => join(context.outFolder, `${id}.peer.json`))
  paths.forEach(checkResultFile)
  makeFolder(context.outFolder)
  const code = describeCode()
  const results: PeerResult[] = []
  for (const [index, plan] of plans.entries()) {
    const path = paths[index]!
    const lacksKept = context.keep && !existsSync(databaseFolder(context.outFolder, plan))
    const again = context.force || lacksKept
    const known = again ? null : readReusable(path, plan, code.varveVersion)
    const { workload, repeat } = plan.config
    const label = `${workload.name} × ${plan.name}${repeat > 0 ? ` r${repeat}` : ''}`
    if (known === null) context.onRun?.(label)
    else context.onReuse(path)
    const result =
      known ??
      (await runPeer(plan, {
        ...context,
        code,
        onProgress: (phase, done, total) => {
          const fraction = (index + done / Math.max(total, 1)) / plans.length
          context.onProgress(`${label}: ${phase}`, done, total, fraction)
        },
      }))
    if (known === null) writeResult(path, result)
    results.push(result)
  }
  return { results, resultPaths: paths }
}

function readReusable(path: string, plan: PeerPlan, version: string): PeerResult | null {
  if (!existsSync(path)) return null
  try {
    const result = parseAnyResult(readText(path), path)
    const same = isPeerResult(result) && isDeepStrictEqual(result.config, plan.config)
    return same && result.environment.varveVersion === version ? result : null
  } catch {
    // Damaged, or of another schema: it is measured again.
    return null
  }
}
