/** A command that hears a signal but does not end. */
import { setTimeout as sleep } from 'node:timers/promises'
import { runCommand, say } from '../run-command.ts'
import { hearSignals } from '../signals.ts'

await runCommand('stubborn', async () => {
  const signal = hearSignals()
  signal.addEventListener('abort', () => say('heard'))
  say('ready')
  await sleep(600_000)
  return 0
})
