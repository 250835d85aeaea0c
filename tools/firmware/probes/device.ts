import type { Slot } from '../../../harness/protocol/slots';

/** What a probe is given: an address, a way to look into the flash, and what else this device can be asked for. */
export interface ProbeDevice {
  readonly host: string;
  readonly tcpPort: number;
  readonly token?: string;
  /** Layout by name (harness/protocol/layouts). */
  readonly layout: string;
  readonly limits: ProbeLimits;
  /** What boots, and digests of both slots: from the flash itself, not from the device's own words. */
  readSlots(): Promise<SlotReading>;
  /** SHA-256 of the first bytes of a slot, in hex: from the flash itself. */
  slotSha256(label: string, lengthBytes: number): Promise<string>;
  /** A good image for the slot that is next; one that runs, where a device really starts it. */
  goodImage(slot: Slot): Uint8Array | Promise<Uint8Array>;
  /** All console lines so far, as the serial line has them. */
  readonly consoleLines?: () => readonly string[];
  /** The firmware prints this line. */
  readonly print?: (line: string) => Promise<void>;
  /** The firmware prints `count` lines `line 0`, `line 1`, … in one go. */
  readonly printMany?: (count: number) => Promise<void>;
  /** From now on the n-th operation of that kind on the flash goes wrong. */
  readonly failFlash?: (kind: FlashFailure, operation: number) => Promise<void>;
}

export type FlashFailure =
  'erase-fails' | 'write-fails' | 'read-fails' | 'write-lost' | 'boot-fails' | 'keep-fails';

export interface ProbeLimits {
  /** Until an answer to a short request is there, or the rest of an upload's. */
  readonly answerMs: number;
  /** Between the answer 200 and the next answer of the device, beyond the 2 s of the contract. */
  readonly bootMs: number;
  /** CONFIG_SSE_OTA_STALL_MS and its kin, as the firmware was built. */
  readonly stallMs: number;
  readonly keepAliveMs: number;
  readonly logLineBytes: number;
  readonly maxClients: number;
  /** Every how many bytes a request is cut: 1 = at each; more for devices that are slow. */
  readonly cutStride: number;
  /** Between two pieces that are to arrive apart. */
  readonly gapMs: number;
}

/** Of a device in its default settings, on a link without delay. */
export const DEFAULT_LIMITS: ProbeLimits = {
  answerMs: 8_000,
  bootMs: 0,
  stallMs: 10_000,
  keepAliveMs: 15_000,
  logLineBytes: 200,
  maxClients: 3,
  cutStride: 1,
  gapMs: 2,
};

export interface SlotReading {
  /** Label of the slot that boots next. */
  readonly boot: string;
  /** Label → SHA-256 of the whole slot. */
  readonly sha256: Readonly<Record<string, string>>;
  /** Sectors erased so far, where somebody counts. */
  readonly erases?: number;
}

/** What a device must be able to do for a probe; see ProbeDevice. */
export type ProbeNeed = 'consoleLines' | 'print' | 'printMany' | 'failFlash' | 'token';

export interface Probe {
  readonly name: string;
  /** What holds when it passes. */
  readonly about: string;
  readonly needs: readonly ProbeNeed[];
  /** It ends with another image running: the device restarted. */
  readonly isInstalling: boolean;
  /** @throws ProbeFailure when the device breaks its contract */
  readonly run: (device: ProbeDevice) => Promise<void>;
}

/** The device broke its contract; everything else that a probe throws is a mistake of the probe or the rig. */
export class ProbeFailure extends Error {
  override readonly name = 'ProbeFailure';
}

/** @throws ProbeFailure unless it holds */
export function check(holds: boolean, what: string): void {
  if (!holds) throw new ProbeFailure(what);
}

/** @throws ProbeFailure when what was seen is not what the contract says */
export function same(what: string, seen: unknown, wanted: unknown): void {
  const [is, should] = [JSON.stringify(seen), JSON.stringify(wanted)];
  check(is === should, `${what}: ${is}, not ${should}`);
}

/** What the device lacks for this probe. */
export function missingFor(probe: Probe, device: ProbeDevice): readonly ProbeNeed[] {
  return probe.needs.filter((need) => device[need] === undefined);
}
