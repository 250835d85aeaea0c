import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildHost } from './fault-build';
import { listFaults, readFault, type Fault } from './faults';
import { compilerMissing } from './host-build';
import { HostServer } from './host-server';
import { probeNamed } from './probes';
import { ProbeFailure } from './probes/device';
import { hostDevice } from './probes/host-device';

/**
 * Each fault of firmware/faults, brought into the server on this host: its probe passes without it and fails with it.
 * Several at a time, for most of what they take is waiting.
 */
const missing = compilerMissing('gcc');
const LIMIT_MS = 240_000;
const AT_ONCE = 4;

interface Outcome {
  readonly without: string;
  readonly with: string;
}

/** What the probe says of a program: `passes`, or how it fails. Any other error is the test's own. */
async function tell(fault: Fault, program: string, answerMs: number): Promise<string> {
  const args = [...fault.host, ...(fault.probe === 'deaf-reader' ? ['--send-buffer', '4096'] : [])];
  const server = await HostServer.start(args, program);
  try {
    await probeNamed(fault.probe!).run(hostDevice(server, args, { answerMs }));
    return 'passes';
  } catch (error) {
    // Named, not instanceof: each Jest file has classes of its own.
    if ((error as Error).name === ProbeFailure.name) return `fails: ${(error as Error).message}`;
    throw error;
  } finally {
    await server.kill();
  }
}

const onHost =
  missing === undefined
    ? listFaults()
        .map((name) => readFault(name))
        .filter((fault) => fault.notOnHost === undefined)
    : [];
const elsewhere = listFaults().filter((name) => readFault(name).notOnHost !== undefined);

(missing === undefined ? describe : describe.skip)(
  `faults in the server on a host${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    const outcomes = new Map<string, Outcome | Error>();
    let spentMs = 0;

    beforeAll(async () => {
      const startMs = performance.now();
      const sound = await buildHost();
      const waiting = [...onHost];
      const work = async (): Promise<void> => {
        for (let fault = waiting.shift(); fault !== undefined; fault = waiting.shift()) {
          try {
            const program = await buildHost(fault);
            const without = await tell(fault, sound, 8_000);
            outcomes.set(fault.name, { without, with: await tell(fault, program, 2_500) });
          } catch (error) {
            outcomes.set(fault.name, error as Error);
          }
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));
      spentMs = performance.now() - startMs;
    }, LIMIT_MS);

    afterAll(() => {
      if (process.env['ESPRIG_FAULTS_SHOW'] === undefined) return;
      const lines = [...outcomes].map(([name, outcome]) => `${name}: ${JSON.stringify(outcome)}`);
      process.stdout.write(`${lines.join('\n')}\n${Math.round(spentMs)} ms\n`);
    });

    it.each(onHost.map((fault) => [fault.name, fault.probe ?? '']))(
      '%s is noticed by the probe %s',
      (name) => {
        expect(outcomes.get(name)).toEqual({ without: 'passes', with: expect.stringMatching(/^fails: /) });
      },
    );

    it('there are at least sixteen of them; the others say why they need a device', () => {
      expect(onHost.length).toBeGreaterThanOrEqual(16);
      for (const name of elsewhere) expect(readFault(name).notOnHost).toMatch(/device/);
    });
  },
);
