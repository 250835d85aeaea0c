/**
 * The kinds of image the laboratory makes: what each is, what the device contract answers to it, and what the
 * second-stage bootloader of the SDK (default configuration: checksum byte, no SHA) would do with it in the slot.
 * A table, longer than other files. `make.ts` holds the maker of each; the tests hold both against `slots.ts`.
 */
import type { ImageRefusal, RefusalMoment } from '../slots';

export interface ExpectedRefusal {
  readonly error: ImageRefusal;
  readonly moment: RefusalMoment;
}

/** `starts`: the bootloader starts it and it may run. `crashes`: it is started and cannot run. */
export type BootExpectation = 'refused' | 'starts' | 'crashes';

export interface ImageKind {
  readonly name: string;
  readonly group: 'control' | 'header' | 'segments' | 'tail' | 'content' | 'length' | 'foreign';
  readonly text: string;
  /** What the contract answers; `accepted`, or `depends` where a place or length is chosen freely. */
  readonly refusal: ExpectedRefusal | 'accepted' | 'depends';
  /** The made image may be larger than the slot, and is then refused as too large. */
  readonly orTooLarge?: true;
  readonly boot: BootExpectation | 'depends';
  /** What `--at` means, where it means anything. */
  readonly at?: string;
}

const early = (error: ImageRefusal): ExpectedRefusal => ({ error, moment: 'before-erase' });
const late = (error: ImageRefusal): ExpectedRefusal => ({ error, moment: 'verification' });

const control = [
  {
    name: 'good',
    group: 'control',
    text: 'the image itself, unchanged',
    refusal: 'accepted',
    boot: 'starts',
  },
  {
    name: 'descriptor-missing',
    group: 'control',
    text: 'app descriptor overwritten; the contract asks for none',
    refusal: 'accepted',
    boot: 'starts',
  },
  {
    name: 'flash-size-other',
    group: 'control',
    text: 'flash size of byte 3 changed; only the bootloader’s own counts',
    refusal: 'accepted',
    boot: 'starts',
  },
  {
    name: 'sixteen-segments',
    group: 'control',
    text: 'small flash segments added up to the limit of sixteen',
    refusal: 'accepted',
    boot: 'starts',
  },
  {
    name: 'fills-slot',
    group: 'control',
    text: 'a flash segment added so that the image fills its slot to the last byte',
    refusal: 'accepted',
    boot: 'starts',
  },
  {
    name: 'digest-alone',
    group: 'control',
    text: 'a flash segment added so that the SHA-256 alone stands in its last 512 bytes: all that a boot loader looks at is before it',
    refusal: 'accepted',
    boot: 'starts',
  },
  {
    name: 'entry-lowest',
    group: 'control',
    text: 'entry at the first address of the link window; accepted, and no code there: recover the board by serial',
    refusal: 'accepted',
    boot: 'crashes',
  },
  {
    name: 'segment-at-dram-end',
    group: 'control',
    text: 'data segment moved so that it ends with data RAM; accepted, and the stack is gone: recover by serial',
    refusal: 'accepted',
    boot: 'crashes',
  },
] as const satisfies readonly ImageKind[];

