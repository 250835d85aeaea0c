import { TICKS_PER_MILLI, TICKS_PER_SECOND } from '../time';
import type { MacAddress } from './addresses';
import type { ApClient } from './ap-client';
import { GROUP_KEY_ID, type ApDelivery } from './ap-delivery';
import { Authenticator } from './authenticator';
import { PmkCache } from './crypto/pmk-cache';
import type { Gtk } from './eapol-key';
import type { Random } from './random';
import { CIPHER } from './rsn';
import type { Timers } from './timers';

const MESSAGE_1_DELAY_TICKS = 5 * TICKS_PER_MILLI;
const RETRY_TICKS = TICKS_PER_SECOND;
const MAX_ATTEMPTS = 4;
const GROUP_KEY_BYTES = { [CIPHER.CCMP]: 16, [CIPHER.TKIP]: 32 } as const;

export interface ApHandshakeOptions {
  readonly bssid: MacAddress;
  readonly ssid: Uint8Array;
  readonly passphrase: string;
  /** As in the beacon. */
  readonly rsnElement: Uint8Array;
  readonly groupCipher: keyof typeof GROUP_KEY_BYTES;
  readonly timers: Timers;
  readonly random: Random;
  readonly clients: ReadonlyMap<number, ApClient>;
  readonly delivery: ApDelivery;
  readonly onReady: (client: ApClient) => void;
  readonly onRefused: (client: ApClient, why: 'bad-mic' | 'bad-element') => void;
  /** The station did not answer the last repetition. */
  readonly onTimeout: (client: ApClient) => void;
}

/** The access point's handshakes with all its stations: keys, when to send, when to send again, when to give up. */
export class ApHandshake {
  private readonly options: ApHandshakeOptions;
  private pmks: PmkCache;
  private gtk: Gtk;

  constructor(options: ApHandshakeOptions) {
    this.options = options;
    this.pmks = new PmkCache(options.passphrase);
    this.gtk = this.newGroupKey();
  }

  /** From the next handshake on. */
  setPassphrase(passphrase: string): void {
    this.pmks = new PmkCache(passphrase);
  }

  /** The station is associated: message 1 follows. */
  begin(client: ApClient): void {
    this.options.timers.setIn(client.timer, MESSAGE_1_DELAY_TICKS);
  }

  /** New group key for all stations, by the group key handshake. */
  rekeyGroup(): void {
    this.gtk = this.newGroupKey();
    this.options.delivery.groupKeyChanged();
    for (const client of this.options.clients.values()) {
      const message = client.keysInstalled ? client.authenticator?.rekey(this.gtk) : null;
      if (message) this.sendNew(client, message);
    }
  }

  /** The client's timer: sends message 1, or the open message again; gives up after the last attempt. */
  step(client: ApClient): void {
    if (!client.authenticator) {
      client.authenticator = this.newAuthenticator(client);
      this.sendNew(client, client.authenticator.start());
    } else if (client.attempts >= MAX_ATTEMPTS) {
      this.options.onTimeout(client);
    } else {
      const message = client.authenticator.resend();
      if (message) this.send(client, message, client.attempts + 1);
    }
  }

  receive(client: ApClient, payload: Uint8Array): void {
    if (!client.authenticator) return;
    const { reply, outcome } = client.authenticator.receive(payload);
    if (outcome === 'bad-mic' || outcome === 'bad-element') this.options.onRefused(client, outcome);
    if (outcome === 'completed') {
      client.keysInstalled = true;
      client.packetNumber = 0;
      this.options.onReady(client);
    }
    if (outcome === 'completed' || outcome === 'group-rekeyed') this.options.timers.clear(client.timer);
    if (reply) this.sendNew(client, reply);
  }

  private newGroupKey(): Gtk {
    const { random, groupCipher } = this.options;
    return { keyId: GROUP_KEY_ID, key: random.bytes(GROUP_KEY_BYTES[groupCipher]) };
  }

  private newAuthenticator(client: ApClient): Authenticator {
    const { bssid, ssid, rsnElement, random } = this.options;
    return new Authenticator({
      pmk: this.pmks.keyFor(ssid),
      own: bssid,
      station: client.mac,
      rsnElement,
      stationRsnElement: client.stationRsnElement!,
      gtk: this.gtk,
      random,
    });
  }

  private sendNew(client: ApClient, message: Uint8Array): void {
    this.send(client, message, 1);
  }

  private send(client: ApClient, message: Uint8Array, attempt: number): void {
    client.attempts = attempt;
    this.options.delivery.sendEapol(client, message);
    this.options.timers.setIn(client.timer, RETRY_TICKS);
  }
}
