import { closeSync, openSync, writeSync } from 'node:fs';
import { UsageError } from '../core/errors';
import type { TraceSummary } from './board-messages';

const BUFFER_CHARACTERS = 1 << 20;

/**
 * A trace on its way into a file. Written in large pieces and synchronously: a board that is traced faster than the
 * disk takes it waits for the disk.
 */
export class TraceFile {
  private readonly path: string;
  private readonly descriptor: number;
  private pending = '';
  private lines = 0;
  private bytes = 0;
  private isOpen = true;

  /** @throws UsageError ESPRIG_USAGE_FILE */
  constructor(path: string) {
    this.path = path;
    this.descriptor = this.attempt(() => openSync(path, 'w'));
  }

  /** @throws UsageError ESPRIG_USAGE_FILE when the disk is full, for example */
  line(text: string): void {
    this.pending += `${text}\n`;
    this.lines++;
    if (this.pending.length >= BUFFER_CHARACTERS) this.flush();
  }

  flush(): void {
    const piece = Buffer.from(this.pending, 'latin1');
    this.pending = '';
    let at = 0;
    while (this.isOpen && at < piece.length) at += this.attempt(() => writeSync(this.descriptor, piece, at));
    this.bytes += at;
  }

  /** Closes the file. Later lines are lost. */
  finish(): TraceSummary {
    this.flush();
    if (this.isOpen) closeSync(this.descriptor);
    this.isOpen = false;
    return { file: this.path, lines: this.lines, bytes: this.bytes };
  }

  private attempt<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw new UsageError('ESPRIG_USAGE_FILE', `trace ${this.path}: ${(error as Error).message}`, {
        cause: error,
        hint: 'Give --trace a file in a folder that you may write to, with room for it; --trace-last keeps it short.',
      });
    }
  }
}
