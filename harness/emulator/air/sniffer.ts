import type { CapturedFrame, Medium } from './medium';
import type { PcapOptions } from './pcap';
import { encodePcapHeader, encodePcapRecord } from './pcap';

/** A peer that only listens. It hears what was sent, also what its receivers lost. */
export class Sniffer {
  private readonly detach: () => void;

  constructor(medium: Medium, onFrame: (captured: CapturedFrame) => void) {
    this.detach = medium.monitor(onFrame);
  }

  stop(): void {
    this.detach();
  }
}

/** Writes a capture file piece by piece: its header now, then every frame as it is sent. */
export function capturePcap(
  medium: Medium,
  write: (bytes: Uint8Array) => void,
  options?: PcapOptions,
): Sniffer {
  write(encodePcapHeader());
  return new Sniffer(medium, (captured) => write(encodePcapRecord(captured, options)));
}
