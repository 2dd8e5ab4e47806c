/** Declares `varve shell`: reads and writes a database folder, a line at a time. */
import type { Verb } from '../cli/verb.ts'

export const shell: Verb = {
  name: 'shell',
  summary: 'Reads and writes a database folder, a line at a time: a prompt, or piped lines.',
  operands: {
    usage: '<folder>',
    least: 1,
    most: 1,
    missing: 'shell takes the <folder> of a database (see --help)',
  },
  examples: ['out/a.db', 'out/new.db --create', 'out/a.db < lines.txt'],
  notes: [
    'The folder opens with the strategy and the engine options that its record OPTIONS.json names. ' +
      'A missing folder is created with --create, or when the question at the prompt is answered ' +
      'with yes.',
    'An encrypted folder needs its key: --key-file or $VARVE_KEY_FILE, or $VARVE_PASSPHRASE. A new ' +
      'folder is encrypted where --key-file is given.',
    'Type help at the prompt for its commands. Keys and values are words: text, "text with ' +
      '\\x00 escapes", or 0x… for bytes. Answers have the same form.',
    'Piped lines get one answer each, on standard output; those of a failure begin with "error:". ' +
      'Lines that are empty or begin with # get none, and scan and help answer with several lines.',
  ],
  exits: { 0: 'every line went well', 1: 'a line failed, or the folder did not open' },
  run: async (given, hear) => (await import('./shell/run-shell.ts')).runShell(given, hear),
}
