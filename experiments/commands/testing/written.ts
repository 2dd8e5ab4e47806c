/**
 * Owns an independent reading of written numbers, character by character and in exact fractions, so
 * that tests can compare the parsers with it; and texts as people, other locales and other programs
 * write them.
 */
import fc from 'fast-check'

/** numerator ÷ denominator. */
export type Fraction = readonly [numerator: bigint, denominator: bigint]

const DECIMAL: Readonly<Record<string, bigint>> = { k: 3n, m: 6n, g: 9n, b: 9n }
const BINARY: Readonly<Record<string, bigint>> = { b: 0n, k: 10n, m: 20n, g: 30n, t: 40n }

/**
 * The number that `text` shows; null if readers would disagree about it, so that it must be
 * refused.
 */
export function numberWritten(text: string, unit: 'count' | 'bytes' | 'real'): Fraction | null {
  let rest = text.trim().toLowerCase()
  const negative = rest.startsWith('-')
  if (negative) rest = rest.slice(1)
  const [body, factor] = withoutUnit(rest, unit)
  const [mantissa = '', exponentText, ...more] = body.split('e')
  if (more.length > 0 || (exponentText !== undefined && factor !== null)) return null
  const exponent = exponentText === undefined ? 0 : integerOf(exponentText.replace(/^[+-]/, ''))
  if (exponent === null) return null
  const [wholeText = '', fraction, ...others] = mantissa.split('.')
  if (others.length > 0 || fraction === '') return null
  const whole = wholeText === '' && fraction !== undefined ? '0' : withoutSeparators(wholeText)
  if (whole === null || (fraction !== undefined && integerOf(fraction) === null)) return null
  const bare = unit !== 'real' && factor === null && exponentText === undefined
  if (bare && fraction !== undefined) return null
  const digits = BigInt(whole + (fraction ?? ''))
  const power = (exponentText?.startsWith('-') ? -1 : 1) * exponent - (fraction?.length ?? 0)
  const scaled = digits * (factor ?? 1n) * 10n ** BigInt(Math.max(0, power))
  return [negative ? -scaled : scaled, 10n ** BigInt(Math.max(0, -power))]
}

/** The text before the unit, and the unit; null: there is none. */
function withoutUnit(
  text: string,
  unit: 'count' | 'bytes' | 'real',
): readonly [string, bigint | null] {
  const letters = /[a-z]*$/.exec(text)![0]
  const before = text.slice(0, text.length - letters.length).trimEnd()
  if (letters === '') return [text, null]
  const [first = ''] = letters
  if (unit !== 'bytes') {
    const power = letters.length === 1 ? DECIMAL[first] : undefined
    return power === undefined ? [text, null] : [before, 10n ** power]
  }
  const power = BINARY[first]
  const isUnit = ['', 'b', 'ib'].includes(letters.slice(1)) && !(first === 'b' && letters !== 'b')
  // Bytes are the default unit, so 'b' does not make a fraction whole.
  if (letters === 'b') return [before, null]
  return power !== undefined && isUnit ? [before, 2n ** power] : [text, null]
}

function integerOf(text: string): number | null {
  return text !== '' && [...text].every((char) => char >= '0' && char <= '9') ? Number(text) : null
}

/** Digits, with underscores between them or commas before each three. */
function withoutSeparators(text: string): string | null {
  const groups = text.split(text.includes(',') ? ',' : '_')
  if (groups.some((group) => integerOf(group) === null)) return null
  const [first = '', ...others] = groups
  if (!text.includes(',')) return groups.join('')
  const fits =
    first.length <= 3 && !first.startsWith('0') && others.every((one) => one.length === 3)
  return fits ? groups.join('') : null
}

/** Whether a double is the written number: exactly, or the nearest to a fraction. */
export function isNumber(value: number, [numerator, denominator]: Fraction): boolean {
  if (!Number.isFinite(value)) return false
  if (numerator === 0n) return value === 0
  let [top, bottom] = [value, 1n]
  while (!Number.isInteger(top)) {
    top *= 2
    bottom *= 2n
  }
  const difference = BigInt(top) * denominator - numerator * bottom
  return abs(difference) << 52n <= abs(numerator * bottom)
}

