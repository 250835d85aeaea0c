import type { Ipv4Address, MacAddress } from './addresses';
import type { Medium } from './medium';
import type { TcpSettings } from './net/tcp-types';
import type { Random } from './random';

export type ApClientEvent =
  'associated' | 'ready' | 'left' | 'removed' | 'handshake-timeout' | 'bad-mic' | 'bad-element' | 'leased';

export interface AccessPointOptions {
  readonly medium: Medium;
  readonly random: Random;
  readonly bssid?: MacAddress;
  readonly ssid?: string;
  /** Absent for an open network. */
  readonly passphrase?: string | null;
  readonly channel?: number;
  readonly groupCipher?: 'ccmp' | 'tkip';
  /** Beacons with an empty name; probe requests must know it. */
  readonly hidden?: boolean;
  readonly ip?: Ipv4Address;
  readonly netmask?: Ipv4Address;
  /** First address the DHCP server gives; null switches it off. */
  readonly firstLease?: Ipv4Address | null;
  readonly beaconIntervalTu?: number;
  readonly dtimPeriod?: number;
  /** `ignore` sends to sleeping stations at once: seen to work with the SDK (wifi.md section 11.6). */
  readonly powerSave?: 'hold' | 'ignore';
  readonly tcp?: Partial<TcpSettings>;
  /** Called on every change of a station; `detail` is a reason code or an IPv4 address (`leased`). */
  readonly onClient?: (mac: MacAddress, event: ApClientEvent, detail: number) => void;
}
