import { FLASH_COMMAND } from './flash-commands';
import { buildSfdp } from './flash-sfdp';
import type { FlashTiming } from './flash-timing';

const C = FLASH_COMMAND;

/** A number of the emulated part; real ones are burnt in at the factory. */
const UNIQUE_ID = [0xd1, 0x66, 0x20, 0x8a, 0x5b, 0x3c, 0x41, 0x2f];

/** What a chip says about itself. */
export class FlashIdentity {
  /** 0xCCTTMM */
  readonly jedecId: number;
  private readonly sfdp: Uint8Array;
  private readonly uniqueId: Uint8Array;

  constructor(
    jedecId: number,
    sizeBytes: number,
    timing: FlashTiming,
    uniqueId: readonly number[] = UNIQUE_ID,
  ) {
    this.jedecId = jedecId;
    this.sfdp = buildSfdp(sizeBytes, timing);
    this.uniqueId = Uint8Array.from(uniqueId);
  }

  answers(opcode: number): boolean {
    return (
      opcode === C.RDID || opcode === C.RDSFDP || opcode === C.RUID || opcode === C.REMS || opcode === C.RES
    );
  }

  /** Byte `index` of the answer to one of these commands. */
  answerByte(opcode: number, addr: number, index: number): number {
    switch (opcode) {
      case C.RDID:
        return (this.jedecId >> (8 * (index % 3))) & 0xff;
      case C.RDSFDP:
        return this.sfdp[(addr + index) & 0xff]!;
      case C.RUID:
        return this.uniqueId[index % this.uniqueId.length]!;
      case C.REMS:
        return ((addr + index) & 1) === 0 ? this.jedecId & 0xff : this.deviceId;
      default:
        return this.deviceId;
    }
  }

  /** The one-byte id of old: one less than the capacity byte of the JEDEC id. */
  private get deviceId(): number {
    return ((this.jedecId >> 16) - 1) & 0xff;
  }
}
