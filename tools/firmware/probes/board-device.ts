import { createHash } from 'node:crypto';
import { bootTargetsOf, chooseBootSlot, parseOtaData } from '../../../harness/protocol/otadata';
import { layoutByName, partitionOf } from '../../../harness/protocol/layouts';
import { otaSlots } from '../../../harness/protocol/partition-table';
import { DEFAULT_LIMITS, type ProbeDevice, type ProbeLimits } from './device';

/** What a probe needs of an emulated board; `AppBoard` of tools/runtime has it. */
export interface ProbedBoard {
  /** Reads its flash, from outside of the device. */
  readonly readFlash: (offset: number, lengthBytes: number) => Promise<Uint8Array>;
  /** A port of this machine that leads to the device's server. */
  readonly tcpPort: number;
  /** The console so far, without colours. */
  readonly console: () => string;
  /** Slot by label → an image that runs there. */
  readonly images: Readonly<Record<string, Uint8Array>>;
}

/** Emulated time is not this machine's, and a bridge lies between: patient, and with fewer cuts. */
export const BOARD_LIMITS: ProbeLimits = {
  ...DEFAULT_LIMITS,
  answerMs: 30_000,
  bootMs: 30_000,
  cutStride: 16,
  gapMs: 40,
};

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** An emulated board as a device for probes: slots and boot slot are read from its flash. */
export function boardDevice(
  board: ProbedBoard,
  layout: string,
  limits: Partial<ProbeLimits> = {},
  token?: string,
): ProbeDevice {
  const { partitions } = layoutByName(layout);
  const targets = bootTargetsOf(partitions);
  const slotOf = (label: string) => partitionOf(layoutByName(layout), label);
  return {
    host: '127.0.0.1',
    tcpPort: board.tcpPort,
    ...(token !== undefined && { token }),
    layout,
    limits: { ...BOARD_LIMITS, ...limits },
    readSlots: async () => {
      const { offset, sizeBytes } = slotOf('otadata');
      const choice = chooseBootSlot(parseOtaData(await board.readFlash(offset, sizeBytes)), targets);
      const digests: Record<string, string> = {};
      for (const slot of otaSlots(partitions)) {
        digests[slot.label] = sha256(await board.readFlash(slot.offset, slot.sizeBytes));
      }
      return { boot: otaSlots(partitions)[choice.index]?.label ?? 'none', sha256: digests };
    },
    slotSha256: async (label, lengthBytes) =>
      sha256(await board.readFlash(slotOf(label).offset, lengthBytes)),
    goodImage: ({ label }) => board.images[label]!,
    // The last piece is a line that has not come to its end.
    consoleLines: () => board.console().split('\n').slice(0, -1),
  };
}
