import { expect, test } from 'vitest'
import { withoutHeapBound } from './collector.ts'

const FLAG = '--heap-growing-percent'

function recorder() {
  const set: string[] = []
  return { set, process: { execArgv: [`${FLAG}=50`], setFlag: (flag: string) => set.push(flag) } }
}

test('the bound of the start is lifted for the work, and holds again afterwards', async () => {
  const { set, process } = recorder()
  const during = await withoutHeapBound(async () => [...set], process)
  expect(during).toEqual([`${FLAG}=0`])
  expect(set).toEqual([`${FLAG}=0`, `${FLAG}=50`])
})

test('the bound holds again after work that fails', async () => {
  const { set, process } = recorder()
  await expect(withoutHeapBound(() => Promise.reject(new Error('no')), process)).rejects.toThrow()
  expect(set.at(-1)).toBe(`${FLAG}=50`)
})

test('a process that started without a bound is left alone', async () => {
  const { set, process } = recorder()
  await withoutHeapBound(() => Promise.resolve(), { ...process, execArgv: [] })
  expect(set).toEqual([])
})
