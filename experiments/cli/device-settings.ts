/**
 * Owns the settings of the modelled device of logical time, which `--set` takes beside the engine's
 * options.
 */
import { z } from 'zod'

/** A SATA drive of a data centre, and a client thread as fast as this engine's on a server core. */
export const deviceSchema = z.strictObject({
  deviceReadMBps: z
    .number()
    .gt(0)
    .max(1e6)
    .default(500)
    .describe('--scheduling=virtual: what the modelled device reads, in 10⁶ bytes a second.'),
  deviceWriteMBps: z
    .number()
    .gt(0)
    .max(1e6)
    .default(500)
    .describe('--scheduling=virtual: what the modelled device writes, in 10⁶ bytes a second.'),
  deviceLatencyUs: z
    .number()
    .min(0)
    .max(1e6)
    .default(100)
    .describe('--scheduling=virtual: how long the answer to one read takes, besides its bytes.'),
  deviceFileUs: z
    .number()
    .min(0)
    .max(1e6)
    .default(500)
    .describe('--scheduling=virtual: to create a file and make it durable.'),
  deviceOperationUs: z
    .number()
    .min(0)
    .max(1e6)
    .default(5)
    .describe("--scheduling=virtual: of the clients' only thread, for one operation."),
})
