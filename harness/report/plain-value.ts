/** Deeper and longer things are cut: an event is a note on the timeline, not an archive. */
const DEEPEST = 10;
const MOST_ITEMS = 500;
const LONGEST_TEXT_CHARS = 16_384;
const MOST_BYTES = 1024;

/**
 * Anything that an event carries, as a value that JSON can hold, each text in it passed through `mask`. Bytes become
 * their length and their text, errors their message; loops and depths are cut.
 */
export function plainValue(value: unknown, mask: (text: string) => string): unknown {
  return plain(value, mask, 0, []);
}

function plain(
  value: unknown,
  mask: (text: string) => string,
  depth: number,
  within: readonly unknown[],
): unknown {
  switch (typeof value) {
    case 'string':
      return shortened(mask(value));
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'boolean':
      return value;
    case 'bigint':
      return value.toString();
    case 'undefined':
    case 'function':
    case 'symbol':
      return undefined;
    case 'object':
      break;
  }
  if (value === null) return null;
  if (within.includes(value)) return '(loop)';
  if (ArrayBuffer.isView(value)) return bytesOf(value, mask);
  if (depth >= DEEPEST) return '(deeper)';
  const inner = (part: unknown): unknown => plain(part, mask, depth + 1, [...within, value]);
  if (isError(value)) return { error: inner(value.message), code: inner(value.code) };
  if (value instanceof Map) return inner(Object.fromEntries(value));
  if (Array.isArray(value) || value instanceof Set) {
    const items = [...(value as Iterable<unknown>)];
    const shown = items.slice(0, MOST_ITEMS).map((item) => inner(item) ?? null);
    return items.length > MOST_ITEMS ? [...shown, `… ${items.length - MOST_ITEMS} more`] : shown;
  }
  const fields = Object.entries(value as Record<string, unknown>).slice(0, MOST_ITEMS);
  return Object.fromEntries(fields.map(([key, part]) => [mask(key), inner(part)]));
}

/** By shape: errors come from other realms. Their message is not enumerable; a record that has one is no error. */
function isError(value: object): value is { readonly message: string; readonly code?: unknown } {
  return (
    'message' in value &&
    !Object.keys(value).includes('message') &&
    typeof value.message === 'string' &&
    'stack' in value &&
    typeof value.stack === 'string'
  );
}

/** Masked before it is cut, or half a secret could stay at the cut. */
function bytesOf(bytes: ArrayBufferView, mask: (text: string) => string): unknown {
  const window = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 4 * MOST_BYTES));
  return { sizeBytes: bytes.byteLength, text: mask(window.toString('latin1')).slice(0, MOST_BYTES) };
}

function shortened(text: string): string {
  if (text.length <= LONGEST_TEXT_CHARS) return text;
  return `${text.slice(0, LONGEST_TEXT_CHARS)}… ${text.length - LONGEST_TEXT_CHARS} more characters`;
}
