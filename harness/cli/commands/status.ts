import type { Command } from 'commander';
import {
  deviceRig,
  FRESH_BOARD_HELP,
  withDevice,
  withDeviceOptions,
  type DeviceOptions,
} from '../device-command';

/** Adds `esprig status`. */
export function register(program: Command): void {
  withDeviceOptions(program.command('status'), 15)
    .description('what a device says of itself: image, slots, heap, streams, upload')
    .addHelpText(
      'after',
      `${FRESH_BOARD_HELP}\nExamples:\n  npx esprig status --to http://192.168.4.1\n  npx esprig status --rig bench-1`,
    )
    .action(async (options: DeviceOptions) => {
      const rig = await deviceRig(options);
      await withDevice('status', options, rig, async ({ out, client, deadline }) => {
        const status = await client.status(deadline);
        const sha = /^0*$/.test(status.elfSha256) ? 'not filled in' : status.elfSha256.slice(0, 16);
        out.result(`app      ${status.app} ${status.version} (ELF ${sha})`);
        out.result(`slots    runs ${status.running}, the next upload goes to ${status.next}`);
        out.result(`heap     ${status.heapFreeBytes} bytes free, ${status.heapLowestBytes} at the least`);
        out.result(`up       ${duration(status.uptimeMs)}`);
        out.result(`streams  ${status.clients}`);
        out.result(`upload   ${status.upload}`);
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
