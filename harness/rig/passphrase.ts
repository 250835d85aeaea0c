/** IEEE 802.11-2020 J.4.1: a passphrase has 8 to 63 octets; 64 hexadecimal digits are the key itself. */
const SHORTEST_BYTES = 8;
const LONGEST_BYTES = 63;

/** What is wrong with a WPA2 passphrase, without showing it; undefined when nothing is. */
export function passphraseProblem(passphrase: string): string | undefined {
  const sizeBytes = Buffer.byteLength(passphrase);
  if (sizeBytes >= SHORTEST_BYTES && sizeBytes <= LONGEST_BYTES) return undefined;
  if (/^[0-9a-f]{64}$/i.test(passphrase)) return undefined;
  return `${sizeBytes} characters; WPA2 wants ${SHORTEST_BYTES} to ${LONGEST_BYTES}, or 64 hexadecimal digits`;
}
