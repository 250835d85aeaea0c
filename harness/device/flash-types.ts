import type { EventBus } from '../core/events';
import type { SerialLink } from '../port/port';
import type { LoaderKind, LoaderLimits } from './loader-session';
import type { BoardRecipeName, BoardRecipes } from './reset-recipes';

export interface FlasherOptions {
  readonly link: SerialLink;
  /** How the board's reset is wired; default `nodemcu`. */
  readonly board?: BoardRecipeName | BoardRecipes;
  /** `auto`: the stub, and the ROM alone if the stub does not start. Default `auto`. */
  readonly stub?: 'auto' | 'always' | 'never';
  /** Rate of the first contact; the ROM finds it out by itself. Default 115200. */
  readonly baud?: number;
  /** Rate to work at once the stub runs; stepped down when the line makes errors. Default 460800. */
  readonly flashBaud?: number;
  /** Stop unless the chip has this MAC. */
  readonly expectMac?: string;
  readonly bus?: EventBus | undefined;
  readonly onProgress?: (progress: FlashProgress) => void;
  /** Times in a row that the connection is made anew after errors on the line without getting on. Default 5. */
  readonly recoveries?: number;
  /** Resets tried before a board counts as not answering. */
  readonly connectAttempts?: number;
  readonly limits?: Partial<LoaderLimits>;
}

export interface FlashProgress {
  readonly phase: 'compare' | 'write' | 'verify' | 'read' | 'erase';
  /** File name, or what is read or erased. */
  readonly name: string;
  readonly doneBytes: number;
  readonly totalBytes: number;
}

export interface WriteOptions {
  /** Write all even if the flash holds it already. */
  readonly rewrite?: boolean;
  /** Erase the whole chip first. */
  readonly eraseAll?: boolean;
  /** Write files that are no sound images. */
  readonly force?: boolean;
}

export interface WrittenPart {
  readonly name: string;
  readonly offset: number;
  readonly sizeBytes: number;
  /** `skipped`: the flash held it already. `sectors`: only what differed was written. */
  readonly action: 'skipped' | 'sectors' | 'written';
  readonly writtenBytes: number;
  readonly sectorsWritten: number;
  /** Bytes of data that went over the line, after compression. */
  readonly sentBytes: number;
  /** `md5`: of the whole part, by the stub. `rom-readback`: the ROM compared each block's checksum, and both ends were looked at. */
  readonly verifiedBy: 'md5' | 'rom-readback';
  /** The first verification failed and all was written again. */
  readonly rewritten: boolean;
}

export interface FlashResult {
  readonly parts: readonly WrittenPart[];
  readonly loader: LoaderKind;
  readonly baud: number;
  readonly elapsedMs: number;
  /** Times the connection had to be made anew. */
  readonly recoveries: number;
}
