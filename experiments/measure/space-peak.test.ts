import { expect, test } from 'vitest'
import { SpacePeak } from './space-peak.ts'

test('the peak is divided by what was alive then, not by what is alive in the end', () => {
  const peak = new SpacePeak()
  expect(peak.amplification()).toBeNull()
  peak.see(100, 100)
  peak.see(300, 150)
  expect(peak.amplification()).toBe(2)
  // Data was deleted while the folder grew on …
  peak.see(400, 50)
  // … and a size at or below the peak changes nothing.
  peak.see(400, 1000)
  peak.see(200, 10)
  expect(peak.amplification()).toBe(8)
})