const header = [
  {
    name: 'magic-zero',
    group: 'header',
    text: 'first byte 0x00',
    refusal: early('bad_magic'),
    boot: 'refused',
  },
  {
    name: 'magic-one-bit',
    group: 'header',
    text: 'first byte 0xe8: one bit off',
    refusal: early('bad_magic'),
    boot: 'refused',
  },
  {
    name: 'magic-v2',
    group: 'header',
    text: 'first byte 0xea, the magic of V2 images, nothing else changed',
    refusal: early('bad_magic'),
    boot: 'refused',
  },
  {
    name: 'segments-none',
    group: 'header',
    text: 'segment count 0',
    refusal: early('bad_header'),
    boot: 'refused',
  },
  {
    name: 'segments-17',
    group: 'header',
    text: 'segment count 17',
    refusal: early('bad_header'),
    boot: 'refused',
  },
  {
    name: 'segments-255',
    group: 'header',
    text: 'segment count 255',
    refusal: early('bad_header'),
    boot: 'refused',
  },
  {
    name: 'seventeen-segments',
    group: 'header',
    text: 'seventeen segments that are really there, everything else right',
    refusal: early('bad_header'),
    boot: 'refused',
  },
  {
    name: 'entry-below-window',
    group: 'header',
    text: 'entry one byte below the link window of the slot',
    refusal: early('wrong_slot'),
    boot: 'crashes',
  },
  {
    name: 'entry-at-window-end',
    group: 'header',
    text: 'entry at the first byte behind the slot',
    refusal: early('wrong_slot'),
    boot: 'crashes',
  },
  {
    name: 'entry-above-flash',
    group: 'header',
    text: 'entry above the mapped flash, 0x40300000',
    refusal: early('wrong_slot'),
    boot: 'crashes',
  },
  {
    name: 'entry-in-iram',
    group: 'header',
    text: 'entry in instruction RAM, as in a bootloader',
    refusal: early('wrong_slot'),
    boot: 'crashes',
  },
  { name: 'entry-zero', group: 'header', text: 'entry 0', refusal: early('wrong_slot'), boot: 'crashes' },
  {
    name: 'entry-window-last',
    group: 'header',
    text: 'entry at the last byte of the slot: inside the window, outside the code',
    refusal: late('bad_header'),
    boot: 'crashes',
  },
  {
    name: 'entry-behind-code',
    group: 'header',
    text: 'entry at the first byte behind the last flash segment',
    refusal: late('bad_header'),
    boot: 'crashes',
  },
  {
    name: 'other-slot',
    group: 'header',
    text: 'entry and flash segments linked for the other slot (layouts where the slots share no window)',
    refusal: early('wrong_slot'),
    boot: 'crashes',
  },
] as const satisfies readonly ImageKind[];

const segments = [
  {
    name: 'other-slot-segments',
    group: 'segments',
    text: 'flash segments of the other slot under an entry of this one',
    refusal: late('bad_header'),
    boot: 'starts',
  },
  {
    name: 'linked-elsewhere',
    group: 'segments',
    text: 'linked 64 KiB further on, entry still inside the window: for a layout with other slots',
    refusal: late('bad_header'),
    boot: 'crashes',
  },
  {
    name: 'segments-one-more',
    group: 'segments',
    text: 'segment count one more than there are: the tail is read as a header',
    refusal: late('bad_header'),
    boot: 'depends',
  },
  {
    name: 'segments-one-less',
    group: 'segments',
    text: 'segment count one less than there are: bytes remain behind the end',
    refusal: late('bad_header'),
    boot: 'refused',
  },
  {
    name: 'segment-addr-zero',
    group: 'segments',
    text: 'data segment loaded to address 0',
    refusal: late('bad_header'),
    boot: 'crashes',
  },
  {
    name: 'segment-addr-rom',
    group: 'segments',
    text: 'data segment loaded into the boot ROM',
    refusal: late('bad_header'),
    boot: 'crashes',
  },
  {
    name: 'segment-addr-peripheral',
    group: 'segments',
    text: 'data segment loaded over the peripherals at 0x60000000',
    refusal: late('bad_header'),
    boot: 'crashes',
  },
  {
    name: 'segment-addr-cache',
    group: 'segments',
    text: 'data segment loaded to 0x4010c000, where the flash cache is',
    refusal: late('bad_header'),
    boot: 'crashes',
  },
  {
    name: 'segment-addr-odd',
    group: 'segments',
    text: 'load address of the data segment not at a word',
    refusal: late('bad_header'),
    boot: 'crashes',
  },
  {
    name: 'segment-past-dram-end',
    group: 'segments',
    text: 'data segment moved so that it ends one word behind data RAM',
    refusal: late('bad_header'),
    boot: 'crashes',
  },
  {
    name: 'segment-ram-first',
    group: 'segments',
    text: 'first segment for data RAM: the app’s start-up copies only those behind it',
    refusal: late('bad_header'),
    boot: 'starts',
  },
  {
    name: 'segment-length-odd',
    group: 'segments',
    text: 'length of the first segment not a multiple of four',
    refusal: late('bad_header'),
    boot: 'refused',
  },
  {
    name: 'segment-length-huge',
    group: 'segments',
    text: 'length of the last segment 0x7ffffffc',
    refusal: late('bad_header'),
    boot: 'refused',
  },
  {
    name: 'segment-length-ones',
    group: 'segments',
    text: 'length of the last segment 0xffffffff',
    refusal: late('bad_header'),
    boot: 'refused',
  },
  {
    name: 'segment-past-slot',
    group: 'segments',
    text: 'last segment one word longer than the slot has room for',
    refusal: late('bad_header'),
    boot: 'refused',
  },
  {
    name: 'segment-16-longer',
    group: 'segments',
    text: 'length of the last segment 16 more: the file ends before the image does',
    refusal: late('truncated'),
    boot: 'refused',
  },
  {
    name: 'segment-16-shorter',
    group: 'segments',
    text: 'length of the last segment 16 less: bytes remain behind the end',
    refusal: late('bad_header'),
    boot: 'refused',
  },
] as const satisfies readonly ImageKind[];