const abs = (value: bigint) => (value < 0n ? -value : value)

const digits = fc.stringMatching(/^\d{1,20}$/)
const separator = fc.constantFrom(',', '.', '_', ' ', "'", '\u00a0', '٫', '')
const unit = fc.constantFrom(
  '',
  'k',
  'K',
  'M',
  'g',
  'kb',
  'KB',
  'KiB',
  'mib',
  'b',
  'B',
  'TiB',
  'x',
  '%',
)
const odd = fc.constantFrom(
  ...[
    '',
    ' ',
    ' 5',
    '5.',
    '.5',
    '.5k',
    '+5',
    '-0',
    '-1',
    '--1',
    '0x10',
    '0b1',
    '0o7',
    '1e3',
    '1e-3',
  ],
  ...[
    '1E6',
    '1e400',
    '1e-400',
    '1e-320',
    '1e+2',
    '1e',
    'e3',
    'NaN',
    'Infinity',
    '-Infinity',
    'null',
  ],
  ...[
    'true',
    'false',
    'undefined',
    '1n',
    '1_000',
    '1__0',
    '_1',
    '1_',
    '1,234',
    '1,5k',
    '2,3,4',
    '1,',
  ],
  ...[
    ',1',
    '1,,2',
    '[1,2]',
    '[9]',
    '[',
    '2000,4000',
    '１２',
    '٣',
    '½',
    '²',
    '1 000',
    '1.000',
    '1.000,5',
  ],
  ...['9007199254740991', '9007199254740993', '4294967295', '4294967296', '2000.00000000000000001'],
  ...[
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'prototype',
    'ünïcode',
    '\u0000',
    '\n',
  ],
  ...[
    'tiering',
    'leveling,tiering',
    'ycsb-a',
    'k-lsm',
    'lz4',
    'none',
    'a=b',
    '=',
    '90%',
    '20k',
    '1e5%',
  ],
  ...[
    'poisson',
    'sine,amplitude=0.5',
    'steps,shares=1/2',
    'closed',
    'memory',
    'simulator',
    '{}',
    '[]',
  ],
)

const grouped = fc
  .tuple(fc.array(fc.stringMatching(/^\d{1,4}$/), { minLength: 1, maxLength: 4 }), separator, unit)
  .map(([groups, between, end]) => groups.join(between) + end)

const decimal = fc
  .tuple(
    fc.constantFrom('', '-', '+'),
    digits,
    separator,
    digits,
    fc.constantFrom('', 'e3', 'E-2', 'k'),
  )
  .map((parts) => parts.join(''))

/** Values as users type them: right, wrong and strange. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: odd },
  { weight: 3, arbitrary: grouped },
  { weight: 3, arbitrary: fc.tuple(digits, unit).map((parts) => parts.join('')) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 5000 }).map(String) },
  { weight: 2, arbitrary: decimal },
  { weight: 2, arbitrary: fc.array(odd, { maxLength: 4 }).map((parts) => parts.join(',')) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }) },
)

/** Numbers that most flags accept, and sometimes anything. */
export const likelyNumber: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 2000 }).map(String) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.stringMatching(/^[1-9]\d?(,\d{3})?$/), fc.constantFrom('', 'k', 'K', 'kb', 'KiB'))
      .map((parts) => parts.join('')),
  },
  { weight: 2, arbitrary: anyText },
)

/** JSON values, including nested nonsense. */
export const anyJson: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: anyText },
  { weight: 4, arbitrary: fc.integer({ min: -2, max: 5000 }) },
  { weight: 2, arbitrary: fc.double() },
  {
    weight: 1,
    arbitrary: fc.constantFrom<unknown>(null, true, false, {}, [], 0, -0, 1e21, 2 ** 53),
  },
  {
    weight: 2,
    arbitrary: fc.array(fc.oneof(fc.integer({ min: 0, max: 12 }), odd), { maxLength: 4 }),
  },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
)
