import { expect, test } from '@jest/globals';
import { isEsp8285, macFromEfuse, normalizeMac } from './efuse';

test('the MAC comes out of the four words as esptool reads it', () => {
  expect(macFromEfuse([0x45d50000, 0x02000123, 0x6400b000, 0x005ccf7f])).toBe('5c:cf:7f:01:23:45');
});

test('without an OUI in the last word the second one tells which', () => {
  expect(macFromEfuse([0x45000000, 0x02000123, 0, 0])).toBe('18:fe:34:01:23:45');
  expect(macFromEfuse([0x45000000, 0x02010123, 0, 0])).toBe('ac:d0:74:01:23:45');
  expect(macFromEfuse([0x45000000, 0x02020123, 0, 0])).toBeUndefined();
});

test('an ESP8285 is known by either of two bits', () => {
  expect(isEsp8285([0x10, 0, 0, 0])).toBe(true);
  expect(isEsp8285([0, 0, 0x10000, 0])).toBe(true);
  expect(isEsp8285([0xef, 0, 0xffff, 0])).toBe(false);
});

test('addresses are compared in one notation', () => {
  expect(['5C-CF-7F-01-23-45', '5ccf7f012345', '5c:cf:7f:01:23', 'hello'].map(normalizeMac)).toEqual([
    '5c:cf:7f:01:23:45',
    '5c:cf:7f:01:23:45',
    undefined,
    undefined,
  ]);
});

test('an address with something before or behind it is none', () => {
  expect(['x5ccf7f012345', '5ccf7f012345x', '5c:cf:7f:01:23:45:67'].map(normalizeMac)).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});
