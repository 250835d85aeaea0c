import { RealClock } from '../../core/clock';
import { Console } from '../../device/console';
import type { BoardLine } from '../../port/board-line';
import { memoryPort } from '../../port/memory-port';

/** A console that hears the lines that `say` says. */
export async function spokenConsole(): Promise<
  { readonly console: Console; readonly say: (text: string) => void } & Disposable
> {
  let transmit: ((bytes: Uint8Array, baud: number) => void) | undefined;
  const line: BoardLine = {
    receiveFromHost: () => undefined,
    setLines: () => undefined,
    onTransmit: (listener) => {
      transmit = listener;
    },
  };
  const link = memoryPort(line);
  await link.open();
  const console = new Console({ link, clock: new RealClock(), fixedBaud: true });
  return {
    console,
    say: (text) => transmit?.(Buffer.from(`${text}\r\n`), 115_200),
    [Symbol.dispose]: () => console[Symbol.dispose](),
  };
}
