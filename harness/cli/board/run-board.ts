import { writeFileSync } from 'node:fs';
import { RealClock, type Clock } from '../../core/clock';
import { isErrorCode } from '../../core/error-codes';
import { EsprigError, RigError } from '../../core/errors';
import type { BoardConfig } from '../../emulator/board-config';
import type { BoardAirOptions } from '../../host/air';
import type { BoardDebugOptions, BoardFault, BoardStatus, Pacing } from '../../host/board-messages';
import { BoardThread } from '../../host/board-thread';
import { startGdbServer, type GdbServer } from '../../host/gdb-tcp-server';
import { startRfc2217Server, type Rfc2217Server } from '../../host/rfc2217-server';
import { setVerdict } from '../esprig';
import type { Output } from '../output';
import type { BoardFlags, FlashContent } from './board-options';
import { maskedBytes } from '../secrets';
import { cannotWrite, mustBeWritable } from '../writable';
import { profileTable, profileValue } from './profile-table';

export interface BoardPlan {
  readonly config: Partial<BoardConfig>;
  readonly pacing: Pacing;
  readonly contents: readonly FlashContent[];
  readonly debug: BoardDebugOptions;
  readonly air: BoardAirOptions | undefined;
}

type End =
  | { readonly why: 'until' | 'timeout' | 'interrupted' | 'killed' }
  | { readonly why: 'fault'; readonly fault: BoardFault };

/** Console text that `--until` looks back into. */
const LOOK_BACK_CHARACTERS = 4096;

/** Runs one board until its text comes, its time is up, it stops at a fault, or Ctrl-C. */
export async function runBoard(plan: BoardPlan, flags: BoardFlags, out: Output): Promise<void> {
  const { config, pacing, debug, air } = plan;
  if (flags.saveFlash !== undefined) mustBeWritable('--save-flash', flags.saveFlash);
  await using board = BoardThread.start({ config, pacing, debug, ...(air === undefined ? {} : { air }) });
  for (const { offset, bytes } of plan.contents) await board.act('program-flash', { offset, bytes });
  if (flags.download) await board.act('set-pin', { pin: 0, level: false });

  await using serial = flags.serial === undefined ? undefined : await startSerial(board, flags.serial);
  await using gdb = flags.gdb === undefined ? undefined : await startGdbServer(board, flags.gdb);
  // Once it answers, it is ready; a trace that cannot be written has been told by then.
  await board.act('status');
  const ready = (forwards: readonly AnsweringForward[]): void => announce(plan, serial, gdb, forwards, out);
  if (air?.forwards?.length) whenForwardsAnswer(board, air.forwards.length, ready);
  else ready([]);
  // A person who watches the console counts as attached: an idle board must not race through the years.
  if (flags.until === undefined) board.attach(1);

  const clock = new RealClock();
  const startedMs = clock.nowMs();
  const end = await ended(board, clock, flags, out);
  const wallMs = clock.nowMs() - startedMs;
  const status = await board.act('status');
  await tellWhatWasWatched(board, status, out);
  if (flags.saveFlash !== undefined) await saveFlash(board, flags.saveFlash);
  tell(end, status, wallMs, flags, out);
}

async function startSerial(board: BoardThread, port: number): Promise<Rfc2217Server> {
  try {
    return await startRfc2217Server(board.line, { port });
  } catch (error) {
    throw new RigError('ESPRIG_PORT_BUSY', `--serial ${port}: ${(error as Error).message}`, {
      cause: error,
      hint: 'Another program listens there; 0 takes any free port.',
    });
  }
}

interface AnsweringForward {
  /** Address and port here. */
  readonly host: string;
  readonly devicePort: number;
}

/** Calls back once, when the device has answered at the port of every forward. */
function whenForwardsAnswer(
  board: BoardThread,
  count: number,
  onReady: (forwards: readonly AnsweringForward[]) => void,
): void {
  const answering: AnsweringForward[] = [];
  const stop = board.listen({
    air: (event) => {
      if (event.what !== 'answers') return;
      answering.push({ host: `127.0.0.1:${event.hostPort}`, devicePort: event.devicePort });
      if (answering.length < count) return;
      stop();
      onReady(answering);
    },
  });
}

function announce(
  plan: BoardPlan,
  serial: Rfc2217Server | undefined,
  gdb: GdbServer | undefined,
  forwards: readonly AnsweringForward[],
  out: Output,
): void {
  const files = plan.contents.map(({ offset, file, bytes }) => ({ offset, file, bytes: bytes.length }));
  out.value({
    event: 'ready',
    serial: serial?.url ?? null,
    gdb: gdb === undefined ? null : `127.0.0.1:${gdb.port}`,
    forwards,
    flash: files,
  });
  if (out.json) return;
  if (serial) out.result(`esprig: serial line at ${serial.url}`);
  if (gdb) out.result(`esprig: waiting for a debugger; in GDB: ${gdb.command}`);
  for (const { host, devicePort } of forwards)
    out.result(`esprig: ${host} leads to port ${devicePort} of the device`);
  if (files.length === 0) out.result('esprig: the flash is empty; the boot ROM will find no image');
}

