import { describe, expect, test } from 'vitest'
import { hashMapOrder, javaStringHash, propertyNamesOrder } from './java-collections.ts'

describe('Java’s collections', () => {
  test('hash strings as java.lang.String does', () => {
    expect(javaStringHash('')).toBe(0)
    expect(javaStringHash('field0')).toBe(-1274708362)
    expect(javaStringHash('hello world')).toBe(1794106052)
  })

  test('a HashMap of YCSB’s ten fields has the order 1 0 7 6 9 8 3 2 5 4', () => {
    const names = Array.from({ length: 10 }, (_, i) => `field${i}`)
    expect(hashMapOrder(names)).toEqual([1, 0, 7, 6, 9, 8, 3, 2, 5, 4])
  })

  test('keys in one bucket keep their order of insertion', () => {
    // "Aa" and "BB" have the same hash: the textbook collision.
    expect(javaStringHash('Aa')).toBe(javaStringHash('BB'))
    expect(hashMapOrder(['BB', 'Aa'])).toEqual([0, 1])
    expect(hashMapOrder(['Aa', 'BB'])).toEqual([0, 1])
  })

  test('Properties list the names of workload F in the order that YCSB’s client prints', () => {
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
