import { expect, test } from 'vitest'
import { SpacePeak } from './space-peak.ts'

test('the peak is divided by what was alive then, not by what is alive in the end', () => {
  const peak = new SpacePeak()
  expect(peak.amplification()).toBeNull()
  peak.see(100, 100)
  peak.see(300, 150)
  peak.see(300, 1000)
  peak.see(200, 10)
  expect(peak.amplification()).toBe(2)
})
