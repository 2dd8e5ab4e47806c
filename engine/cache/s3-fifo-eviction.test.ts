import fc from 'fast-check'
import { expect, test } from 'vitest'
import { S3FifoEviction } from './s3-fifo-eviction.ts'

const SLOTS = 8
const CAPACITY = 40

interface ModelBlock {
  readonly slot: number
  readonly bytes: number
  readonly hash: number
  hits: number
}

/** The same policy with plain lists, oldest first. */
class Model {
  small: ModelBlock[] = []
  main: ModelBlock[] = []
  ghosts: number[] = []

  insert(block: ModelBlock): void {
    const at = this.ghosts.indexOf(block.hash)
    if (at < 0) this.small.push(block)
    else this.main.push(block)
    if (at >= 0) this.ghosts.splice(at, 1)
  }

  victim(): number {
    for (;;) {
      const smallBytes = this.small.reduce((sum, { bytes }) => sum + bytes, 0)
      const isSmall = smallBytes > CAPACITY / 10 || this.main.length === 0
      const [block] = isSmall ? this.small : this.main
      if (block!.hits === 0) return block!.slot
      if (isSmall) this.small.shift()
      else this.main.shift()
      block!.hits = isSmall ? 0 : block!.hits - 1
      this.main.push(block!)
    }
  }

  remove(slot: number, isVictim: boolean): void {
    const block = this.small.find((one) => one.slot === slot)
    if (isVictim && block !== undefined) {
      this.ghosts = [...this.ghosts.filter((hash) => hash !== block.hash), block.hash]
      const most = this.small.length + this.main.length
      this.ghosts = this.ghosts.slice(-most)
    }
    this.small = this.small.filter((one) => one.slot !== slot)
    this.main = this.main.filter((one) => one.slot !== slot)
  }
}

test('the blocks that leave are those of the policy written with plain lists', () => {
  const call = fc.record({
    op: fc.constantFrom('insert', 'insert', 'hit', 'hit', 'hit', 'evict', 'drop'),
    slot: fc.nat(SLOTS - 1),
    bytes: fc.integer({ min: 1, max: 3 }),
    hash: fc.nat(12),
  })
  fc.assert(
    fc.property(fc.array(call, { maxLength: 200, size: 'max' }), (calls) => {
      const eviction = new S3FifoEviction()
      eviction.grow(SLOTS)
      const model = new Model()
      const blocks = new Map<number, ModelBlock>()
      const remove = (slot: number, isVictim: boolean) => {
        eviction.removed(slot, isVictim)
        model.remove(slot, isVictim)
        blocks.delete(slot)
      }
      for (const { op, slot, bytes, hash } of calls) {
        const block = blocks.get(slot)
        if (op === 'insert' && block === undefined) {
          if (blocks.values().some((one) => one.hash === hash)) continue
          const added = { slot, bytes, hash, hits: 0 }
          eviction.inserted(slot, bytes, hash)
          model.insert(added)
          blocks.set(slot, added)
        } else if (op === 'hit' && block !== undefined) {
          eviction.hit(slot)
          block.hits = Math.min(block.hits + 1, 3)
        } else if (op === 'drop' && block !== undefined) {
          remove(slot, false)
        } else if (op === 'evict' && blocks.size > 0) {
          const victim = eviction.victim(CAPACITY)
          expect(victim).toBe(model.victim())
          remove(victim, true)
        }
      }
      while (blocks.size > 0) {
        const victim = eviction.victim(CAPACITY)
        expect(victim).toBe(model.victim())
        remove(victim, true)
      }
    }),
    { numRuns: 300 },
  )
})
