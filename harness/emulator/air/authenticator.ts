import type { MacAddress } from './addresses';
import { concatBytes, equalBytes } from './bytes';
import { aesKeyWrap } from './crypto/key-wrap';
import type { Ptk } from './crypto/prf';
import { derivePtk } from './crypto/prf';
import type { EapolKey, Gtk } from './eapol-key';
import {
  DESCRIPTOR_VERSION_AES,
  encodeEapolKey,
  encodeGtk,
  KEY_INFO,
  NONCE_BYTES,
  padKeyData,
  parseEapolKey,
  verifyMic,
} from './eapol-key';
import type { Random } from './random';

export interface AuthenticatorOptions {
  readonly pmk: Uint8Array;
  readonly own: MacAddress;
  readonly station: MacAddress;
  /** Our RSN element exactly as in the beacon. */
  readonly rsnElement: Uint8Array;
  /** The station's RSN element from its association request; message 2 must carry the same. */
  readonly stationRsnElement: Uint8Array;
  readonly gtk: Gtk;
  readonly random: Random;
}

export interface AuthenticatorResult {
  readonly reply: Uint8Array | null;
  readonly outcome:
    'message-3' | 'completed' | 'group-rekeyed' | 'ignored' | 'bad-mic' | 'bad-element' | 'replayed';
}

const none = (outcome: AuthenticatorResult['outcome']): AuthenticatorResult => ({ reply: null, outcome });
const PAIRWISE_KEY_BYTES = 16;

/** The access point's side of the 4-way and group key handshakes. Timers are the owner's: it calls {@link resend}. */
export class Authenticator {
  private readonly options: AuthenticatorOptions;
  private readonly aNonce: Uint8Array;
  private ptk: Ptk | null = null;
  private replayCounter = 0;
  /** Answers to counters below this belong to an earlier message. */
  private firstReplay = 1;
  private stage: 'message-1' | 'message-3' | 'done' | 'group' = 'message-1';
  private gtk: Gtk;

  constructor(options: AuthenticatorOptions) {
    this.options = options;
    this.gtk = options.gtk;
    this.aNonce = options.random.bytes(NONCE_BYTES);
  }

  get done(): boolean {
    return this.stage === 'done' || this.stage === 'group';
  }

  /** Message 1. */
  start(): Uint8Array {
    this.stage = 'message-1';
    return this.current()!;
  }

  /** The message the station has not answered, with a counter of its own; null when none is open. */
  resend(): Uint8Array | null {
    return this.current();
  }

  /** Starts the group key handshake with a new key. */
  rekey(gtk: Gtk): Uint8Array | null {
    if (!this.done) return null;
    this.gtk = gtk;
    this.stage = 'group';
    this.firstReplay = this.replayCounter + 1;
    return this.current();
  }

  receive(bytes: Uint8Array): AuthenticatorResult {
    const frame = parseEapolKey(bytes);
    if (!frame || frame.info & (KEY_INFO.ACK | KEY_INFO.REQUEST) || !(frame.info & KEY_INFO.MIC))
      return none('ignored');
    if (frame.replayCounter > this.replayCounter) return none('replayed');
    if (frame.info & KEY_INFO.PAIRWISE) {
      // Message 4 says "secure" and has no data; old supplicants forget the bit, so the data decides.
      return frame.data.length > 0 ? this.message2(frame) : this.message4(frame);
    }
    return this.groupMessage2(frame);
  }

  private message2(frame: EapolKey): AuthenticatorResult {
    const { pmk, own, station, stationRsnElement } = this.options;
    if (this.stage !== 'message-1') return none('ignored');
    if (frame.replayCounter < this.firstReplay) return none('replayed');
    const ptk = derivePtk(pmk, [own, station], [this.aNonce, frame.nonce]);
    if (!verifyMic(ptk.kck, frame)) return none('bad-mic');
    if (!equalBytes(frame.data, stationRsnElement)) return none('bad-element');
    this.ptk = ptk;
    this.stage = 'message-3';
    this.firstReplay = this.replayCounter + 1;
    return { reply: this.current(), outcome: 'message-3' };
  }

  private message4(frame: EapolKey): AuthenticatorResult {
    if (this.stage !== 'message-3' || !this.ptk) return none('ignored');
    if (frame.replayCounter < this.firstReplay) return none('replayed');
    if (!verifyMic(this.ptk.kck, frame)) return none('bad-mic');
    this.stage = 'done';
    return none('completed');
  }

  private groupMessage2(frame: EapolKey): AuthenticatorResult {
    if (this.stage !== 'group' || !this.ptk) return none('ignored');
    if (frame.replayCounter < this.firstReplay) return none('replayed');
    if (!verifyMic(this.ptk.kck, frame)) return none('bad-mic');
    this.stage = 'done';
    return none('group-rekeyed');
  }

  private current(): Uint8Array | null {
    switch (this.stage) {
      case 'message-1':
        return this.encode(KEY_INFO.PAIRWISE | KEY_INFO.ACK, new Uint8Array(0), null);
      case 'message-3': {
        const data = concatBytes(this.options.rsnElement, encodeGtk(this.gtk.keyId, this.gtk.key));
        const info =
          KEY_INFO.PAIRWISE |
          KEY_INFO.INSTALL |
          KEY_INFO.ACK |
          KEY_INFO.MIC |
          KEY_INFO.SECURE |
          KEY_INFO.ENCRYPTED;
        return this.encode(info, this.wrap(data), this.ptk!.kck);
      }
      case 'group': {
        const info = KEY_INFO.ACK | KEY_INFO.MIC | KEY_INFO.SECURE | KEY_INFO.ENCRYPTED;
        return this.encode(info, this.wrap(encodeGtk(this.gtk.keyId, this.gtk.key)), this.ptk!.kck);
      }
      case 'done':
        return null;
    }
  }

  private wrap(data: Uint8Array): Uint8Array {
    return aesKeyWrap(this.ptk!.kek, padKeyData(data));
  }

  private encode(info: number, data: Uint8Array, kck: Uint8Array | null): Uint8Array {
    return encodeEapolKey(
      {
        protocolVersion: 2,
        info: info | DESCRIPTOR_VERSION_AES,
        keyLength: info & KEY_INFO.PAIRWISE ? PAIRWISE_KEY_BYTES : 0,
        replayCounter: ++this.replayCounter,
        nonce: info & KEY_INFO.PAIRWISE ? this.aNonce : null,
        data,
      },
      kck,
    );
  }
}
