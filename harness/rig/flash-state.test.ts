import { describe, expect, test } from '@jest/globals';
import { buildSyntheticApp } from '../protocol/image-lab/encode';
import { layoutByName, partitionOf, type Layout } from '../protocol/layouts';
import { encodeOtaData } from '../protocol/otadata';
import type { Partition } from '../protocol/partition-table';
import { flashStateOf } from './flash-state';

const oneMb = layoutByName('one-mb');
const [ota0, ota1] = [partitionOf(oneMb, 'ota_0'), partitionOf(oneMb, 'ota_1')];
const otadata = partitionOf(oneMb, 'otadata');

/** A flash with a good app in each of these. */
function flashWith(good: readonly Partition[], sequence: number): Uint8Array {
  const flash = new Uint8Array(oneMb.flashBytes).fill(0xff);
  flash.set(encodeOtaData(sequence, undefined), otadata.offset);
  for (const slot of good) flash.set(buildSyntheticApp({ slot }), slot.offset);
  return flash;
}

const layoutOf = (...partitions: readonly Partition[]): Layout => ({ ...oneMb, partitions });

describe('what a flash holds', () => {
  test('boots the chosen slot, or the other one where that is bad', () => {
    expect(flashStateOf(flashWith([ota0, ota1], 2), oneMb).bootSlot).toBe('ota_1');
    const state = flashStateOf(flashWith([ota0], 2), oneMb);
    expect(state.bootSlot).toBe('ota_0');
    expect(state.otadata.records.map(({ sequence }) => sequence)).toEqual([2, 0xffffffff]);
    expect(Object.values(state.slots).map(({ isBootable }) => isBootable)).toEqual([true, false]);
    expect(flashStateOf(flashWith([], 2), oneMb).bootSlot).toBe('none');
  });

  test('boots slots by their number, not by their place among the rows', () => {
    const ota2 = { ...ota1, label: 'ota_2', subtype: 0x12 };
    expect(flashStateOf(flashWith([ota0, ota2], 2), layoutOf(otadata, ota0, ota2)).bootSlot).toBe('ota_0');
    expect(flashStateOf(flashWith([ota2], 2), layoutOf(otadata, ota0, ota2)).bootSlot).toBe('none');
  });

  test('boots a factory app and a test app, too', () => {
    const factory = { ...ota0, label: 'factory', subtype: 0x00 };
    const last = { ...ota1, label: 'test', subtype: 0x20 };
    expect(flashStateOf(flashWith([factory, last], 1), layoutOf(factory, last)).bootSlot).toBe('factory');
    expect(flashStateOf(flashWith([last], 1), layoutOf(factory, last)).bootSlot).toBe('test');
  });

  test('boots nothing where otadata has one sector; its records count as blank', () => {
    const short = { ...otadata, sizeBytes: 0x1000 };
    const state = flashStateOf(flashWith([ota0, ota1], 1), layoutOf(short, ota0, ota1));
    expect(state.bootSlot).toBe('none');
    expect(state.otadata.records.every(({ isBlank }) => isBlank)).toBe(true);
  });
});
