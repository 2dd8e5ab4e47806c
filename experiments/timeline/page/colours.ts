/**
 * Owns the colours of a drawing. Ages use a ramp that stays ordered for people with any colour
 * vision and in a grey copy (cividis, Nuñez et al., PLOS ONE 2018); lines use the page's own
 * colours.
 */

const CIVIDIS = [
  ...['#fee838', '#e1cc55', '#c3b369', '#a59c74', '#8a8678'],
  ...['#707173', '#575d6d', '#3b496c', '#123570', '#00224e'],
] as const

/** Of flushes among jobs, so that compactions stand out. */
export const STRIPE_ALPHA = 0.6

export const AGE_STEPS = 64

/** From the newest to the oldest. */
export const AGE_COLOURS: readonly string[] = Array.from({ length: AGE_STEPS }, (_, step) => {
  const place = (step / (AGE_STEPS - 1)) * (CIVIDIS.length - 1)
  const stop = Math.min(Math.floor(place), CIVIDIS.length - 2)
  const [from, to] = [channelsOf(CIVIDIS[stop]!), channelsOf(CIVIDIS[stop + 1]!)]
  const mixed = from.map((value, at) => Math.round(value + (to[at]! - value) * (place - stop)))
  return `rgb(${mixed.join(' ')})`
})

/**
 * Ages are divided into steps evenly by their logarithm: young tables differ more than old ones.
 */
export function ageStep(age: number, unit: number, oldest: number): number {
  if (oldest <= 0 || unit <= 0) return 0
  const share = Math.log2(1 + age / unit) / Math.log2(1 + oldest / unit)
  return Math.max(0, Math.min(AGE_STEPS - 1, Math.round(share * (AGE_STEPS - 1))))
}

/** Whether dark letters are easier to read than light ones on this step. */
export function isLight(step: number): boolean {
  return step < AGE_STEPS * 0.55
}

/** The page's colours as they are now, light or dark. */
export interface Palette {
  readonly ink: string
  readonly muted: string
  readonly rule: string
  readonly panel: string
  readonly taken: string
  readonly accent: string
}

export function currentPalette(): Palette {
  const style = getComputedStyle(document.documentElement)
  const read = (name: string) => style.getPropertyValue(name).trim()
  return {
    ink: read('--ink'),
    muted: read('--muted'),
    rule: read('--rule'),
    panel: read('--panel'),
    taken: read('--bad'),
    accent: read('--accent'),
  }
}

function channelsOf(hex: string): readonly number[] {
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16))
}
