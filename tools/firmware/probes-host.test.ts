import { beforeAll, describe, expect, it } from '@jest/globals';
import { compilerMissing, make } from './host-build';
import { HostServer } from './host-server';
import { missingFor } from './probes/device';
import { hostDevice } from './probes/host-device';
import { PROBES } from './probes';

/** Every probe against the server on this host, with sanitizers. */
const missing = compilerMissing('gcc');
const BUILD_LIMIT_MS = 240_000;
/** Arguments that a probe cannot do without, or that spare waiting. */
const ARGS: Readonly<Record<string, readonly string[]>> = {
  token: ['--token', 's3cret'],
  'keep-alive': ['--keep-alive-ms', '300'],
  'stalled-upload': ['--stall-ms', '400'],
  'deaf-reader': ['--send-buffer', '4096'],
};

(missing === undefined ? describe : describe.skip)(
  `the server on a host${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    beforeAll(async () => {
      const { code, output } = await make('host', BUILD_LIMIT_MS);
      if (code !== 0) throw new Error(output);
    }, BUILD_LIMIT_MS + 5_000);

    it.each(PROBES.map((probe) => [probe.about, probe] as const))('%s', async (_about, probe) => {
      for (const layout of probe.isInstalling ? ['one-mb', 'two-ota-2mb'] : ['one-mb']) {
        const args = ['--layout', layout, ...(ARGS[probe.name] ?? [])];
        const server = await HostServer.start(args);
        const device = hostDevice(server, args);
        expect(missingFor(probe, device)).toEqual([]);
        try {
          await probe.run(device);
          if (probe.name !== 'flash-write-fails')
            expect(await server.state()).toMatchObject({ isMisused: false });
        } finally {
          expect(await server.stop()).toEqual({ code: 0, complaints: [] });
        }
      }
    });
  },
);
