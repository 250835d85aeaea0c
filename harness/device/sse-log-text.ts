/**
 * What a console line becomes as a log event, by docs/dut-contract.md section 2: no terminal control, not over the
 * limit, nothing cut silently.
 */

/* eslint-disable no-control-regex -- control characters are what this is about */
/** OSC, DCS and the other strings, up to BEL or ST or the end of the line. */
const STRING_SEQUENCE = /\x1b[\]PX^_](?:[^\x07\x1b]|\x1b(?!\\))*(?:\x07|\x1b\\|$)/;
/** CSI; a new escape inside begins anew. */
const CONTROL_SEQUENCE = /\x1b\[[0-?]*[ -/]*(?:[@-~]|(?=\x1b)|$)/;
/** The short ones, `ESC 7` and `ESC ( B`. */
const SHORT_SEQUENCE = /\x1b[ -/]*(?:[0-~]|(?=\x1b)|$)/;
const SEQUENCES = new RegExp(
  [STRING_SEQUENCE, CONTROL_SEQUENCE, SHORT_SEQUENCE].map(({ source }) => source).join('|'),
  'g',
);
/** All but the tab. */
const CONTROLS = /[\x00-\x08\x0a-\x1f\x7f]/g;
/* eslint-enable no-control-regex */

export const ELLIPSIS = '…';
const ELLIPSIS_BYTES = 3;

/** The line without terminal control. */
export function plainText(line: string): string {
  return line.replace(SEQUENCES, '').replace(CONTROLS, '');
}

/** The text as an event may carry it: cut at a whole character, with `…` behind, if it is over the limit. */
export function withinLimit(text: string, limitBytes: number): string {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= limitBytes) return text;
  let end = Math.max(0, limitBytes - ELLIPSIS_BYTES);
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end -= 1;
  return new TextDecoder().decode(bytes.subarray(0, end)) + ELLIPSIS;
}
