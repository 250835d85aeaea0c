import { UsageError } from '../core/errors';

/**
 * Cases are JavaScript when they run: nobody has checked what they hand over.
 * @throws UsageError ESPRIG_USAGE for what is no bytes
 */
export function mustBeImage(image: Uint8Array): void {
  // Jest's world has a Uint8Array of its own.
  if (ArrayBuffer.isView(image) && !(image instanceof DataView)) return;
  throw new UsageError('ESPRIG_USAGE', `an image is bytes (Uint8Array), and this is ${nameOf(image)}`, {
    hint: 'What `make` answers has them in `.bytes`; a file is read by `fs.readFileSync`, without an encoding.',
  });
}

function nameOf(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (typeof value !== 'object') return `a ${typeof value}`;
  const keys = Object.keys(value).slice(0, 6);
  return `an object with ${keys.length === 0 ? 'nothing in it' : keys.join(', ')}`;
}
