import { assemble } from '../../emulator/cpu/assemble';
import { encodeImage } from '../../protocol/image-lab/encode';

/*
 * The program that `npm start` runs on the emulated board until cases and firmware do: small, ours, and assembled when
 * it is needed. It prints through the boot ROM, computes, and erases, writes and reads back a sector of the flash with
 * the ROM's functions (addresses: ESP8266_RTOS_SDK `esp8266/ld/esp8266.rom.ld`).
 */
const CODE_ADDR = 0x40100000;
const TEXT_ADDR = 0x3ffe8000;
const BUFFER_ADDR = 0x3ffea000;
const READ_BACK_ADDR = 0x3fff0000;

const ROM = {
  ets_printf: 0x400024cc,
  SPIUnlock: 0x40004878,
  SPIEraseSector: 0x40004a00,
  SPIWrite: 0x40004a4c,
  SPIRead: 0x40004b1c,
} as const;

const SECTOR_BYTES = 0x1000;
const BUFFER_BYTES = 4 * SECTOR_BYTES;
/** Numbers after Knuth and Lewis, so that the pattern repeats nowhere in the buffer. */
const PATTERN = { seed: 0x20260101, factor: 1664525, summand: 1013904223 } as const;

/** What the program does, for whoever checks it from outside. */
export const DEMO = {
  /** The flash that it writes. */
  flashOffset: 0x80000,
  sectorBytes: SECTOR_BYTES,
  bufferBytes: BUFFER_BYTES,
  /** Its last word, for better or worse. */
  goodEnd: 'demo: done',
  badEnd: 'demo: failed',
} as const;

const TEXTS = `
banner:  .asciz "\\ndemo: hello from an ESP8266 at 0x%08x\\n"
crc:     .asciz "demo: CRC-32 of %d bytes is %08x\\n"
steps:   .asciz "demo: sector at 0x%x: erase %d, write %d, read %d\\n"
compare: .asciz "demo: CRC-32 written %08x, read back %08x\\n"
done:    .asciz "${DEMO.goodEnd}\\n"
failed:  .asciz "${DEMO.badEnd}\\n"
`;

/** Text and label are one: `call NAME` is an indirect call of the ROM. */
function call(name: keyof typeof ROM): string {
  return `l32r a0, =${ROM[name]}\ncallx0 a0`;
}

const CODE = `
.literals
entry:
    addi    a1, a1, -32
    l32r    a2, =banner
    l32r    a3, =entry
    ${call('ets_printf')}

    // The pattern, word by word.
    l32r    a2, =${BUFFER_ADDR}
    l32r    a3, =${BUFFER_ADDR + BUFFER_BYTES}
    l32r    a4, =${PATTERN.seed}
    l32r    a5, =${PATTERN.factor}
    l32r    a6, =${PATTERN.summand}
fill:
    mull    a4, a4, a5
    add     a4, a4, a6
    s32i    a4, a2, 0
    addi    a2, a2, 4
    bltu    a2, a3, fill

    l32r    a2, =${BUFFER_ADDR}
    l32r    a3, =${BUFFER_BYTES}
    call0   crc32
    mov     a4, a2
    l32r    a2, =crc
    l32r    a3, =${BUFFER_BYTES}
    ${call('ets_printf')}

    ${call('SPIUnlock')}
    l32r    a2, =${DEMO.flashOffset / SECTOR_BYTES}
    ${call('SPIEraseSector')}
    mov     a12, a2
    l32r    a2, =${DEMO.flashOffset}
    l32r    a3, =${BUFFER_ADDR}
    l32r    a4, =${SECTOR_BYTES}
    ${call('SPIWrite')}
    mov     a13, a2
    l32r    a2, =${DEMO.flashOffset}
    l32r    a3, =${READ_BACK_ADDR}
    l32r    a4, =${SECTOR_BYTES}
    ${call('SPIRead')}
    mov     a6, a2
    mov     a5, a13
    mov     a4, a12
    or      a14, a4, a5
    or      a14, a14, a6
    l32r    a2, =steps
    l32r    a3, =${DEMO.flashOffset}
    ${call('ets_printf')}

    l32r    a2, =${BUFFER_ADDR}
    l32r    a3, =${SECTOR_BYTES}
    call0   crc32
    mov     a12, a2
    l32r    a2, =${READ_BACK_ADDR}
    l32r    a3, =${SECTOR_BYTES}
    call0   crc32
    mov     a13, a2
    mov     a4, a2
    mov     a3, a12
    l32r    a2, =compare
    ${call('ets_printf')}

    l32r    a2, =failed
    bnez    a14, tell
    bne     a12, a13, tell
    l32r    a2, =done
tell:
    ${call('ets_printf')}
rest:
    waiti   0
    j       rest

crc32:                          // a2 bytes, a3 how many; a2 = CRC-32, bit by bit
    movi    a4, -1
    l32r    a5, =0xedb88320
crc_byte:
    l8ui    a6, a2, 0
    xor     a4, a4, a6
    movi    a7, 8
crc_bit:
    extui   a6, a4, 0, 1
    neg     a6, a6
    and     a6, a6, a5
    srli    a4, a4, 1
    xor     a4, a4, a6
    addi    a7, a7, -1
    bnez    a7, crc_bit
    addi    a2, a2, 1
    addi    a3, a3, -1
    bnez    a3, crc_byte
    movi    a2, -1
    xor     a2, a4, a2
    ret
`;

/** The program as an image for flash offset 0, of the kind that the boot ROM loads. */
export function buildDemoImage(): Uint8Array {
  const texts = assemble(TEXTS, TEXT_ADDR);
  const code = assemble(CODE, CODE_ADDR, Object.fromEntries(texts.labels));
  return encodeImage({
    entryAddr: code.labels.get('entry')!,
    sizeNibble: 2, // 1 MB
    hasSha256: false,
    segments: [
      { loadAddr: CODE_ADDR, data: padded(code.bytes) },
      { loadAddr: TEXT_ADDR, data: padded(texts.bytes) },
    ],
  });
}

/** The bytes that the program fills its buffer with, computed on this side. */
export function demoPattern(): Uint8Array {
  const words = new Uint32Array(BUFFER_BYTES / 4);
  let value: number = PATTERN.seed;
  for (let i = 0; i < words.length; i++) {
    value = (Math.imul(value, PATTERN.factor) + PATTERN.summand) >>> 0;
    words[i] = value;
  }
  return new Uint8Array(words.buffer);
}

/** Segments are whole words. */
function padded(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array((bytes.length + 3) & ~3);
  whole.set(bytes);
  return whole;
}
