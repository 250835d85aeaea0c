import { closeSync, openSync, writeSync } from 'node:fs';
import { capturePcap, type Medium } from '../../emulator/air';

/** Everything on the air as a capture file, written piece by piece so that it can be read while the board runs. */
export class PcapFile {
  private readonly fd: number;
  private readonly stop: () => void;
  private pending: Uint8Array[] = [];

  /** @throws the system's error when the file cannot be written */
  constructor(file: string, medium: Medium) {
    this.fd = openSync(file, 'w');
    const sniffer = capturePcap(medium, (bytes) => void this.pending.push(bytes));
    this.stop = () => sniffer.stop();
  }

  flush(): void {
    if (this.pending.length === 0) return;
    writeSync(this.fd, Buffer.concat(this.pending));
    this.pending = [];
  }

  close(): void {
    this.stop();
    this.flush();
    closeSync(this.fd);
  }
}
