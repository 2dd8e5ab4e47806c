/**
 * Declares `varve completion`, and `varve complete`, which the printed scripts call at each TAB.
 */
import type { Verb, Verbs } from '../cli/verb.ts'

const SHELLS = ['bash', 'zsh', 'fish', 'powershell']

export const completion: Verb = {
  name: 'completion',
  summary: 'Prints a script that completes commands, flags and values in a shell.',
  operands: {
    usage: SHELLS.join('|'),
    least: 1,
    most: 1,
    missing: `name a shell: ${SHELLS.join(', ')}`,
    names: SHELLS,
  },
  examples: ['bash >> ~/.bashrc', 'fish > ~/.config/fish/completions/varve.fish'],
  notes: [
    'The script completes the command varve. In a checkout, where npm starts the program, ' +
      'define it first: varve() { npm run --silent varve -- "$@"; }',
  ],
  run: async ({ operands }) => {
    const { oneOf } = await import('../cli/arguments.ts')
    const { printScript } = await import('./completion/script.ts')
    return printScript(oneOf('shell', operands[0]!, SHELLS))
  },
}

/** The verb that the scripts call at each TAB, to complete `verbs`. */
export function completing(verbs: Verbs): Verb {
  return {
    name: 'complete',
    isHidden: true,
    summary: 'Prints the candidates for the last of the words after --.',
    operands: { usage: '-- <words…>', least: 0, missing: '' },
    examples: ['-- exp --strategy=ti'],
    run: async ({ operands }) => {
      return (await import('./completion/answers.ts')).printAnswers(verbs, operands)
    },
  }
}
