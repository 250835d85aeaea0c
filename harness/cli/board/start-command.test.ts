import { describe, expect, it } from '@jest/globals';
import { main } from '../esprig';

describe('npm start', () => {
  it('is the main job, and says so in its help', async () => {
    let text = '';
    const streams = { stdout: (part: string) => (text += part), stderr: () => undefined, debug: false };
    expect(await main(['start', '--help'], streams)).toBe(0);
    expect(text).toContain('the main job on an emulated board; what `npm start` runs');
  });
});
