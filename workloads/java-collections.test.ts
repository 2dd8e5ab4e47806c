import { describe, expect, test } from 'vitest'
import { hashMapOrder, javaStringHash, propertyNamesOrder } from './java-collections.ts'

describe('Java’s collections', () => {
  test('hash strings as java.lang.String', () => {
    expect(javaStringHash('')).toBe(0)
    expect(javaStringHash('field0')).toBe(-1274708362)
    expect(javaStringHash('hello world')).toBe(1794106052)
  })

  test('a HashMap of YCSB’s ten fields is walked 1 0 7 6 9 8 3 2 5 4', () => {
    const names = Array.from({ length: 10 }, (_, i) => `field${i}`)
    expect(hashMapOrder(names)).toEqual([1, 0, 7, 6, 9, 8, 3, 2, 5, 4])
  })

  test('keys of one bucket stay in order of insertion', () => {
    // "Aa" and "BB" have one hash, the textbook collision.
    expect(javaStringHash('Aa')).toBe(javaStringHash('BB'))
    expect(hashMapOrder(['BB', 'Aa'])).toEqual([0, 1])
    expect(hashMapOrder(['Aa', 'BB'])).toEqual([0, 1])
  })

  test('Properties list the names of workload F as YCSB’s client prints them', () => {
    const names = [
      'insertproportion',
      'readproportion',
      'scanproportion',
      'readallfields',
      'basicdb.verbose',
      'readmodifywriteproportion',
      'requestdistribution',
      'workload',
      'recordcount',
      'updateproportion',
      'operationcount',
    ]
    expect(propertyNamesOrder(names.toSorted())).toEqual(names)
  })
})
