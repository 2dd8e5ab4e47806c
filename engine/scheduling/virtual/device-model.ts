/**
 * Owns the cost model of a storage device: how long it takes for the bytes and files of a piece of
 * work. Only +, −, × and ÷ are used, so that equal work takes equal time on every machine.
 */

import { checkFinite, checkPlain, show } from '../../base/arguments.ts'
import { invalidArgument } from '../../base/errors.ts'

/** What a device is capable of. */
export interface DeviceModel {
  readonly readBytesPerMs: number
  readonly writeBytesPerMs: number
  /** How long the answer to one operation takes, besides its bytes. It takes no bandwidth. */
  readonly latencyMs: number
  /** To create a file and make it durable. */
  readonly perFileMs: number
}

/** What a job or a client's operation asks of the device. */
export interface DeviceWork {
  readonly readBytes: number
  readonly writtenBytes: number
  /** Number of operations that wait for each other. */
  readonly operations: number
  /** Number of files written. */
  readonly files: number
}

/** Throws `LSM_INVALID_ARGUMENT`, naming the figure, if no device can be like this. */
export function checkDevice(model: DeviceModel): void {
  checkPlain(model, 'device')
  for (const name of ['readBytesPerMs', 'writeBytesPerMs'] as const) {
    if (model[name] > 0) continue
    throw invalidArgument(`device.${name} must be above 0, not ${show(model[name])}`)
  }
  for (const name of ['latencyMs', 'perFileMs'] as const) {
    checkFinite(model[name], `device.${name}`)
    if (model[name] >= 0) continue
    throw invalidArgument(`device.${name} must be 0 or more, not ${model[name]}`)
  }
}

/** How long the work occupies a device that has nothing else to do, in milliseconds. */
export function busyMs(model: DeviceModel, { readBytes, writtenBytes, files }: DeviceWork): number {
  const transferMs = readBytes / model.readBytesPerMs + writtenBytes / model.writeBytesPerMs
  return transferMs + files * model.perFileMs
}

/** How long the work waits for answers besides, in milliseconds. */
export function waitingMs({ latencyMs }: DeviceModel, { operations }: DeviceWork): number {
  return operations * latencyMs
}
