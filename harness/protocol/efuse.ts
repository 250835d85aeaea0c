/**
 * Who a chip is, from the four efuse words at 0x3FF00050 to 0x3FF0005C.
 * Sources: espressif/esptool `esptool/targets/esp8266.py`; ESP8266_RTOS_SDK `components/esp8266/source/system_api.c`;
 * chip.md 6.3.
 */

/** Registers to read, in order. */
export const EFUSE_ADDRS = [0x3ff00050, 0x3ff00054, 0x3ff00058, 0x3ff0005c] as const;

export type EfuseWords = readonly [number, number, number, number];

/** MAC address as esptool reads it, `5c:cf:7f:01:23:45`; undefined for an id no chip has. */
export function macFromEfuse(words: EfuseWords): string | undefined {
  const [word0, word1, , word3] = words;
  const oui = ouiOf(word1, word3);
  if (oui === undefined) return undefined;
  const bytes = [...oui, (word1 >>> 8) & 0xff, word1 & 0xff, word0 >>> 24];
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

function ouiOf(word1: number, word3: number): readonly number[] | undefined {
  if (word3 !== 0) return [(word3 >>> 16) & 0xff, (word3 >>> 8) & 0xff, word3 & 0xff];
  const id = (word1 >>> 16) & 0xff;
  if (id === 0) return [0x18, 0xfe, 0x34];
  if (id === 1) return [0xac, 0xd0, 0x74];
  return undefined;
}

/** True for an ESP8285: the same chip with its flash inside. */
export function isEsp8285(words: EfuseWords): boolean {
  return (words[0] & (1 << 4)) !== 0 || (words[2] & (1 << 16)) !== 0;
}

/** Same notation on both sides: lower case, colons. */
export function normalizeMac(text: string): string | undefined {
  const digits = text.toLowerCase().replace(/[:.-]/g, '');
  return /^[0-9a-f]{12}$/.test(digits) ? digits.match(/../g)!.join(':') : undefined;
}
