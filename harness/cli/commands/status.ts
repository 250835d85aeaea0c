import type { Command } from 'commander';
import { withDevice, withDeviceOptions, type DeviceOptions } from '../device-command';

/** Adds `esprig status`. */
export function register(program: Command): void {
  withDeviceOptions(program.command('status'), 15)
    .description('what a device says of itself: image, slots, heap, streams, upload')
    .action(async (options: DeviceOptions) => {
      await withDevice('status', options, async ({ out, client, deadline }) => {
        const status = await client.status(deadline);
        const sha = /^0*$/.test(status.elfSha256) ? 'not filled in' : status.elfSha256.slice(0, 16);
        out.line(`app      ${status.app} ${status.version} (ELF ${sha})`);
        out.line(`slots    runs ${status.running}, the next upload goes to ${status.next}`);
        out.line(`heap     ${status.heapFreeBytes} bytes free, ${status.heapLowestBytes} at the least`);
        out.line(`up       ${duration(status.uptimeMs)}`);
        out.line(`streams  ${status.clients}`);
        out.line(`upload   ${status.upload}`);
        out.value(status.raw);
      });
    });
}

/** `2 d 3 h 4 min 5.6 s`, without the parts that are nothing. */
function duration(ms: number): string {
  const wholes = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
  ] as const;
  const parts: string[] = [];
  let restMs = ms;
  for (const [unit, unitMs] of wholes) {
    if (restMs < unitMs && parts.length === 0) continue;
    parts.push(`${Math.floor(restMs / unitMs)} ${unit}`);
    restMs %= unitMs;
  }
  return [...parts, `${(restMs / 1000).toFixed(1)} s`].join(' ');
}
