/**
 * Owns the reading of `--scheduling` and of the settings that belong to it: who runs flushes and
 * compactions, the policy, and the modelled device of logical time. Combinations that mean nothing
 * are refused, each with one line that names what to change.
 */
import {
  BACKGROUND_JOBS_DEFAULT,
  type EngineOptions,
  MEMTABLES_MAX_DEFAULT,
  SLOWDOWN_DEFAULT,
} from '../../engine/index.ts'
import type { DeviceConfig, SchedulingConfig } from '../../results/schema.ts'
import { SCHEDULING_POLICIES, schedulingPolicyOf } from '../../strategies/scheduling/index.ts'
import { UsageError, unknownName } from '../base/usage-error.ts'
import { deviceSchema } from './device-settings.ts'
import type { EngineTarget, SchedulingName } from './request.ts'
import { readSettings, type SettingValue } from './settings.ts'

/** Engine options that mean something only where jobs run beside writes. */
const BACKGROUND_OPTIONS = [
  'scheduling',
  'backgroundJobs',
  'subcompactions',
  'memtablesMax',
  'slowdown',
  'softDebtBytes',
  'hardDebtBytes',
  'compactionBytesPerSecond',
]

type Settings = Readonly<Record<string, SettingValue>>

/**
 * The settings of `--set` apart: those of the engine, and those of the modelled device. Throws
 * `UsageError` for a name that begins like a device's and is none.
 */
export function splitSettings(set: Settings): {
  readonly engine: Settings
  readonly device: Settings
} {
  const isDevice = ([name]: [string, SettingValue]) => Object.hasOwn(deviceSchema.shape, name)
  const all = Object.entries(set)
  const known = Object.keys(deviceSchema.shape)
  const foreign = all.find(([name]) => name.startsWith('device') && !known.includes(name))
  if (foreign !== undefined) throw unknownName('setting of the device', foreign[0], known)
  return {
    engine: Object.fromEntries(all.filter((setting) => !isDevice(setting))),
    device: Object.fromEntries(all.filter(isDevice)),
  }
}

export interface SchedulingRequest {
  readonly scheduling: SchedulingName
  readonly target: EngineTarget
  readonly storage: 'node' | 'memory'
  readonly set: Settings
  readonly clients: number
  /** Either one makes the simulator statistical. */
  readonly userBytes: number | null
  readonly from: string | null
}

/** Each takes a thread, which takes 10 MB and more. */
const CLIENTS_IN_THREADS_MAX = 64

/** Null: inline. Throws `UsageError`. */
export function chooseScheduling(
  request: SchedulingRequest,
  engine: EngineOptions,
): SchedulingConfig | null {
  const { scheduling, storage, set, clients } = request
  const { device } = splitSettings(set)
  checkPolicy(engine)
  const [deviceName] = Object.keys(device)
  if (scheduling !== 'virtual' && deviceName !== undefined) {
    throw new UsageError(`--set=${deviceName}: only with --scheduling=virtual`)
  }
  if (scheduling === 'inline') {
    const foreign = BACKGROUND_OPTIONS.find((name) => Object.hasOwn(set, name))
    if (foreign === undefined) return null
    throw new UsageError(
      `--set=${foreign}: only with --scheduling=threads or virtual; inline, nothing runs beside ` +
        'the operations',
    )
  }
  if (request.target === 'simulator') checkSimulated(request)
  if (scheduling === 'threads' && storage === 'memory') {
    throw new UsageError(
      '--scheduling=threads: not with --storage=memory, which other threads cannot reach',
    )
  }
  if (scheduling === 'threads' && clients > CLIENTS_IN_THREADS_MAX) {
    throw new UsageError(
      `--clients=${clients}: at most ${CLIENTS_IN_THREADS_MAX} with --scheduling=threads, where ` +
        'each reads in a thread; --scheduling=virtual takes more',
    )
  }
  const { backgroundJobs, memtablesMax, slowdown } = engine
  return {
    executor: scheduling,
    policy: schedulingPolicyOf(engine.scheduling).name,
    backgroundJobs: backgroundJobs ?? BACKGROUND_JOBS_DEFAULT,
    memtablesMax: memtablesMax ?? MEMTABLES_MAX_DEFAULT,
    slowdown: slowdown ?? SLOWDOWN_DEFAULT,
    ...(scheduling === 'virtual' && { device: deviceOf(device) }),
  }
}

function checkSimulated({ scheduling, userBytes, from, set }: SchedulingRequest): void {
  if (scheduling === 'threads') {
    throw new UsageError(
      '--scheduling=threads: not with --target=simulator, which works in no real time; take virtual',
    )
  }
  if (userBytes !== null || from !== null) {
    const flag = userBytes === null ? '--from' : '--user-bytes'
    throw new UsageError(
      `--scheduling=virtual: not with ${flag}, which simulates without single operations; ` +
        'take --records, or --suite=stability for large trees',
    )
  }
  if (Object.hasOwn(set, 'subcompactions')) {
    throw new UsageError('--set=subcompactions: not with --target=simulator; its merges stay whole')
  }
}

/** Its type cannot say which policies there are. */
function checkPolicy({ scheduling }: EngineOptions): void {
  if (scheduling === undefined || SCHEDULING_POLICIES.has(scheduling)) return
  throw unknownName('scheduling', scheduling, [...SCHEDULING_POLICIES.keys()])
}

function deviceOf(given: Settings): DeviceConfig {
  const device = deviceSchema.parse(
    readSettings(deviceSchema, given, 'setting of the device', '--set'),
  )
  return {
    readMBps: device.deviceReadMBps,
    writeMBps: device.deviceWriteMBps,
    latencyUs: device.deviceLatencyUs,
    fileUs: device.deviceFileUs,
    operationUs: device.deviceOperationUs,
  }
}
