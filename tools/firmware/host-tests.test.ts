import { describe, expect, it } from '@jest/globals';
import { compilerMissing, fuzzerMissing, make } from './host-build';

/** Compiling with sanitizers on a busy machine takes its time. */
const BUILD_LIMIT_MS = 240_000;
const FUZZ_SECONDS = Number(process.env['FUZZ_SECONDS'] ?? '10');

const because = (reason: string | undefined): string => (reason === undefined ? '' : ` (skipped: ${reason})`);

describe('the portable parts of the firmware on this host, with address and undefined-behaviour sanitizers', () => {
  for (const compiler of ['gcc', 'clang'] as const) {
    const missing = compilerMissing(compiler);
    (missing === undefined ? it : it.skip)(
      `pass their tests when built by ${compiler}${because(missing)}`,
      async () => {
        const { code, output } = await make(`test-${compiler}`, BUILD_LIMIT_MS);
        expect({ code, output }).toEqual({
          code: 0,
          output: expect.stringMatching(/^[1-9]\d+ passed, 0 failed$/m),
        });
      },
      BUILD_LIMIT_MS + 5_000,
    );
  }

  const missing = fuzzerMissing();
  (missing === undefined ? it : it.skip)(
    `withstand ${FUZZ_SECONDS} s of fuzzing each${because(missing)}`,
    async () => {
      const limitMs = BUILD_LIMIT_MS + 2 * 2 * 1000 * FUZZ_SECONDS;
      const { code, output } = await make('fuzz', limitMs, [`FUZZ_SECONDS=${FUZZ_SECONDS}`]);
      expect({ code, output }).toEqual({
        code: 0,
        output: expect.stringMatching(/fuzz_request: \d{3,} runs.*\nfuzz_image: \d{3,} runs/),
      });
    },
    BUILD_LIMIT_MS + 4 * 1000 * FUZZ_SECONDS + 5_000,
  );
});