const tail = [
  {
    name: 'checksum-wrong',
    group: 'tail',
    text: 'checksum byte wrong, the SHA-256 over it right',
    refusal: late('bad_checksum'),
    boot: 'refused',
  },
  {
    name: 'sha-one-bit',
    group: 'tail',
    text: 'one bit of the SHA-256 flipped',
    refusal: late('bad_checksum'),
    boot: 'starts',
  },
  {
    name: 'sha-zero',
    group: 'tail',
    text: 'SHA-256 all zero',
    refusal: late('bad_checksum'),
    boot: 'starts',
  },
  {
    name: 'sha-missing',
    group: 'tail',
    text: 'SHA-256 cut off, all before it right',
    refusal: late('truncated'),
    boot: 'starts',
  },
  {
    name: 'padding-changed',
    group: 'tail',
    text: 'a byte of the padding changed: only the SHA-256 sees it',
    refusal: late('bad_checksum'),
    boot: 'starts',
  },
] as const satisfies readonly ImageKind[];

const content = [
  {
    name: 'bit-in-code',
    group: 'content',
    text: 'one bit of the code flipped',
    refusal: late('bad_checksum'),
    boot: 'refused',
    at: 'bit number within the first segment',
  },
  {
    name: 'bit-in-data',
    group: 'content',
    text: 'one bit of the last RAM segment flipped',
    refusal: late('bad_checksum'),
    boot: 'refused',
    at: 'bit number within the last segment',
  },
  {
    name: 'bit-at',
    group: 'content',
    text: 'one bit flipped anywhere',
    refusal: 'depends',
    boot: 'depends',
    at: 'bit number within the file (8 × byte + bit)',
  },
  {
    name: 'two-bits-one-column',
    group: 'content',
    text: 'the same bit flipped in two bytes of the code: the checksum byte does not see it',
    refusal: late('bad_checksum'),
    boot: 'crashes',
  },
  {
    name: 'words-swapped',
    group: 'content',
    text: 'two words of the code swapped: the checksum byte does not see it',
    refusal: late('bad_checksum'),
    boot: 'crashes',
  },
  {
    name: 'sectors-swapped',
    group: 'content',
    text: 'two flash sectors of the code swapped, as by a write to the wrong place',
    refusal: late('bad_checksum'),
    boot: 'crashes',
  },
  {
    name: 'sector-erased',
    group: 'content',
    text: 'one flash sector of the code erased, as by a lost write',
    refusal: late('bad_checksum'),
    boot: 'refused',
  },
  {
    name: 'erased-behind-header',
    group: 'content',
    text: 'good first eight bytes, 0xff from there on',
    refusal: late('bad_header'),
    boot: 'refused',
  },
  {
    name: 'zeros-behind-header',
    group: 'content',
    text: 'good first eight bytes, 0x00 from there on',
    refusal: late('bad_header'),
    boot: 'refused',
  },
] as const satisfies readonly ImageKind[];

