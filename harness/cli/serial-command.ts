import type { RealClock } from '../core/clock';
import type { Deadline } from '../core/deadline';
import type { EsprigEvent, EventBus } from '../core/events';
import type { FlashProgress } from '../device/flash-types';
import { connectFlasher, type Flasher } from '../device/flasher';
import { openPort } from '../port/open-port';
import type { SerialLink } from '../port/port';
import { backToApp, HalfDone, type ChipState } from './loader-exit';
import type { Output, Progress } from './output';
import { withLease } from './rig-option';
import type { LoaderOptions, SerialOptions, SerialTarget } from './serial-target';
import { openFrame } from './work-frame';

/** What a command over a serial line works with; all of it is closed when the command is over. */
export interface SerialWork {
  readonly out: Output;
  readonly link: SerialLink;
  readonly deadline: Deadline;
  readonly bus: EventBus;
  readonly clock: RealClock;
  readonly target: SerialTarget;
}

/** Takes the rig, if it is one, opens the port and does the work; Ctrl-C ends it in order. */
export async function withSerialWork(
  target: SerialTarget,
  options: SerialOptions,
  work: (bench: SerialWork) => Promise<void>,
): Promise<void> {
  using frame = openFrame(options);
  const { out, clock, bus } = frame;
  const { command, port, baud, rig } = target;
  bus.on((event) => tell(out, event));
  const atPort = async (): Promise<void> => {
    using deadline = frame.deadline(command, options.timeout * 1000);
    const link = await openPort(port, baud === undefined ? {} : { baud });
    try {
      await work({ out, link, deadline, bus, clock, target });
    } finally {
      await link.close();
    }
  };
  await (rig === undefined ? atPort() : withLease(command, rig, options, frame, atPort));
}

export interface LoaderWork extends SerialWork {
  readonly flasher: Flasher;
  /** The work at the flash is done: back into the app, unless `--stay` was asked for. */
  readonly leave: () => Promise<void>;
}

/**
 * As `withSerialWork`, with the loader connected to the board that was meant. Work that breaks off gives the board back
 * to its app, too.
 */
export async function withFlasher(
  target: SerialTarget,
  options: LoaderOptions,
  work: (bench: LoaderWork) => Promise<void>,
): Promise<void> {
  const { baud, flashBaud, expectMac } = target;
  await withSerialWork(target, options, async (bench) => {
    const { link, bus, clock, deadline } = bench;
    const halfDone = new HalfDone();
    const showProgress = progressOn(bench.out);
    bus.on(() => halfDone.partDone(), { name: 'flash-part' });
    let chip: ChipState = 'unknown';
    try {
      using flasher = await connectFlasher(
        {
          link,
          bus,
          board: target.recipes,
          stub: options.stub ? 'auto' : 'never',
          onProgress: (progress) => {
            halfDone.progress(progress);
            showProgress(progress);
          },
          ...(baud === undefined ? {} : { baud }),
          ...(flashBaud === undefined ? {} : { flashBaud }),
          ...(expectMac === undefined ? {} : { expectMac }),
        },
        deadline,
      );
      chip = options.stay === true ? 'may stay' : 'in loader';
      const leave = async (): Promise<void> => {
        if (options.stay === true) return;
        await flasher.leave(deadline);
        chip = 'in app';
      };
      await work({ ...bench, flasher, leave });
    } catch (error) {
      // Another board than the one that was meant has been found out by its loader.
      if ((error as { code?: unknown }).code === 'ESPRIG_RIG_WRONG_BOARD') chip = 'in loader';
      throw await backToApp(error, { link, target, bus, clock, chip, halfDone: halfDone.words });
    }
  });
}

/** The rig's name, where a value for scripts should carry it. */
export function rigValue({ rig }: SerialTarget): { readonly rig?: string } {
  return rig === undefined ? {} : { rig: rig.description.name };
}

/** What a person should hear of while it goes on: whatever was tried again, and why. */
function tell(out: Output, event: EsprigEvent): void {
  const { data } = event;
  const text = (key: string): string => String(data[key]);
  switch (event.name) {
    case 'flash-retry':
      out.line(`trouble on the line (${text('error')}); connecting again, attempt ${text('attempt')}`);
      break;
    case 'stub-failed':
      out.line(`the stub does not start (${text('error')}); going on with the boot ROM alone`);
      break;
    case 'verify-failed':
      out.line(`${text('name')}: verification failed, writing all of it again`);
      break;
    default:
      break;
  }
}

const PHASE_WORDS: Readonly<Record<FlashProgress['phase'], string>> = {
  compare: 'comparing',
  write: 'writing',
  verify: 'verifying',
  read: 'reading',
  erase: 'erasing',
};

/** Bars for writing and reading; the other phases are short or tell nothing while they last. */
function progressOn(out: Output): (progress: FlashProgress) => void {
  let current: { readonly key: string; readonly bar: Progress } | undefined;
  return ({ phase, name, doneBytes, totalBytes }) => {
    const key = `${phase} ${name}`;
    if (current !== undefined && current.key !== key) {
      current.bar.finish();
      current = undefined;
    }
    if (phase !== 'write' && phase !== 'read') return;
    current ??= { key, bar: out.progress(`${PHASE_WORDS[phase]} ${name}`, totalBytes) };
    current.bar.update(doneBytes);
    if (doneBytes >= totalBytes) {
      current.bar.finish();
      current = undefined;
    }
  };
}

/** `5c:cf:7f:01:23:45, ESP8266EX, W25Q32 of 4 MiB`. */
export function describeBoard(flasher: Flasher): string {
  const { chip, mac, flashId, flashName, flashSizeBytes } = flasher.identity;
  const size =
    flashSizeBytes >= 0x100000 ? `${flashSizeBytes / 0x100000} MiB` : `${flashSizeBytes / 1024} KiB`;
  return `${mac}, ${chip}, flash ${flashName ?? `0x${flashId.toString(16)}`} of ${size}`;
}
