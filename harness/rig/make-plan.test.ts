import { afterEach, describe, expect, it } from '@jest/globals';
import { toEsprigError, type EsprigError } from '../core/errors';
import { layoutByName } from '../protocol/layouts';
import { tokenOf } from './make-plan';
import { settingsPart } from './provisioning';
import { parseRigFile, type RigFile } from './rig-file';

const NAME = 'MAKE_PLAN_TEST_TOKEN';
const rigWith = (dut: string): RigFile =>
  parseRigFile(
    `name: bench-1\nkind: virtual\nboard: { flash: 1MB, layout: one-mb }\ndut: { ${dut} }\n`,
    'rigs/bench-1.yaml',
  );
const failure = (act: () => unknown): EsprigError => {
  try {
    act();
  } catch (error) {
    return toEsprigError(error);
  }
  throw new Error('nothing was thrown');
};

describe('the token of a rig', () => {
  afterEach(() => {
    delete process.env['MAKE_PLAN_TEST_TOKEN'];
  });

  it('is what the environment variable holds that the rig file names, up to 64 bytes', () => {
    for (const token of ['s3cret', 'x'.repeat(64), 'ü'.repeat(32)]) {
      process.env[NAME] = token;
      expect(tokenOf(rigWith(`tokenEnv: ${NAME}`))).toBe(token);
    }
    expect(tokenOf(rigWith('console: true'))).toBeUndefined();
  });

  it.each([
    ['65 letters', 'x'.repeat(65), 65],
    ['33 letters of two bytes', 'ü'.repeat(33), 66],
  ])('of %s is refused before anything is written, and not shown', (_what, token, bytes) => {
    process.env[NAME] = token;
    const error = failure(() => tokenOf(rigWith(`tokenEnv: ${NAME}`)));
    expect(error).toMatchObject({
      code: 'ESPRIG_USAGE',
      message: `the environment variable ${NAME}, which rigs/bench-1.yaml names in dut.tokenEnv, holds ${bytes} bytes: a token has 64 at most`,
    });
    expect(`${error.message} ${error.hint}`).not.toContain(token);
  });

  it('of other firmware may be longer', () => {
    process.env[NAME] = 'x'.repeat(65);
    expect(tokenOf(rigWith(`tokenEnv: ${NAME}, profile: seed`))).toBe('x'.repeat(65));
  });

  it('that is named and not set is an error', () => {
    expect(failure(() => tokenOf(rigWith(`tokenEnv: ${NAME}`)))).toMatchObject({
      code: 'ESPRIG_USAGE',
      message: `the environment variable ${NAME} is not set, which rigs/bench-1.yaml names in dut.tokenEnv`,
    });
  });

  it('is not written into NVS if the firmware could not use it: a case may give one, too', () => {
    const layout = layoutByName('one-mb');
    expect(settingsPart({ token: 'x'.repeat(64) }, layout)?.offset).toBe(0x9000);
    for (const token of ['x'.repeat(65), '']) {
      expect(failure(() => settingsPart({ token }, layout))).toMatchObject({
        code: 'ESPRIG_USAGE',
        message: `settings: a token of ${token.length} bytes; the firmware takes 1 to 64`,
      });
    }
  });
});
