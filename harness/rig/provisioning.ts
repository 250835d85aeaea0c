import { UsageError } from '../core/errors';
import type { FlashPart } from '../device/flash-plan';
import type { Layout } from '../protocol/layouts';
import type { NvsEntry } from '../protocol/nvs-format';
import { encodeNvs } from '../protocol/nvs-writer';
import { DATA_SUBTYPE, PARTITION_TYPE } from '../protocol/partition-table';

/** What a board is told at flashing: firmware/app reads it from NVS, namespace `esprig`. */
export interface Settings {
  readonly ssid?: string | undefined;
  readonly passphrase?: string | undefined;
  readonly token?: string | undefined;
}

const NAMESPACE = 'esprig';
/** Of our firmware, by section 8 of the contract. With one that it cannot use it serves nobody. */
export const TOKEN_MOST_BYTES = 64;

/**
 * The NVS partition that holds these settings and nothing else; undefined when the layout has no such partition.
 * @throws UsageError ESPRIG_USAGE for a token that the firmware could not use
 */
export function settingsPart(settings: Settings, layout: Layout): FlashPart | undefined {
  const row = layout.partitions.find(
    ({ type, subtype }) => type === PARTITION_TYPE.DATA && subtype === DATA_SUBTYPE.NVS,
  );
  if (row === undefined) return undefined;
  const entries = entriesOf(settings);
  const bytes =
    entries.length === 0
      ? new Uint8Array(row.sizeBytes).fill(0xff)
      : encodeNvs(entries, { sizeBytes: row.sizeBytes });
  return { name: 'settings (nvs)', offset: row.offset, bytes };
}

function entriesOf({ ssid, passphrase, token }: Settings): readonly NvsEntry[] {
  if (token !== undefined) checkToken(token);
  const rows = [
    ['ssid', ssid],
    ['psk', passphrase],
    ['token', token],
  ] as const;
  return rows.flatMap(([key, value]) =>
    value === undefined ? [] : [{ namespace: NAMESPACE, key, type: 'string' as const, value }],
  );
}

function checkToken(token: string): void {
  const bytes = Buffer.byteLength(token);
  if (bytes > 0 && bytes <= TOKEN_MOST_BYTES) return;
  throw new UsageError(
    'ESPRIG_USAGE',
    `settings: a token of ${bytes} bytes; the firmware takes 1 to ${TOKEN_MOST_BYTES}`,
    { hint: 'Leave the token away if the firmware is to ask for none.' },
  );
}
