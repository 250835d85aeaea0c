import { buildSyntheticApp } from '../../../harness/protocol/image-lab/encode';
import { layoutByName } from '../../../harness/protocol/layouts';
import { otaSlots } from '../../../harness/protocol/partition-table';
import type { HostServer } from '../host-server';
import { DEFAULT_LIMITS, type ProbeDevice, type ProbeLimits } from './device';

const option = (args: readonly string[], name: string): string | undefined => {
  const at = args.indexOf(name);
  return at < 0 ? undefined : args[at + 1];
};

/** The server on a host as a device for probes; `args` are those that it was started with. */
export function hostDevice(
  server: HostServer,
  args: readonly string[],
  limits: Partial<ProbeLimits> = {},
): ProbeDevice {
  const layout = option(args, '--layout') ?? 'one-mb';
  const token = option(args, '--token');
  const labels = otaSlots(layoutByName(layout).partitions).map(({ label }) => label);
  const order = (line: string): Promise<void> => {
    server.order(line);
    return Promise.resolve();
  };
  return {
    host: '127.0.0.1',
    tcpPort: server.port,
    ...(token !== undefined && { token }),
    layout,
    limits: {
      ...DEFAULT_LIMITS,
      stallMs: Number(option(args, '--stall-ms') ?? DEFAULT_LIMITS.stallMs),
      keepAliveMs: Number(option(args, '--keep-alive-ms') ?? DEFAULT_LIMITS.keepAliveMs),
      ...limits,
    },
    readSlots: async () => {
      const { boot, slots, erases } = await server.state();
      return { boot, sha256: Object.fromEntries(labels.map((label, i) => [label, slots[i]!])), erases };
    },
    slotSha256: (label, lengthBytes) => server.digest(labels.indexOf(label), lengthBytes),
    goodImage: (slot) => buildSyntheticApp({ slot, seed: 3, textBytes: 0x6000 }),
    consoleLines: () => server.lines.filter((line) => !/^[=!] /.test(line)),
    print: (line) => order(`print ${line}`),
    printMany: (count) => order(`print-many ${count}`),
    failFlash: async (kind, operation) => {
      const from = server.lines.length;
      server.order(`fault ${kind}:${operation}`);
      await server.waitFor(/^= fault set$/, from);
    },
  };
}
