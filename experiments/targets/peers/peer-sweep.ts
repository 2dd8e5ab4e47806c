/**
 * Owns a sweep over peers: every plan in turn, each result written whole as soon as its run has
 * ended, results of the same configuration and code reused.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { parseAnyResult } from '../../../results/parse-result.ts'
import { isPeerResult, type PeerResult } from '../../../results/peer-schema.ts'
import { writeResult } from '../../../results/write-result.ts'
import { describeCode } from '../../environment.ts'
import type { SweepContext } from '../../sweep.ts'
import { type PeerPlan, runPeer } from './peer-run.ts'

export interface PeerSweepOutcome {
  readonly results: readonly PeerResult[]
  readonly resultPaths: readonly string[]
}

export async function runPeerSweep(
  plans: readonly PeerPlan[],
  context: SweepContext,
): Promise<PeerSweepOutcome> {
  mkdirSync(context.outFolder, { recursive: true })
  const code = describeCode()
  const results: PeerResult[] = []
  const resultPaths: string[] = []
  for (const [index, plan] of plans.entries()) {
    const path = join(context.outFolder, `${plan.id}.peer.json`)
    const known = context.force ? null : readReusable(path, plan, code.varveVersion)
    if (known !== null) context.onReuse(path)
    const { workload, repeat } = plan.config
    const label = `${workload.name} × ${plan.name}${repeat > 0 ? ` r${repeat}` : ''}`
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
    resultPaths.push(path)
  }
  return { results, resultPaths }
}

function readReusable(path: string, plan: PeerPlan, version: string): PeerResult | null {
  if (!existsSync(path)) return null
  try {
    const result = parseAnyResult(readFileSync(path, 'utf8'), path)
    const same = isPeerResult(result) && isDeepStrictEqual(result.config, plan.config)
    return same && result.environment.varveVersion === version ? result : null
  } catch {
    // Damaged, or of another schema: it is measured again.
    return null
  }
}
