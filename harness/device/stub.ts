import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import type { Deadline } from '../core/deadline';
import { ProtocolError, RigError } from '../core/errors';
import { equalBytes } from '../core/bytes';
import { MEM_BLOCK_BYTES, memBegin, memData, memEnd, STUB_GREETING } from '../protocol/rom-loader';
import type { LoaderSession } from './loader-session';

/** A program that the ROM loader puts into RAM; it speaks the same protocol, faster and with more commands. */
export interface Stub {
  readonly entryAddr: number;
  readonly segments: readonly { readonly addr: number; readonly bytes: Uint8Array }[];
}

/**
 * The ESP8266's stub as esptool-js 0.7 carries it (stub v2, Apache-2.0 OR MIT). The package is ESM only; its data file
 * is plain JSON, so it is read as a file and no module loader needs to agree.
 */
const STUB_FILE = 'esptool-js/lib/targets/stub_flasher/esp8266.json';

let loaded: Stub | undefined;

/**
 * The stub's bytes.
 * @throws RigError ESPRIG_TOOL_MISSING when the package that carries them is not installed or not as expected
 */
export function flasherStub(): Stub {
  loaded ??= readStub();
  return loaded;
}

function readStub(): Stub {
  try {
    const json = JSON.parse(readFileSync(createRequire(__filename).resolve(STUB_FILE), 'utf8')) as Record<
      string,
      unknown
    >;
    const number = (key: string): number => {
      const value = json[key];
      if (typeof value !== 'number' || !Number.isInteger(value)) throw new Error(`${key} is no number`);
      return value;
    };
    const bytes = (key: string): Uint8Array => {
      const value = json[key];
      if (typeof value !== 'string' || value === '') throw new Error(`${key} is no base64 text`);
      return new Uint8Array(Buffer.from(value, 'base64'));
    };
    return {
      entryAddr: number('entry'),
      segments: [
        { addr: number('text_start'), bytes: bytes('text') },
        // Last: it lies in the ROM's own packet buffer (chip.md 5.4).
        { addr: number('data_start'), bytes: bytes('data') },
      ],
    };
  } catch (error) {
    throw new RigError(
      'ESPRIG_TOOL_MISSING',
      `the flasher stub in ${STUB_FILE} cannot be read: ${String(error)}`,
      {
        hint: 'Run npm install again, or flash with --no-stub.',
        cause: error,
      },
    );
  }
}

/**
 * Uploads the stub into RAM and starts it.
 * @throws ProtocolError ESPRIG_ROM_STATUS, ESPRIG_ROM_BAD_REPLY when something else than the greeting comes; DeadlineError
 */
export async function startStub(
  session: LoaderSession,
  deadline: Deadline,
  stub: Stub = flasherStub(),
): Promise<void> {
  for (const { addr, bytes } of stub.segments) {
    const blocks = Math.ceil(bytes.length / MEM_BLOCK_BYTES);
    await session.command(
      memBegin({ sizeBytes: bytes.length, blocks, blockBytes: MEM_BLOCK_BYTES, addr }),
      deadline,
    );
    for (let block = 0; block < blocks; block++) {
      const payload = bytes.subarray(block * MEM_BLOCK_BYTES, (block + 1) * MEM_BLOCK_BYTES);
      await session.command(memData(payload, block), deadline);
    }
  }
  await session.command(memEnd(stub.entryAddr), deadline);
  using wait = deadline.sub({ phase: 'stub greeting', budgetMs: session.limits.greetingMs });
  const frame = await session.nextFrame(wait, 'greeting of the stub');
  if (!equalBytes(frame, STUB_GREETING)) {
    throw new ProtocolError(
      'ESPRIG_ROM_BAD_REPLY',
      `the stub was to greet with OHAI and sent ${frame.length} other bytes`,
    );
  }
  session.kind = 'stub';
}