const length = [
  { name: 'empty', group: 'length', text: 'no bytes at all', refusal: early('truncated'), boot: 'refused' },
  {
    name: 'first-1',
    group: 'length',
    text: 'only the first byte',
    refusal: early('truncated'),
    boot: 'refused',
  },
  {
    name: 'first-2',
    group: 'length',
    text: 'only the first 2 bytes',
    refusal: early('truncated'),
    boot: 'refused',
  },
  {
    name: 'first-3',
    group: 'length',
    text: 'only the first 3 bytes',
    refusal: early('truncated'),
    boot: 'refused',
  },
  {
    name: 'first-4',
    group: 'length',
    text: 'only the first 4 bytes',
    refusal: early('truncated'),
    boot: 'refused',
  },
  {
    name: 'first-5',
    group: 'length',
    text: 'only the first 5 bytes',
    refusal: early('truncated'),
    boot: 'refused',
  },
  {
    name: 'first-6',
    group: 'length',
    text: 'only the first 6 bytes',
    refusal: early('truncated'),
    boot: 'refused',
  },
  {
    name: 'first-7',
    group: 'length',
    text: 'only the first 7 bytes',
    refusal: early('truncated'),
    boot: 'refused',
  },
  {
    name: 'first-8',
    group: 'length',
    text: 'only the header: good enough to begin, nothing to verify',
    refusal: late('truncated'),
    boot: 'refused',
  },
  {
    name: 'first-16',
    group: 'length',
    text: 'header and the header of the first segment',
    refusal: late('truncated'),
    boot: 'refused',
  },
  {
    name: 'first-sector',
    group: 'length',
    text: 'the first 4096 bytes',
    refusal: late('truncated'),
    boot: 'refused',
  },
  {
    name: 'cut-in-first-segment',
    group: 'length',
    text: 'cut in the middle of the first segment',
    refusal: late('truncated'),
    boot: 'refused',
  },
  {
    name: 'cut-behind-first-segment',
    group: 'length',
    text: 'cut between the first segment and the header of the second',
    refusal: late('truncated'),
    boot: 'refused',
  },
  {
    name: 'cut-before-checksum',
    group: 'length',
    text: 'cut behind the last segment, before padding and checksum byte',
    refusal: late('truncated'),
    boot: 'refused',
  },
  {
    name: 'cut-last-byte',
    group: 'length',
    text: 'the last byte missing',
    refusal: late('truncated'),
    boot: 'starts',
  },
  {
    name: 'cut-at',
    group: 'length',
    text: 'cut at a chosen length',
    refusal: 'depends',
    boot: 'depends',
    at: 'bytes that remain',
  },
  {
    name: 'trailing-byte',
    group: 'length',
    text: 'one byte 0x00 behind the end',
    refusal: late('bad_header'),
    orTooLarge: true,
    boot: 'starts',
  },
  {
    name: 'trailing-erased',
    group: 'length',
    text: 'filled with 0xff to the next sector, as flash tools pad',
    refusal: late('bad_header'),
    orTooLarge: true,
    boot: 'starts',
  },
  {
    name: 'twice',
    group: 'length',
    text: 'the image twice, one behind the other',
    refusal: late('bad_header'),
    orTooLarge: true,
    boot: 'starts',
  },
  {
    name: 'both-slots',
    group: 'length',
    text: 'the image for this slot and the one for the other behind it, as `make ota` joins them',
    refusal: late('bad_header'),
    orTooLarge: true,
    boot: 'starts',
  },
  {
    name: 'both-slots-other-first',
    group: 'length',
    text: 'the image for the other slot and the one for this behind it',
    refusal: early('wrong_slot'),
    orTooLarge: true,
    boot: 'crashes',
  },
  {
    name: 'one-byte-too-large',
    group: 'length',
    text: 'an image that fills the slot, and one byte more',
    refusal: early('too_large'),
    boot: 'starts',
  },
  {
    name: 'image-too-large',
    group: 'length',
    text: 'a whole image, right in itself, 16 bytes larger than the slot',
    refusal: early('too_large'),
    // The bootloader compares the length without the SHA-256, so this one still fits for it.
    boot: 'starts',
  },
  {
    name: 'image-48-too-large',
    group: 'length',
    text: 'a whole image, right in itself, 48 bytes larger than the slot: too large for the bootloader too',
    refusal: early('too_large'),
    boot: 'refused',
  },
] as const satisfies readonly ImageKind[];

