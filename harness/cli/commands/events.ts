import type { Command } from 'commander';
import { isEsprigError, UsageError } from '../../core/errors';
import type { StreamItem } from '../../device/dut-event-types';
import type { DutProfile } from '../../device/dut-profile';
import {
  deviceRig,
  FRESH_BOARD_HELP,
  withDevice,
  withDeviceOptions,
  type DeviceOptions,
  type DeviceWork,
} from '../device-command';
import { parseUntil, setVerdict } from '../esprig';

interface EventsOptions extends DeviceOptions {
  readonly since?: string;
  readonly until?: string;
  readonly reconnect: boolean;
}

/** Adds `esprig events`. */
export function register(program: Command): void {
  withDeviceOptions(program.command('events'), 86_400)
    .description('a device’s event stream: console lines and progress as they come')
    .option('--since <id>', 'begin behind the event with this id, as far as the device still has it')
    .option(
      '--until <text>',
      'end with 0 when this text comes, with 1 when --timeout or Ctrl-C does before',
      parseUntil,
    )
    .option('--no-reconnect', 'end when the stream ends')
    .addHelpText(
      'after',
      `${FRESH_BOARD_HELP}\nExamples:\n  npx esprig events --to http://192.168.4.1\n  npx esprig events --rig bench-1 --until installed --timeout 60`,
    )
    .action(async (options: EventsOptions) => {
      if (options.since !== undefined && !/^\d{1,10}$/.test(options.since)) {
        throw new UsageError('ESPRIG_USAGE', `--since: '${options.since}' is no id of an event`);
      }
      const rig = await deviceRig(options);
      await withDevice('events', options, rig, (bench) => follow(bench, options));
    });
}

async function follow(bench: DeviceWork, options: EventsOptions): Promise<void> {
  const { client, deadline, out, clock, isStopped } = bench;
  const stream = await client.openEvents(
    {
      reconnect: options.reconnect,
      ...(options.since === undefined ? {} : { lastEventId: options.since }),
    },
    deadline,
  );
  const startMs = clock.nowMs();
  const tell = (item: StreamItem): void => {
    out.value({ ...item, atMs: Math.round(item.atMs - startMs) });
    if (!out.json) out.result(describe(item, client.profile, item.atMs - startMs));
  };
  // What came with the answer's first bytes is there already.
  for (const item of [...stream.items]) tell(item);
  stream.onItem(tell);
  const { until } = options;
  // Whoever waits for a text waits for the firmware.
  using wait =
    until === undefined ? deadline.sub({ phase: 'watch' }) : deadline.sub({ phase: 'until', blame: 'dut' });
  try {
    await stream.waitFor(
      (item) =>
        (until !== undefined && item.kind === 'event' && item.data.includes(until)) ||
        (item.kind === 'lost' && !item.willReturn),
      until === undefined ? 'end of the event stream' : `event with '${until}'`,
      wait,
    );
    const last = stream.items.at(-1);
    if (until !== undefined && last?.kind === 'lost') {
      out.result(`the stream ended before '${until}' came`);
      setVerdict(1);
    }
  } catch (error) {
    // A person's Ctrl-C, or the time that was asked for, is the ordinary end of looking on.
    const isOver =
      isStopped() || (until === undefined && isEsprigError(error) && error.code === 'ESPRIG_DEADLINE');
    if (!isOver) throw error;
    if (until !== undefined) {
      out.result(`--- '${until}' had not come`);
      setVerdict(1);
    }
  }
  for (const { kind, afterId, beforeId } of stream.gaps) {
    if (kind !== 'restart') out.result(`--- ids ${kind}: ${beforeId} came after ${afterId}`);
  }
}

function describe(item: StreamItem, profile: DutProfile, sinceMs: number): string {
  const time = `[${(sinceMs / 1000).toFixed(3).padStart(9)}]`;
  switch (item.kind) {
    case 'event':
      return `${time} ${item.name === profile.logEvent ? '' : `${item.name}: `}${item.data}`;
    case 'open':
      return `${time} --- open${item.connection > 1 ? ' again' : ''}`;
    case 'lost':
      return `${time} --- lost: ${item.reason}${item.willReturn ? '; coming back' : ''}`;
    case 'comment':
      return `${time} --- ${item.text}`;
    case 'retry':
      return `${time} --- to come back after ${item.retryMs} ms`;
    case 'problem':
      return `${time} --- problem: ${item.text}`;
  }
}
