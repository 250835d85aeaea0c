import { writeFileSync } from 'node:fs';
import { EsprigError, UsageError } from '../../core/errors';
import { BoardThread } from '../../host/board-thread';
import { startRfc2217Server, type Rfc2217Server } from '../../host/rfc2217-server';
import type { BoardConfig } from '../../emulator/board-config';
import type { BoardFault, Pacing } from '../../host/board-messages';
import { setVerdict } from '../esprig';
import type { Output } from '../output';
import type { BoardFlags, FlashContent } from './board-options';

export interface BoardPlan {
  readonly config: Partial<BoardConfig>;
  readonly pacing: Pacing;
  readonly contents: readonly FlashContent[];
}

type End =
  | { readonly why: 'until' | 'timeout' | 'interrupted' }
  | { readonly why: 'fault'; readonly fault: BoardFault };

/** Console text that `--until` looks back into. */
const LOOK_BACK_CHARACTERS = 4096;

/** Runs one board until its text comes, its time is up, it stops at a fault, or Ctrl-C. */
export async function runBoard(plan: BoardPlan, flags: BoardFlags, out: Output): Promise<void> {
  await using board = BoardThread.start({ config: plan.config, pacing: plan.pacing });
  for (const { offset, bytes } of plan.contents) await board.act('program-flash', { offset, bytes });
  if (flags.download) await board.act('set-pin', { pin: 0, level: false });

  const server = flags.serial === undefined ? undefined : await startSerial(board, flags.serial);
  announce(plan, server, out);
  // A person who watches the console counts as attached: an idle board must not race through the years.
  if (flags.until === undefined) board.attach(1);
  try {
    const startedMs = performance.now();
    const end = await ended(board, flags, out);
    const status = await board.act('status');
    if (flags.saveFlash !== undefined) await saveFlash(board, flags.saveFlash);
    tell(end, { ...status, wallMs: performance.now() - startedMs }, flags, out);
  } finally {
    await server?.close();
  }
}

async function startSerial(board: BoardThread, port: string): Promise<Rfc2217Server> {
  const number = Number(port);
  if (!Number.isInteger(number) || number < 0 || number > 65535) {
    throw new UsageError('ESPRIG_USAGE', `--serial ${port}: not a TCP port`, {
      hint: 'Use 0 for any free one.',
    });
  }
  return startRfc2217Server(board.line, { port: number });
}

function announce(plan: BoardPlan, server: Rfc2217Server | undefined, out: Output): void {
  const files = plan.contents.map(({ offset, file, bytes }) => ({ offset, file, bytes: bytes.length }));
  if (out.json) {
    out.value({ event: 'ready', serial: server?.url ?? null, forwards: [], flash: files });
    return;
  }
  if (server) out.line(`esprig: serial line at ${server.url}`);
  if (files.length === 0) out.line('esprig: the flash is empty; the boot ROM will find no image');
}

/** Powers the board and waits for the first thing that ends the run. */
function ended(board: BoardThread, flags: BoardFlags, out: Output): Promise<End> {
  return new Promise<End>((resolve, reject) => {
    let seen = '';
    const console_ = new TextDecoder('utf-8', { fatal: false });
    const finish = (end: End): void => {
      process.off('SIGINT', interrupted);
      process.off('SIGTERM', interrupted);
      clearTimeout(timer);
      stop();
      resolve(end);
    };
    const interrupted = (): void => finish({ why: 'interrupted' });
    const stop = board.listen({
      serial: (bytes, baud, atNanos, uart) => {
        const text = console_.decode(bytes, { stream: true });
        if (out.json) out.value({ event: 'serial', uart, baud, atMs: atNanos / 1e6, text });
        else if (uart === 0) process.stdout.write(bytes);
        if (flags.until === undefined || uart !== 0) return;
        seen += text;
        if (seen.includes(flags.until)) finish({ why: 'until' });
        seen = seen.slice(-Math.max(LOOK_BACK_CHARACTERS, flags.until.length));
      },
      reset: (kind, atNanos) => out.value({ event: 'reset', kind, atMs: atNanos / 1e6 }),
      fault: (fault) => finish({ why: 'fault', fault }),
    });
    const timer = setTimeout(() => finish({ why: 'timeout' }), (flags.timeout ?? 0x7fffffff / 1000) * 1000);
    process.on('SIGINT', interrupted);
    process.on('SIGTERM', interrupted);
    board.act('power-on').catch((error: unknown) => {
      finish({ why: 'interrupted' });
      reject(error instanceof Error ? error : new Error(String(error)));
    });
  });
}

interface RunFigures {
  readonly atNanos: number;
  readonly cycles: number;
  readonly wallMs: number;
}

/** What the run came to; sets the exit code. */
function tell(end: End, figures: RunFigures, flags: BoardFlags, out: Output): void {
  const virtualMs = figures.atNanos / 1e6;
  out.value({ event: 'end', why: end.why, virtualMs, cycles: figures.cycles, wallMs: figures.wallMs });
  if (end.why === 'fault') {
    throw new EsprigError(end.fault.code as EsprigError['code'], end.fault.message, {
      blame: 'harness',
      evidence: [{ title: 'registers', lines: end.fault.dump }],
      hint: 'The guest did something that the emulator does not guess about; --lenient counts unmapped accesses instead.',
    });
  }
  if (!out.json) {
    const how = {
      until: `"${flags.until ?? ''}" was seen`,
      timeout: 'time is up',
      interrupted: 'switched off',
    }[end.why];
    out.line(
      `\nesprig: ${how} after ${virtualMs.toFixed(1)} ms of the board's time (${figures.wallMs.toFixed(0)} ms here)`,
    );
  }
  if (end.why === 'timeout' && flags.until !== undefined) setVerdict(1);
}

async function saveFlash(board: BoardThread, file: string): Promise<void> {
  const content = await board.act('read-flash', { offset: 0, length: Infinity });
  try {
    writeFileSync(file, content);
  } catch (error) {
    throw new UsageError('ESPRIG_USAGE_FILE', `${file}: cannot be written: ${(error as Error).message}`);
  }
}
