/**
 * Owns the measurement of this machine as the modelled device of logical time, from runs in worker
 * threads, in a closed loop, on other operations than those that are predicted.
 *
 * The model knows a device and the clients' thread, but no processor of the jobs. So the device
 * stands for all that a job needs:
 *
 *   writeMBps    (bytes of flushes and merges, and of the log meanwhile) ÷ time in which a job ran
 *   operationUs  time of the clients' thread without stalls ÷ operations, less the time that the
 *                model adds by itself: the log's bytes go to the device, which jobs use too
 *
 * Reads, files and answers of the device cost nothing more, because the page cache holds all files
 * of these runs, and the time of the rest is part of the two figures.
 */
import type { DeviceConfig, RunResult } from '../../results/schema.ts'
import { sum } from '../measure/figures.ts'

/** So fast that reads take no time. */
const READ_MBPS = 1e6
/** An operation takes some time, also where the model's log alone would be slower. */
const OPERATION_US_MIN = 0.1

/** The device under which runs like `runs` would have taken as long as they did. */
export function machineDevice(runs: readonly RunResult[]): DeviceConfig {
  const busySeconds = sum(runs.map(secondsWithJobs))
  const jobBytes = sum(runs.map(bytesOfJobs))
  const logBytes = sum(runs.map(bytesOfLog))
  const seconds = sum(runs.map(activeSeconds))
  const operations = sum(runs.map(operationsOf))
  const writeMBps = (jobBytes + logBytes * Math.min(1, busySeconds / seconds)) / 1e6 / busySeconds
  const freeSeconds = seconds - sum(runs.map(heldSeconds))
  // The log shares the device with the jobs that run beside it.
  const sharers = 1 + sum(runs.map(secondsOfJobs)) / seconds
  const logSeconds = (logBytes / 1e6 / writeMBps) * sharers
  return {
    readMBps: READ_MBPS,
    writeMBps,
    latencyUs: 0,
    fileUs: 0,
    operationUs: Math.max(OPERATION_US_MIN, ((freeSeconds - logSeconds) * 1e6) / operations),
  }
}

/** The settings of `exp` for this device. */
export function deviceFlags(device: DeviceConfig): readonly string[] {
  return [
    `--set=deviceReadMBps=${device.readMBps}`,
    `--set=deviceWriteMBps=${device.writeMBps.toFixed(3)}`,
    `--set=deviceLatencyUs=${device.latencyUs}`,
    `--set=deviceFileUs=${device.fileUs}`,
    `--set=deviceOperationUs=${device.operationUs.toFixed(3)}`,
  ]
}

/** Time in which at least one job ran. */
export function secondsWithJobs({ timed }: RunResult): number {
  const jobs = timed.background!.jobs.toSorted((a, b) => a.startedSeconds - b.startedSeconds)
  let seconds = 0
  let until = 0
  for (const { startedSeconds, endedSeconds } of jobs) {
    seconds += Math.max(0, endedSeconds - Math.max(startedSeconds, until))
    until = Math.max(until, endedSeconds)
  }
  return seconds
}

function secondsOfJobs({ timed }: RunResult): number {
  const { jobs } = timed.background!
  return sum(jobs.map(({ startedSeconds, endedSeconds }) => endedSeconds - startedSeconds))
}

function bytesOfJobs({ deterministic }: RunResult): number {
  return sum(deterministic.events.log.map(({ bytesWritten }) => bytesWritten))
}

function bytesOfLog({ deterministic }: RunResult): number {
  return deterministic.amplification.drained.bytesWrittenByCause.wal ?? 0
}

/** Load and run; in the drain there are no operations. */
function activeSeconds({ timed }: RunResult): number {
  const active = timed.phases.filter(({ name }) => name !== 'drain')
  return sum(active.map(({ wallSeconds }) => wallSeconds))
}

function heldSeconds({ timed }: RunResult): number {
  const { stalls } = timed.background!
  return sum(Object.values(stalls).map((held) => held.slowdownSeconds + held.stopSeconds))
}

function operationsOf({ deterministic }: RunResult): number {
  return sum(deterministic.phases.flatMap((phase) => Object.values(phase.operationsByKind)))
}
