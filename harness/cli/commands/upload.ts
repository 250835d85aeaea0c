import type { Command } from 'commander';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Deadline } from '../../core/deadline';
import { UsageError } from '../../core/errors';
import type { EventStream } from '../../device/dut-event-types';
import { refusalText } from '../../device/dut-status';
import type { DutStatus, UploadAnswer } from '../../device/dut-types';
import { inspectImage } from '../../protocol/image';
import { LAYOUT_NAMES } from '../../protocol/layouts';
import type { RigFile } from '../../rig/rig-file';
import {
  deviceRig,
  FRESH_BOARD_HELP,
  withDevice,
  withDeviceOptions,
  type DeviceOptions,
  type DeviceWork,
} from '../device-command';
import { setVerdict } from '../esprig';
import { foreseeRefusal, refusalsText, REFUSAL_HINTS } from '../upload-forecast';

interface UploadCommandOptions extends DeviceOptions {
  readonly layout?: string;
  readonly events: boolean;
  readonly log?: boolean;
  readonly follow: boolean;
  readonly check?: boolean;
}

/** While an upload is received the device tells 0 to 95; contract, section 2. */
const RECEIVED_AT = 95;

/** Adds `esprig upload`. */
export function register(program: Command): void {
  withDeviceOptions(program.command('upload'), 120)
    .description('send an image to a device over the network, and see it restart into it')
    .argument(
      '[file]',
      'the .bin for the slot that comes next; with --rig and nothing here: the one of the rig’s firmware',
    )
    .option(
      '--layout <name>',
      `flash layout of the board: ${LAYOUT_NAMES.join(', ')} (default: the rig file’s, or any)`,
    )
    .option('--check', 'send nothing if the image would be refused')
    .option('--log', 'show the device’s console lines meanwhile')
    .option('--no-events', 'do not listen to the device’s events')
    .option('--no-follow', 'end with the device’s answer: do not wait for the restart')
    .addHelpText(
      'after',
      `${FRESH_BOARD_HELP}\nExamples:\n  npx esprig upload app.ota_1.bin --to http://192.168.4.1\n  npx esprig upload app.ota_1.bin --rig virtual-1mb\n  npx esprig upload --rig bench-1 --reset-first`,
    )
    .action(async (file: string | undefined, options: UploadCommandOptions) => {
      const rig = await deviceRig(options);
      if (file === undefined && rig === undefined) {
        throw new UsageError('ESPRIG_USAGE', 'upload: which file? A .bin for the slot that comes next', {
          hint: 'With --rig and no file the image comes from the firmware of the rig.',
        });
      }
      const image = file === undefined ? undefined : { name: basename(file), bytes: await readImage(file) };
      await withDevice('upload', options, rig, (bench) => uploadTo(bench, image, options));
    });
}

interface NamedImage {
  readonly name: string;
  readonly bytes: Uint8Array;
}

async function uploadTo(
  bench: DeviceWork,
  given: NamedImage | undefined,
  options: UploadCommandOptions,
): Promise<void> {
  const { client, deadline, out, rig } = bench;
  const before = client.profile.statusPath === undefined ? undefined : await client.status(deadline);
  const { name, bytes: image } = given ?? (await imageOf(rig!, before));
  if (before !== undefined) {
    const { app, version, running, next } = before;
    out.line(`${client.baseUrl} runs ${app} ${version} from ${running}; ${name} goes to ${next}`);
  }
  const { refusals, fits } = foreseeRefusal(image, {
    layout: options.layout ?? rig?.description.board.layout,
    slotLabel: before?.next,
  });
  const [likeliest] = refusals;
  if (likeliest !== undefined && fits.length > 0) {
    const elsewhere = refusals.map(({ error }) => error).join(' or ');
    out.line(`note: fits the next slot with layout ${fits.join(', ')}; elsewhere ${elsewhere}`);
  } else if (likeliest !== undefined) {
    out.line(`warning: ${name} would be refused: ${refusalsText(refusals)}`);
    if (options.check === true) {
      throw new UsageError('ESPRIG_USAGE', `${name} was not sent: ${likeliest.error}`, {
        hint: REFUSAL_HINTS[likeliest.error],
      });
    }
  }
  const stream = options.events ? await listen(bench, options.log === true) : undefined;
  const answer = await send(bench, name, image, stream);
  out.value({
    status: answer.status,
    slot: answer.slot,
    error: answer.error,
    detail: answer.detail,
    sentBytes: answer.sentBytes,
    totalBytes: answer.totalBytes,
    elapsedMs: Math.round(answer.elapsedMs),
  });
  if (answer.status !== 200) {
    const hint = answer.error === undefined ? undefined : REFUSAL_HINTS[answer.error];
    out.result(`refused: ${refusalText(answer)}${hint === undefined ? '' : `\n  ${hint}`}`);
    setVerdict(1);
    return;
  }
  if (options.follow) await seeRestart(bench, before, answer, image, stream);
}