const foreign = [
  {
    name: 'erased',
    group: 'foreign',
    text: 'as many bytes 0xff as the image has',
    refusal: early('bad_magic'),
    boot: 'refused',
  },
  {
    name: 'zeros',
    group: 'foreign',
    text: 'as many bytes 0x00 as the image has',
    refusal: early('bad_magic'),
    boot: 'refused',
  },
  { name: 'random', group: 'foreign', text: 'random bytes', refusal: early('bad_magic'), boot: 'refused' },
  { name: 'text', group: 'foreign', text: 'a page of text', refusal: early('bad_magic'), boot: 'refused' },
  {
    name: 'html',
    group: 'foreign',
    text: 'an HTML error page',
    refusal: early('bad_magic'),
    boot: 'refused',
  },
  { name: 'json', group: 'foreign', text: 'a JSON document', refusal: early('bad_magic'), boot: 'refused' },
  {
    name: 'gzip',
    group: 'foreign',
    text: 'the image, gzipped',
    refusal: early('bad_magic'),
    boot: 'refused',
  },
  {
    name: 'zip',
    group: 'foreign',
    text: 'start of a zip archive',
    refusal: early('bad_magic'),
    boot: 'refused',
  },
  {
    name: 'elf',
    group: 'foreign',
    text: 'an ELF header before the image: the file beside the .bin',
    refusal: early('bad_magic'),
    boot: 'refused',
  },
  {
    name: 'intel-hex',
    group: 'foreign',
    text: 'the first kilobyte as Intel HEX',
    refusal: early('bad_magic'),
    boot: 'refused',
  },
  { name: 'uf2', group: 'foreign', text: 'UF2 blocks', refusal: early('bad_magic'), boot: 'refused' },
  {
    name: 'base64',
    group: 'foreign',
    text: 'the image as base64 text',
    refusal: early('bad_magic'),
    orTooLarge: true,
    boot: 'refused',
  },
  {
    name: 'multipart',
    group: 'foreign',
    text: 'the image inside a multipart form, as a browser form sends it',
    refusal: early('bad_magic'),
    orTooLarge: true,
    boot: 'refused',
  },
  {
    name: 'utf8-mangled',
    group: 'foreign',
    text: 'the image read as Latin-1 and written as UTF-8',
    refusal: early('bad_magic'),
    orTooLarge: true,
    boot: 'refused',
  },
  {
    name: 'shifted-by-one',
    group: 'foreign',
    text: 'a zero byte before the image',
    refusal: early('bad_magic'),
    orTooLarge: true,
    boot: 'refused',
  },
  {
    name: 'byte-swapped',
    group: 'foreign',
    text: 'bytes swapped in pairs',
    refusal: early('bad_magic'),
    boot: 'refused',
  },
  {
    name: 'partition-table',
    group: 'foreign',
    text: 'a partition table',
    refusal: early('bad_magic'),
    boot: 'refused',
  },
  {
    name: 'otadata',
    group: 'foreign',
    text: 'an otadata partition',
    refusal: early('bad_magic'),
    boot: 'refused',
  },
  {
    name: 'v2-image',
    group: 'foreign',
    text: 'a V2 image (NonOS SDK) of the same segments',
    refusal: early('bad_magic'),
    orTooLarge: true,
    boot: 'refused',
  },
  {
    name: 'bootloader',
    group: 'foreign',
    text: 'a RAM image (V1), as a bootloader is',
    refusal: early('wrong_slot'),
    boot: 'crashes',
  },
  {
    name: 'flash-dump',
    group: 'foreign',
    text: 'a dump of a whole flash: bootloader, partition table, app',
    refusal: early('wrong_slot'),
    orTooLarge: true,
    boot: 'crashes',
  },
  {
    name: 'esp32',
    group: 'foreign',
    text: 'an image for an ESP32: same magic, 24-byte header',
    refusal: early('wrong_slot'),
    boot: 'refused',
  },
  {
    name: 'esp32-entry-inside',
    group: 'foreign',
    text: 'the same with an entry inside the link window: good first eight bytes of the wrong chip',
    refusal: late('bad_header'),
    boot: 'refused',
  },
] as const satisfies readonly ImageKind[];

const ALL = [...control, ...header, ...segments, ...tail, ...content, ...length, ...foreign] as const;

export type ImageKindName = (typeof ALL)[number]['name'];

/** Every kind, in the order of a printed table. */
export const IMAGE_KINDS: readonly (ImageKind & { readonly name: ImageKindName })[] = ALL;

export function imageKind(name: string): (ImageKind & { readonly name: ImageKindName }) | undefined {
  return IMAGE_KINDS.find((kind) => kind.name === name);
}
