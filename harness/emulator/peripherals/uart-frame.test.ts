import { describe, expect, it } from '@jest/globals';
import {
  encodeFrame,
  FORMAT_8N1,
  frameBits,
  levelAt,
  MAX_SAMPLED,
  SAMPLED_FRAME_ERROR,
  SAMPLED_PARITY_ERROR,
  sampleWaveform,
  type FrameFormat,
} from './uart-frame';

const levels = (waveform: number, bits: number): string =>
  Array.from({ length: bits }, (_unused, i) => levelAt(waveform, i)).join('');

function sample(byte: number, sender: FrameFormat, ratio: number, receiver: FrameFormat): readonly number[] {
  const results = new Int32Array(MAX_SAMPLED);
  const found = sampleWaveform(encodeFrame(byte, sender), 1000, 1000 / ratio, receiver, results);
  return Array.from(results.subarray(0, found));
}

describe('serial frames', () => {
  it('send a start bit, the lowest bit first, and then an idle line', () => {
    expect(levels(encodeFrame(0x55, FORMAT_8N1), 12)).toBe('010101010111');
    expect(levels(encodeFrame(0x01, FORMAT_8N1), 12)).toBe('010000000111');
  });

  it('add the parity that makes the number of ones even or odd', () => {
    const even: FrameFormat = { dataBits: 8, parity: 'even', stopBits: 1 };
    const odd: FrameFormat = { dataBits: 8, parity: 'odd', stopBits: 1 };
    expect(levels(encodeFrame(0x07, even), 11)).toBe('01110000011');
    expect(levels(encodeFrame(0x07, odd), 11)).toBe('01110000001');
    expect([
      frameBits(FORMAT_8N1),
      frameBits(even),
      frameBits({ dataBits: 5, parity: 'odd', stopBits: 1.5 }),
    ]).toEqual([10, 11, 8.5]);
  });

  it('arrive unharmed within the tolerance of the sampling', () => {
    for (const ratio of [0.96, 1, 1.04]) {
      for (let byte = 0; byte < 256; byte++)
        expect(sample(byte, FORMAT_8N1, ratio, FORMAT_8N1)).toEqual([byte]);
    }
  });

  it('arrive as more and other bytes at a faster receiver', () => {
    // 74880 baud seen at 115200: each bit is 1.54 of the receiver's.
    expect(sample(0x00, FORMAT_8N1, 115200 / 74880, FORMAT_8N1)).toEqual([SAMPLED_FRAME_ERROR]);
    // Twice as fast: start and first data bit make two bits each; 0xf0 = low for five bits, ten of the receiver's.
    expect(sample(0xf0, FORMAT_8N1, 2, FORMAT_8N1)).toEqual([SAMPLED_FRAME_ERROR]);
    expect(sample(0xff, FORMAT_8N1, 2, FORMAT_8N1)).toEqual([0xfe]);
    // 0x01: 0 1 0000000 1: the first frame is start 00, data 11 00 00 00, stop 0; the rest is low: no edge, no byte.
    expect(sample(0x01, FORMAT_8N1, 2, FORMAT_8N1)).toEqual([0x06 | SAMPLED_FRAME_ERROR]);
  });

  it('melt into one at a slower receiver', () => {
    // Half the speed: samples at 1, 3, 5, 7, 9 sender bits and then the idle line.
    expect(sample(0x55, FORMAT_8N1, 0.5, FORMAT_8N1)).toEqual([]);
    expect(sample(0x00, FORMAT_8N1, 0.5, FORMAT_8N1)).toEqual([0xf8]);
  });

  it('show a parity error when the settings disagree', () => {
    const even: FrameFormat = { dataBits: 8, parity: 'even', stopBits: 1 };
    const odd: FrameFormat = { dataBits: 8, parity: 'odd', stopBits: 1 };
    expect(sample(0x31, even, 1, even)).toEqual([0x31]);
    expect(sample(0x31, even, 1, odd)).toEqual([0x31 | SAMPLED_PARITY_ERROR]);
  });

  it('never give more results than the buffer holds', () => {
    for (const ratio of [0.01, 3, 8, 16, 100]) {
      for (let byte = 0; byte < 256; byte++) {
        expect(sample(byte, FORMAT_8N1, ratio, FORMAT_8N1).length).toBeLessThanOrEqual(MAX_SAMPLED);
      }
    }
  });
});