/** The event stream, if the device lets another client in. */
async function listen(bench: DeviceWork, hasLog: boolean): Promise<EventStream | undefined> {
  const { client, deadline, out } = bench;
  const { stream, refusal } = await client.requestEvents({}, deadline);
  if (stream === undefined) {
    out.line(`no events: ${refusalText(refusal)}; going on without`);
    return undefined;
  }
  if (hasLog) {
    stream.onItem((item) => {
      if (item.kind === 'event' && item.name === client.profile.logEvent) out.line(`  ${item.data}`);
    });
  }
  return stream;
}

async function send(
  { client, deadline, out }: DeviceWork,
  name: string,
  image: Uint8Array,
  stream: EventStream | undefined,
): Promise<UploadAnswer> {
  const bar = out.progress(`uploading ${name}`, image.length);
  const stop = stream?.onItem(() => {
    const last = stream.progress.at(-1);
    if (last === undefined) return;
    // What the device has taken says more than what the systems in between have.
    bar.update(Math.floor((image.length * Math.min(last.progress, RECEIVED_AT)) / RECEIVED_AT));
  });
  try {
    const answer = await client.upload(
      image,
      { onProgress: (sentBytes) => (stream === undefined ? bar.update(sentBytes) : undefined) },
      deadline,
    );
    const seconds = answer.elapsedMs / 1000;
    if (answer.status === 200) {
      const rate = image.length / 1024 / Math.max(seconds, 0.001);
      const where = answer.slot === undefined ? 'installed' : `installed in ${answer.slot}`;
      bar.finish(`${where}: ${image.length} bytes in ${seconds.toFixed(1)} s, ${rate.toFixed(0)} KiB/s`);
    } else bar.finish(`uploading ${name}: ended after ${answer.sentBytes} of ${image.length} bytes`);
    return answer;
  } catch (error) {
    bar.finish(`uploading ${name}: broke off`);
    throw error;
  } finally {
    stop?.();
  }
}

/** Follows the device into its new image. */
async function seeRestart(
  { client, deadline, out, clock }: DeviceWork,
  before: DutStatus | undefined,
  answer: UploadAnswer,
  image: Uint8Array,
  stream: EventStream | undefined,
): Promise<void> {
  const startMs = clock.nowMs();
  const seconds = (): string => `${((clock.nowMs() - startMs) / 1000).toFixed(1)} s`;
  if (before === undefined || answer.slot === undefined) {
    await waitForStreamEnd(stream, deadline);
    await client.waitForHttp(deadline);
    out.result(`answers again after ${seconds()}; this firmware does not say which image runs`);
    out.value({ restarted: true });
    return;
  }
  const { slot } = answer;
  const after = await client.waitForStatus(
    ({ running, uptimeMs }) => running === slot || uptimeMs < before.uptimeMs,
    `a restart into ${slot}`,
    deadline,
  );
  out.value({ restarted: true, running: after.running, version: after.version });
  const wanted = inspectImage(image).descriptor?.version;
  if (after.running !== slot) {
    out.result(`restarted, but into ${after.running} and not ${slot}: the bootloader did not take the image`);
    setVerdict(1);
  } else if (wanted !== undefined && after.version !== wanted) {
    out.result(`runs from ${slot}, but says version ${after.version}; the image has ${wanted}`);
    setVerdict(1);
  } else out.result(`restarted after ${seconds()}: ${after.app} ${after.version} runs from ${slot}`);
}

async function waitForStreamEnd(stream: EventStream | undefined, deadline: Deadline): Promise<void> {
  if (stream !== undefined) await stream.waitForLost(deadline);
}

/** The image of the rig's firmware that is linked for the next slot. */
async function imageOf(rig: RigFile, status: DutStatus | undefined): Promise<NamedImage> {
  if (status === undefined) {
    throw new UsageError(
      'ESPRIG_USAGE',
      'upload: which file? This firmware does not say which slot is next',
      {
        hint: 'Name the .bin for the slot that is not running.',
      },
    );
  }
  const { firmwareFor } = await import('../../rig/rig-firmware');
  const firmware = firmwareFor(rig.description, rig.file, undefined);
  const name = `${firmware.app} ${firmware.version} for ${status.next}`;
  return { name, bytes: firmware.imageFor(status.next) };
}

async function readImage(file: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(file));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new UsageError('ESPRIG_USAGE_FILE', `cannot read ${file}: ${code}`, { cause: error });
  }
}
