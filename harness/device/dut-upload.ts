import type { Deadline } from '../core/deadline';
import { EsprigError, isEsprigError } from '../core/errors';
import { exchange } from './dut-http';
import type { HttpAnswer } from './dut-http-answer';
import { mustBeImage } from './dut-image';
import { withToken, type DutTarget } from './dut-target';
import type { UploadAnswer, UploadOptions } from './dut-types';

const CHUNK_BYTES = 4096;

/** Sends an image the ordinary way, and hears what the device says. */
export async function upload(
  target: DutTarget,
  path: string,
  bytes: Uint8Array,
  options: UploadOptions,
  deadline: Deadline,
): Promise<UploadAnswer> {
  mustBeImage(bytes);
  const { chunkBytes = CHUNK_BYTES, pauseMs = 0, onProgress, signal } = options;
  const totalBytes = bytes.length;
  let sentBytes = 0;
  async function* chunks(stopped: AbortSignal): AsyncGenerator<Uint8Array> {
    while (sentBytes < totalBytes && !stopped.aborted) {
      if (pauseMs > 0 && sentBytes > 0) await deadline.sleep(pauseMs, 'a pause between two chunks');
      const chunk = bytes.subarray(sentBytes, Math.min(totalBytes, sentBytes + chunkBytes));
      yield chunk;
      // Asked for the next one: this one has been taken.
      sentBytes += chunk.length;
      target.notify('http-sent', { bytes: chunk.length, sentBytes, totalBytes });
      onProgress?.(sentBytes, totalBytes);
    }
  }
  const request = {
    method: 'POST',
    path,
    headers: {
      'content-type': 'application/octet-stream',
      ...withToken(target, options),
    },
    // An empty body is one, too; the library sends none for a stream of nothing.
    body: totalBytes === 0 ? new Uint8Array(0) : { totalBytes, chunks },
    signal,
  };
  try {
    const answer = await exchange(target, request, deadline);
    return { ...answer, ...successOf(answer), sentBytes, totalBytes };
  } catch (error) {
    if (signal?.aborted === true && !isCode(error, 'ESPRIG_DEADLINE')) {
      throw new EsprigError(
        'ESPRIG_CANCELLED',
        `upload to ${target.baseUrl}${path}: ended by the caller after ${sentBytes} of ${totalBytes} bytes`,
        { blame: 'case', cause: signal.reason },
      );
    }
    throw isEsprigError(error) ? withProgress(error, sentBytes, totalBytes) : error;
  }
}

/** How far it had come is the first thing that somebody asks. */
function withProgress(error: EsprigError, sentBytes: number, totalBytes: number): EsprigError {
  const { code, blame, hint, evidence } = error;
  const message = `${error.message}; ${sentBytes} of ${totalBytes} bytes of the image had been handed over`;
  return new EsprigError(code, message, { blame, hint, evidence, cause: error });
}

function isCode(error: unknown, code: string): boolean {
  return isEsprigError(error) && error.code === code;
}

function successOf({ status, json }: HttpAnswer): Pick<UploadAnswer, 'slot' | 'takenBytes'> {
  const said = (status === 200 && typeof json === 'object' && json !== null ? json : {}) as Record<
    string,
    unknown
  >;
  return {
    slot: typeof said['slot'] === 'string' ? said['slot'] : undefined,
    takenBytes: typeof said['bytes'] === 'number' ? said['bytes'] : undefined,
  };
}
