import { describe, expect, it } from '@jest/globals';
import { compilerMissing, fuzzerMissing, make } from './host-build';

/** Compiling with sanitizers on a busy machine takes its time. */
const BUILD_LIMIT_MS = 240_000;
const FUZZ_SLACK_MS = 30_000;
/** `ESPRIG_FUZZ_S=600 npx jest tools/firmware/host-tests` looks longer. */
const FUZZ_SECONDS = Number(process.env['ESPRIG_FUZZ_S'] ?? '60');
const FUZZED = /^fuzz_(request|image): (\d+) executions in \d+ s, corpus of (\d+) inputs/gm;

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
    `withstand ${FUZZ_SECONDS} s of fuzzing each, and the executions are printed${because(missing)}`,
    async () => {
      expect(FUZZ_SECONDS).toBeGreaterThan(0);
      // Built first, so that no compiler shares the time.
      expect(await make('fuzz-build', BUILD_LIMIT_MS)).toMatchObject({ code: 0 });
      const limitMs = 2 * 1000 * FUZZ_SECONDS + FUZZ_SLACK_MS;
      const { code, output } = await make('fuzz', limitMs, ['-j2', `FUZZ_SECONDS=${FUZZ_SECONDS}`]);
      process.stdout.write(output);
      const found = [...output.matchAll(FUZZED)].map(([, target, runs, inputs]) => ({
        target,
        isMuch: Number(runs) >= 100 * FUZZ_SECONDS,
        hasCorpus: Number(inputs) > 5,
      }));
      expect({ code, found: found.sort((a, b) => (a.target! < b.target! ? -1 : 1)), output }).toEqual({
        code: 0,
        found: ['image', 'request'].map((target) => ({ target, isMuch: true, hasCorpus: true })),
        output: expect.any(String),
      });
    },
    BUILD_LIMIT_MS + 2 * 1000 * FUZZ_SECONDS + FUZZ_SLACK_MS + 5_000,
  );
});
