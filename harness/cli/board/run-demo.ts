import { RealClock } from '../../core/clock';
import { EsprigError } from '../../core/errors';
import { BoardThread } from '../../host/board-thread';
import { crc32, hex, latin1 } from '../../protocol/bytes';
import type { Output } from '../output';
import { buildDemoImage, DEMO, demoPattern } from './demo-program';

/** Wall time; the program needs a fraction of a second. */
const LIMIT_MS = 30_000;

/**
 * Runs the demo program on an emulated board and checks from outside what it says about itself.
 * @throws EsprigError when the board does not do what it should
 */
export async function runDemo(out: Output): Promise<void> {
  const clock = new RealClock();
  const startedMs = clock.nowMs();
  await using board = BoardThread.start({ pacing: 'fast' });
  const image = buildDemoImage();
  await board.act('program-flash', { offset: 0, bytes: image });
  out.line(
    `A program of ${image.length} bytes is in the flash of an emulated ESP8266; power on. Its console:`,
  );
  out.line('');
  const { text: console_, atNanos } = await consoleUntilEnd(board, clock, (line) => out.line(`  | ${line}`));

  const { flashOffset, sectorBytes, bufferBytes } = DEMO;
  const sector = await board.act('read-flash', { offset: flashOffset, length: sectorBytes });
  const pattern = demoPattern();
  const sum = hexSum(pattern);
  check(console_, console_.includes(`CRC-32 of ${bufferBytes} bytes is ${sum}`), `the CRC-32 is not ${sum}`);
  check(
    console_,
    sector.every((byte, i) => byte === pattern[i]),
    'the flash does not hold what was written',
  );
  check(console_, console_.includes(DEMO.goodEnd), 'the program says that it failed');

  out.line('');
  out.line('What was seen:');
  out.line('  - the boot ROM found the image in the flash, loaded both segments and called the entry;');
  out.line(`  - the program's CRC-32 over ${bufferBytes} bytes, ${sum}, is what this machine computes too;`);
  out.line(
    `  - the flash holds the ${sectorBytes} bytes that the program wrote at ${hex(flashOffset)}, looked at from outside;`,
  );
  out.line(
    `  - all of it took ${(atNanos / 1e6).toFixed(0)} ms of the board's time, ${(clock.nowMs() - startedMs).toFixed(0)} ms of yours.`,
  );
}

/** Collects what the board prints until the program's last word. */
function consoleUntilEnd(
  board: BoardThread,
  clock: RealClock,
  onLine: (line: string) => void,
): Promise<{ readonly text: string; readonly atNanos: number }> {
  return new Promise((resolve, reject) => {
    let text = '';
    let told = 0;
    const tellLines = (): void => {
      for (let end = text.indexOf('\n', told); end >= 0; end = text.indexOf('\n', told)) {
        const line = text.slice(told, end).trim();
        if (line !== '') onLine(line);
        told = end + 1;
      }
    };
    const cancel = clock.after(LIMIT_MS, () =>
      fail(
        new EsprigError('ESPRIG_DEADLINE', `the program did not come to its end within ${LIMIT_MS} ms`, {
          blame: 'harness',
          evidence: [{ title: 'console', lines: text.split('\n') }],
        }),
      ),
    );
    const stop = board.listen({
      serial: (bytes, _baud, atNanos, uart) => {
        if (uart !== 0) return;
        text += latin1(bytes);
        tellLines();
        if (![DEMO.goodEnd, DEMO.badEnd].some((end) => text.includes(`${end}\r\n`))) return;
        cancel();
        stop();
        resolve({ text, atNanos });
      },
      fault: ({ message, dump }) =>
        fail(
          new EsprigError('ESPRIG_INTERNAL', `the board stopped: ${message}`, {
            blame: 'harness',
            evidence: [{ title: 'the board', lines: dump }],
          }),
        ),
      gone: (error) => fail(error),
    });
    const fail = (error: Error): void => {
      cancel();
      stop();
      reject(error);
    };
    board.act('power-on').catch(fail);
  });
}

function check(console_: string, isGood: boolean, what: string): void {
  if (isGood) return;
  throw new EsprigError('ESPRIG_INTERNAL', `the emulated board is broken: ${what}`, {
    blame: 'harness',
    evidence: [{ title: 'console', lines: console_.split('\n') }],
  });
}

function hexSum(bytes: Uint8Array): string {
  return crc32(bytes).toString(16).padStart(8, '0');
}
