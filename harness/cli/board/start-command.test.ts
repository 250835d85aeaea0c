import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { crc32 } from '../../protocol/bytes';
import { inspectImage } from '../../protocol/image';
import { buildDemoImage, DEMO, demoPattern } from './demo-program';

describe('npm start', () => {
  it('boots a program of ours on the board, checks what it did and says so', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(__dirname, '../bin.cjs'), 'start'], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const sum = crc32(demoPattern()).toString(16).padStart(8, '0');
    expect(stdout).toContain('| ets Jan  8 2013,rst cause:1, boot mode:(3,6)\n');
    expect(stdout).toContain(`| demo: CRC-32 of ${DEMO.bufferBytes} bytes is ${sum}\n`);
    expect(stdout).toContain('| demo: sector at 0x80000: erase 0, write 0, read 0\n');
    expect(stdout).toContain(`| ${DEMO.goodEnd}\n`);
    expect(stdout).toMatch(/all of it took \d+ ms of the board's time, \d+ ms of yours/);
  });
});

describe('the demo program', () => {
  it('is an image that the codecs find nothing wrong with', () => {
    const { segments, problems } = inspectImage(buildDemoImage());
    expect(segments).toHaveLength(2);
    expect(problems).toEqual([]);
  });
});
