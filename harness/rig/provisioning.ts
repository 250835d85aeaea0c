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

/** The NVS partition that holds these settings and nothing else; undefined when the layout has no such partition. */
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
  const rows = [
    ['ssid', ssid],
    ['psk', passphrase],
    ['token', token],
  ] as const;
  return rows.flatMap(([key, value]) =>
    value === undefined ? [] : [{ namespace: NAMESPACE, key, type: 'string' as const, value }],
  );
}
