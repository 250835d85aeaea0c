import type { MacAddress } from './addresses';
import { equalBytes } from './bytes';
import { aesKeyUnwrap } from './crypto/key-wrap';
import type { Ptk } from './crypto/prf';
import { derivePtk } from './crypto/prf';
import type { EapolKey, Gtk } from './eapol-key';
import {
  DESCRIPTOR_VERSION_AES,
  encodeEapolKey,
  findGtk,
  KEY_INFO,
  NONCE_BYTES,
  parseEapolKey,
  verifyMic,
} from './eapol-key';
import { ELEMENT, findElement, parseElements } from './ie';
import type { Random } from './random';

export interface SupplicantOptions {
  readonly pmk: Uint8Array;
  readonly own: MacAddress;
  readonly bssid: MacAddress;
  /** Our RSN element, as in the association request. */
  readonly rsnElement: Uint8Array;
  /** The access point's RSN element as its beacon shows it; message 3 must carry the same. */
  readonly apRsnElement: Uint8Array | null;
  readonly random: Random;
}

/** What came of a received EAPOL frame. Keys count as installed after `reply` has been sent. */
export interface SupplicantResult {
  readonly reply: Uint8Array | null;
  readonly outcome:
    | 'message-2'
    | 'installed'
    | 'repeated'
    | 'group-rekeyed'
    | 'ignored'
    | 'bad-mic'
    | 'bad-nonce'
    | 'replayed'
    | 'bad-element'
    | 'bad-key-data'
    | 'unsupported';
}

const none = (outcome: SupplicantResult['outcome']): SupplicantResult => ({ reply: null, outcome });

/** The station's side of the 4-way and group key handshakes (IEEE 802.11-2020 sections 12.7.6 and 12.7.7). */
export class Supplicant {
  private readonly options: SupplicantOptions;
  private readonly sNonce: Uint8Array;
  private aNonce: Uint8Array | null = null;
  private ptk: Ptk | null = null;
  private installed = false;
  private lastReplay = -1;
  private groupKey: Gtk | null = null;

  constructor(options: SupplicantOptions) {
    this.options = options;
    // One nonce for all repeats of message 1.
    this.sNonce = options.random.bytes(NONCE_BYTES);
  }

  get gtk(): Gtk | null {
    return this.groupKey;
  }

  receive(bytes: Uint8Array): SupplicantResult {
    const frame = parseEapolKey(bytes);
    if (!frame || !(frame.info & KEY_INFO.ACK)) return none('ignored');
    if ((frame.info & KEY_INFO.VERSION_MASK) !== DESCRIPTOR_VERSION_AES) return none('unsupported');
    if (!(frame.info & KEY_INFO.MIC)) return this.message1(frame);
    return frame.info & KEY_INFO.PAIRWISE ? this.message3(frame) : this.groupMessage(frame);
  }

  private message1(frame: EapolKey): SupplicantResult {
    const { pmk, own, bssid, rsnElement } = this.options;
    if (!this.aNonce || !equalBytes(this.aNonce, frame.nonce)) {
      this.aNonce = frame.nonce;
      this.ptk = derivePtk(pmk, [bssid, own], [frame.nonce, this.sNonce]);
      this.installed = false;
    }
    const reply = encodeEapolKey(
      {
        protocolVersion: 1,
        info: KEY_INFO.MIC | KEY_INFO.PAIRWISE | (frame.info & KEY_INFO.VERSION_MASK),
        keyLength: 0,
        replayCounter: frame.replayCounter,
        nonce: this.sNonce,
        data: rsnElement,
      },
      this.ptk!.kck,
    );
    return { reply, outcome: 'message-2' };
  }

  private message3(frame: EapolKey): SupplicantResult {
    if (!this.ptk || !this.aNonce) return none('ignored');
    if (!equalBytes(frame.nonce, this.aNonce)) return none('bad-nonce');
    const refusal = this.check(frame);
    if (refusal) return none(refusal);
    const data = this.keyData(frame);
    if (!data) return none('bad-key-data');
    const rsn = findElement(parseElements(data, 0), ELEMENT.RSN);
    const expected = this.options.apRsnElement;
    if (expected && (!rsn || !equalBytes(rsn.bytes, expected))) return none('bad-element');
    const gtk = findGtk(data);
    if (!gtk) return none('bad-key-data');
    this.lastReplay = frame.replayCounter;
    this.groupKey = gtk;
    const outcome = this.installed ? 'repeated' : 'installed';
    this.installed = true;
    return { reply: this.confirm(frame, KEY_INFO.PAIRWISE), outcome };
  }

  private groupMessage(frame: EapolKey): SupplicantResult {
    if (!this.ptk || !this.installed) return none('ignored');
    const refusal = this.check(frame);
    if (refusal) return none(refusal);
    const data = this.keyData(frame);
    const gtk = data && findGtk(data);
    if (!gtk) return none('bad-key-data');
    this.lastReplay = frame.replayCounter;
    this.groupKey = gtk;
    return { reply: this.confirm(frame, 0), outcome: 'group-rekeyed' };
  }

  private check(frame: EapolKey): 'bad-mic' | 'replayed' | null {
    if (!verifyMic(this.ptk!.kck, frame)) return 'bad-mic';
    return frame.replayCounter <= this.lastReplay ? 'replayed' : null;
  }

  private keyData(frame: EapolKey): Uint8Array | null {
    return frame.info & KEY_INFO.ENCRYPTED ? aesKeyUnwrap(this.ptk!.kek, frame.data) : frame.data;
  }

  /** Message 4, or message 2 of the group handshake. */
  private confirm(frame: EapolKey, pairwise: number): Uint8Array {
    return encodeEapolKey(
      {
        protocolVersion: 1,
        info: KEY_INFO.MIC | KEY_INFO.SECURE | pairwise | (frame.info & KEY_INFO.VERSION_MASK),
        keyLength: 0,
        replayCounter: frame.replayCounter,
        nonce: null,
        data: new Uint8Array(0),
      },
      this.ptk!.kck,
    );
  }
}
