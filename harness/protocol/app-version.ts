/** Gives a copy of an app another version, so that whoever asks the device knows which of two images runs. */
import { UsageError } from '../core/errors';
import { fromLatin1, xorChecksum } from './bytes';
import { inspectImage, sha256Of } from './image';
import { CHECKSUM_SEED, checksumBlockEnd, DESCRIPTOR_FIELDS } from './image-format';

/** Room for the text and the zero behind it. */
const VERSION_BYTES = 32;

/**
 * A copy of a good image whose descriptor says `version`; checksum and SHA-256 are made to fit again, nothing else is
 * different. Length, segments and entry stay, so it serves in the same slots.
 * @throws UsageError ESPRIG_USAGE for an image that is not good, has no descriptor, or a version that does not fit
 */
export function withAppVersion(image: Uint8Array, version: string): Uint8Array {
  if (!/^[\x20-\x7e]+$/.test(version) || version.length >= VERSION_BYTES) {
    throw refusal(`'${version}' is no version: 1 to ${VERSION_BYTES - 1} printable ASCII characters`);
  }
  const { kind, descriptor, segments, segmentsEndOffset, problems } = inspectImage(image);
  if (kind !== 'app' || problems.length > 0 || segmentsEndOffset === undefined) {
    throw refusal(`not a good app image: ${problems[0]?.text ?? 'it is of another kind'}`);
  }
  if (descriptor === undefined) throw refusal('the image has no app descriptor');

  const out = image.slice();
  const at = descriptor.offset + DESCRIPTOR_FIELDS.VERSION;
  out.fill(0, at, at + VERSION_BYTES);
  out.set(fromLatin1(version), at);
  const blockEnd = checksumBlockEnd(segmentsEndOffset);
  out[blockEnd - 1] = segments.reduce(
    (sum, { dataOffset, sizeBytes }) => xorChecksum(out.subarray(dataOffset, dataOffset + sizeBytes), sum),
    CHECKSUM_SEED,
  );
  out.set(sha256Of(out.subarray(0, blockEnd)), blockEnd);
  return out;
}

function refusal(what: string): UsageError {
  return new UsageError('ESPRIG_USAGE', `withAppVersion: ${what}`);
}
