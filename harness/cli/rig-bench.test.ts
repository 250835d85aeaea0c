import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Bench } from '../rig/testkit/bench';
import { esprigProcess, valuesOf, type Ended } from './testkit/run-process';

/** The commands one after the other, as a person at a bench would type them: nothing but the rig is named. */
jest.setTimeout(240_000);

describe('a rig is enough', () => {
  let bench: Bench;
  let rig: readonly string[];

  beforeAll(async () => {
    bench = await Bench.start();
    rig = ['--rig', bench.usualRig('desk')];
  });
  afterAll(() => bench[Symbol.asyncDispose]());

  const esprig = (...args: readonly string[]): Promise<Ended> =>
    esprigProcess([...args, ...rig], { ESPRIG_LOCKS: bench.folder });

  it('from an empty flash to an update, and back to what the rig is shipped with', async () => {
    const flashed = await esprig('flash', '--json', '--quiet');
    expect(flashed).toMatchObject({ exitCode: 0, stderr: '' });
    expect(valuesOf(flashed)).toMatchObject([
      { rig: 'desk', parts: expect.arrayContaining([expect.objectContaining({ name: 'ota_0.bin' })]) },
    ]);
    expect(await esprig('upload', '--reset-first')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/restarted after .* runs from ota_1/),
    });
    const [updated] = valuesOf(await esprig('status', '--json'));
    expect(updated).toMatchObject({ running: 'ota_1' });

    const again = valuesOf(await esprig('flash', '--json'))[0] as {
      readonly parts: readonly { readonly name: string; readonly action: string }[];
    };
    const written = again.parts.filter(({ action }) => action !== 'skipped').map(({ name }) => name);
    expect(written).toEqual(['otadata.bin']);
    expect(
      await esprig('monitor', '--reset-first', '--until', 'in ota_0 at', '--timeout', '60'),
    ).toMatchObject({ exitCode: 0 });
  });
});
