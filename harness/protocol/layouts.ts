/**
 * Partition layouts by name. Ours are those of design.md section 9; the SDK's are its own CSV files
 * (`components/partition_table/partitions_*.csv`); `reference-one-mb` is the table of the seed author's firmware.
 */
import { UsageError } from '../core/errors';
import { APP_SUBTYPE, DATA_SUBTYPE, PARTITION_TYPE, type Partition } from './partition-table';

export interface Layout {
  readonly name: string;
  readonly text: string;
  readonly flashBytes: number;
  readonly partitions: readonly Partition[];
}

function row(label: string, type: number, subtype: number, offset: number, sizeBytes: number): Partition {
  return { label, type, subtype, offset, sizeBytes, isEncrypted: false };
}

const data = (label: string, subtype: number, offset: number, sizeBytes: number) =>
  row(label, PARTITION_TYPE.DATA, subtype, offset, sizeBytes);
const ota = (index: number, offset: number, sizeBytes: number, label = `ota_${index}`) =>
  row(label, PARTITION_TYPE.APP, APP_SUBTYPE.OTA_0 + index, offset, sizeBytes);

/** What stands before the slots in every layout with two of them. */
const HEAD: readonly Partition[] = [
  data('nvs', DATA_SUBTYPE.NVS, 0x9000, 0x4000),
  data('otadata', DATA_SUBTYPE.OTA, 0xd000, 0x2000),
  data('phy_init', DATA_SUBTYPE.PHY, 0xf000, 0x1000),
];

/** Both slots at the same place of their 1 MiB window: one image serves both. */
const TWO_WINDOWS: readonly Partition[] = [...HEAD, ota(0, 0x10000, 0xf0000), ota(1, 0x110000, 0xf0000)];

export const LAYOUTS: readonly Layout[] = [
  {
    name: 'one-mb',
    text: 'two slots of 448 KiB in one window, each with a link of its own',
    flashBytes: 0x100000,
    partitions: [...HEAD, ota(0, 0x10000, 0x70000), ota(1, 0x80000, 0x70000)],
  },
  {
    name: 'two-ota-2mb',
    text: 'two slots of 960 KiB, one image for both',
    flashBytes: 0x200000,
    partitions: TWO_WINDOWS,
  },
  {
    name: 'two-ota-4mb',
    text: 'the slots of two-ota-2mb on a larger chip; the rest is free',
    flashBytes: 0x400000,
    partitions: TWO_WINDOWS,
  },
  {
    name: 'sdk-singleapp',
    text: "the SDK's default: one factory app, no update",
    flashBytes: 0x100000,
    partitions: [
      data('nvs', DATA_SUBTYPE.NVS, 0x9000, 0x6000),
      data('phy_init', DATA_SUBTYPE.PHY, 0xf000, 0x1000),
      row('factory', PARTITION_TYPE.APP, APP_SUBTYPE.FACTORY, 0x10000, 0xf0000),
    ],
  },
  {
    name: 'reference-one-mb',
    text: "the seed author's table: slots `boot` (320 KiB) and `main` (640 KiB)",
    flashBytes: 0x100000,
    partitions: [
      data('nvs', DATA_SUBTYPE.NVS, 0x9000, 0x4000),
      row('homekit', 0x40, 0, 0xd000, 0x1000),
      data('otadata', DATA_SUBTYPE.OTA, 0xe000, 0x2000),
      ota(0, 0x10000, 0x50000, 'boot'),
      ota(1, 0x60000, 0xa0000, 'main'),
    ],
  },
];

export const LAYOUT_NAMES: readonly string[] = LAYOUTS.map((layout) => layout.name);

/** @throws UsageError ESPRIG_USAGE when there is no layout of that name */
export function layoutByName(name: string): Layout {
  const layout = LAYOUTS.find((each) => each.name === name);
  if (layout !== undefined) return layout;
  throw new UsageError('ESPRIG_USAGE', `no layout "${name}"`, {
    hint: `Layouts: ${LAYOUT_NAMES.join(', ')}.`,
  });
}

/** @throws UsageError ESPRIG_USAGE when the layout has no partition of that label */
export function partitionOf(layout: Pick<Layout, 'name' | 'partitions'>, label: string): Partition {
  const partition = layout.partitions.find((each) => each.label === label);
  if (partition !== undefined) return partition;
  throw new UsageError('ESPRIG_USAGE', `layout ${layout.name} has no partition "${label}"`, {
    hint: `Its partitions: ${layout.partitions.map((each) => each.label).join(', ')}.`,
  });
}