/** Powers the board and waits for the first thing that ends the run. */
function ended(board: BoardThread, clock: Clock, flags: BoardFlags, out: Output): Promise<End> {
  return new Promise<End>((resolve, reject) => {
    let seen = '';
    const shown = maskedBytes((bytes) => void process.stdout.write(bytes));
    const decoders = [0, 1].map(() => new TextDecoder('utf-8', { fatal: false }));
    const cleanUp = (): void => {
      process.off('SIGINT', interrupted);
      process.off('SIGTERM', interrupted);
      cancelTimeout();
      stopListening();
      shown.end();
    };
    const finish = (end: End): void => {
      cleanUp();
      resolve(end);
    };
    const fail = (error: unknown): void => {
      cleanUp();
      reject(error instanceof Error ? error : new Error(String(error)));
    };
    const interrupted = (): void => finish({ why: 'interrupted' });
    const stopListening = board.listen({
      serial: (bytes, baud, atNanos, uart) => {
        const text = decoders[uart]!.decode(bytes, { stream: true });
        if (out.json) out.value({ event: 'serial', uart, baud, atMs: atNanos / 1e6, text });
        else if (uart === 0) shown.feed(bytes);
        if (flags.until === undefined || uart !== 0) return;
        seen += text;
        if (seen.includes(flags.until)) finish({ why: 'until' });
        seen = seen.slice(-Math.max(LOOK_BACK_CHARACTERS, flags.until.length));
      },
      reset: (kind, atNanos) => out.value({ event: 'reset', kind, atMs: atNanos / 1e6 }),
      fault: (fault) => finish({ why: 'fault', fault }),
      debuggerLeft: (how) => {
        if (how === 'kill') finish({ why: 'killed' });
      },
      gone: fail,
    });
    const cancelTimeout =
      flags.timeout === undefined
        ? () => undefined
        : clock.after(flags.timeout * 1000, () => finish({ why: 'timeout' }));
    process.on('SIGINT', interrupted);
    process.on('SIGTERM', interrupted);
    board.act('power-on').catch(fail);
  });
}

/** Where the cycles went, and where the trace is. */
async function tellWhatWasWatched(board: BoardThread, status: BoardStatus, out: Output): Promise<void> {
  const profile = await board.act('profile');
  if (profile) {
    out.value({ event: 'profile', ...profileValue(profile) });
    if (!out.json) for (const line of profileTable(profile, status.cycles)) out.result(line);
  }
  const trace = await board.act('finish-trace');
  if (trace?.file === undefined) return;
  out.value({ event: 'trace', ...trace });
  if (!out.json) out.line(`\nesprig: trace of ${trace.lines} lines in ${trace.file}`);
}

/** What the run came to; sets the exit code. */
function tell(end: End, status: BoardStatus, wallMs: number, flags: BoardFlags, out: Output): void {
  const virtualMs = status.atNanos / 1e6;
  const { cycles, unmappedAccesses } = status;
  const fault = end.why === 'fault' ? { fault: end.fault } : {};
  out.value({ event: 'end', why: end.why, virtualMs, cycles, wallMs, unmappedAccesses, ...fault });
  if (end.why === 'fault') throw faultError(end.fault);
  if (!out.json) {
    const how = {
      until: `"${flags.until ?? ''}" was seen`,
      timeout: 'time is up',
      interrupted: 'switched off',
      killed: 'ended by the debugger',
    }[end.why];
    out.line(
      `\nesprig: ${how} after ${virtualMs.toFixed(1)} ms of the board's time (${wallMs.toFixed(0)} ms here)`,
    );
    if (unmappedAccesses > 0)
      out.line(`esprig: ${unmappedAccesses} accesses had nothing behind their address`);
  }
  if (end.why !== 'until' && flags.until !== undefined) setVerdict(1);
}

function faultError({ code, message, dump, lastSteps }: BoardFault): EsprigError {
  const steps = lastSteps.length === 0 ? [] : [{ title: 'last steps', lines: lastSteps }];
  return new EsprigError(isErrorCode(code) ? code : 'ESPRIG_INTERNAL', message, {
    blame: 'harness',
    evidence: [{ title: 'the board', lines: dump }, ...steps],
    hint:
      code === 'ESPRIG_EMU_UNMAPPED'
        ? '--lenient lets unmapped accesses read zero and counts them; --trace-last 50 shows what led here.'
        : 'The guest did what the emulator does not guess about; --trace-last 50 shows what led here.',
  });
}

async function saveFlash(board: BoardThread, file: string): Promise<void> {
  const content = await board.act('read-flash', { offset: 0, length: Infinity });
  try {
    writeFileSync(file, content);
  } catch (error) {
    throw cannotWrite('--save-flash', file, error);
  }
}
