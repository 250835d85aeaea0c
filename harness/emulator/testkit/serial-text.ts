import type { Board } from '../board';
import { microsToTicks } from '../time';

/** One byte as it left the board. */
export interface SentByte {
  readonly byte: number;
  readonly baud: number;
  /** End of its stop bit. */
  readonly atTicks: number;
}

/** Everything that UART0 of a board says, with the times; takes the board's `onTransmit` for itself. */
export class SerialText {
  readonly sent: SentByte[] = [];
  private readonly board: Board;
  private said = '';
  private awaited: string | undefined;
  private awaitedBytes = Infinity;

  constructor(board: Board) {
    this.board = board;
    board.onTransmit = (uart, byte, baud, atTicks) => {
      if (uart === 0) this.take({ byte, baud, atTicks });
    };
  }

  /** One character a byte, nothing translated. */
  get text(): string {
    return this.said;
  }

  get bytes(): readonly number[] {
    return this.sent.map(({ byte }) => byte);
  }

  clear(): void {
    this.said = '';
    this.sent.length = 0;
  }

  /** Runs the board until `text` has been said since the last `clear`, and answers all that was said. */
  waitFor(text: string, forMicros = 2_000_000): string {
    if (this.said.includes(text)) return this.said;
    this.awaited = text;
    this.run(forMicros, () => this.said.includes(text), JSON.stringify(text));
    return this.said;
  }

  /** Runs the board until `count` bytes have been said since the last `clear`, and answers them. */
  waitForBytes(count: number, forMicros = 2_000_000): readonly number[] {
    this.awaitedBytes = count;
    this.run(forMicros, () => this.sent.length >= count, `${count} bytes`);
    return this.bytes;
  }

  private run(forMicros: number, isDone: () => boolean, what: string): void {
    const untilTicks = this.board.nowTicks + microsToTicks(forMicros);
    while (!isDone() && this.board.runUntil(untilTicks) === 'stopped');
    this.awaited = undefined;
    this.awaitedBytes = Infinity;
    if (!isDone()) {
      throw new Error(`waited ${forMicros} µs for ${what}; the board said ${JSON.stringify(this.said)}`);
    }
  }

  private take(sent: SentByte): void {
    this.sent.push(sent);
    this.said += String.fromCharCode(sent.byte);
    if (this.awaited !== undefined && this.said.endsWith(this.awaited)) this.board.stop();
    if (this.sent.length >= this.awaitedBytes) this.board.stop();
  }
}
