import { FLASH_WINDOW_BASE } from '../../chip/esp8266';
import type { FlashCache } from '../memory/flash-cache';
import type { CodeTable } from './code-table';

/** Keeps the code that was decoded from the flash window true to what the window shows. */
export class FlashWindowCode {
  private readonly codeTable: CodeTable;
  private readonly cache: FlashCache;
  private readonly flashSizeBytes: number;
  private windowBase = -1;
  private windowSize = -1;

  constructor(codeTable: CodeTable, cache: FlashCache, flashSizeBytes: number) {
    this.codeTable = codeTable;
    this.cache = cache;
    this.flashSizeBytes = flashSizeBytes;
  }

  /** The cache went on or off, or shows another part of the flash. */
  mappingChanged(): void {
    const { cache } = this;
    const remapped = cache.windowBase !== this.windowBase || cache.windowSize !== this.windowSize;
    this.windowBase = cache.windowBase;
    this.windowSize = cache.windowSize;
    this.codeTable.flashWindowChanged(cache.live, remapped);
  }

  /** Nothing that was decoded counts any more. */
  forgetAll(): void {
    this.windowBase = -1;
    this.mappingChanged();
  }

  /** Code that was decoded from these bytes is stale, wherever the window shows them. */
  contentChanged(flashOffset: number, length: number): void {
    const { flashSizeBytes } = this;
    const { windowSize, windowBase } = this.cache;
    const first = (flashOffset - windowBase) & (flashSizeBytes - 1);
    for (let at = first; at < windowSize; at += flashSizeBytes) {
      this.codeTable.invalidate(FLASH_WINDOW_BASE + at, Math.min(length, windowSize - at));
    }
    // The piece that wraps round at the end of the chip.
    const wrapped = first + length - flashSizeBytes;
    if (wrapped > 0) this.codeTable.invalidate(FLASH_WINDOW_BASE, Math.min(wrapped, windowSize));
  }
}
