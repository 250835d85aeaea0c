import { describe, expect, test } from '@jest/globals';
import type { MacAddress } from './addresses';
import { parseMac } from './addresses';
import { Authenticator } from './authenticator';
import { fromHex, hexBytes, utf8Bytes } from './bytes';
import { aesKeyUnwrap } from './crypto/key-wrap';
import { pmkFromPassphrase } from './crypto/pbkdf2';
import { derivePtk } from './crypto/prf';
import { encodeEapolKey, findGtk, parseEapolKey, verifyMic } from './eapol-key';
import { Random } from './random';
import { CIPHER, encodeRsn, parseRsn } from './rsn';
import { Supplicant } from './supplicant';

/**
 * The 4-way handshake in Wireshark's sample capture `wpa-Induction.pcap` (network "Coherer", passphrase "Induction"),
 * frames 87, 89, 92 and 94 from the 802.1X header on, and the access point's RSN element of frame 1.
 */
const CAPTURE = {
  ap: parseMac('00:0c:41:82:b2:55'),
  station: parseMac('00:0d:93:82:36:3a'),
  sNonce: fromHex('cdf405ceb9d889ef3dec42609828fae546b7add7baecbb1a394eac5214b1d386'),
  message1: fromHex(
    '0203007502008a001000000000000000003e8e967dacd960324cac5b6aa721235bf57b949771c867989f49d04ed47c6933' +
      '00'.repeat(48) +
      '0016dd14000fac04592da88096c461da246c69001e877f3d',
  ),
  message2: fromHex(
    '0203007502010a00100000000000000000cdf405ceb9d889ef3dec42609828fae546b7add7baecbb1a394eac5214b1d386' +
      '00'.repeat(32) +
      'a462a7029ad5ba30b6af0df391988e45001630140100000fac020100000fac040100000fac020000',
  ),
  message3: fromHex(
    '020300af0213ca001000000000000000013e8e967dacd960324cac5b6aa721235bf57b949771c867989f49d04ed47c6933' +
      'f57b949771c867989f49d04ed47c6934cf0200000000000000000000000000007d0af6df51e99cde7a187453f0f93537' +
      '0050cfa72cde35b2c1e2319255806ab364179fd9673041b9a5939fa1a2010d2ac794e25168055f794ddc1fdfae3521f4' +
      '446bfd11da98345f543df6ce199df8fe48f8cdd17adca87bf45711183c496d41aa0c',
  ),
  message4: fromHex(
    '0203005f02030a00100000000000000001' + '00'.repeat(64) + '10bba3bdfbcfde2bc537509d71f2ecd10000',
  ),
  apRsnElement: fromHex('30180100000fac020200000fac04000fac020100000fac020000'),
  stationRsnElement: fromHex('30140100000fac020100000fac040100000fac020000'),
};

/** A generator whose first bytes are given: the nonce of the capture. */
class FixedRandom extends Random {
  private readonly first: Uint8Array;

  constructor(first: Uint8Array) {
    super(1);
    this.first = first;
  }

  override bytes(sizeBytes: number): Uint8Array {
    return this.first.slice(0, sizeBytes);
  }
}

describe('the published handshake', () => {
  const pmk = pmkFromPassphrase('Induction', utf8Bytes('Coherer'));
  const aNonce = parseEapolKey(CAPTURE.message1)!.nonce;
  const ptk = derivePtk(pmk, [CAPTURE.ap, CAPTURE.station], [aNonce, CAPTURE.sNonce]);

  test('the MICs of its messages 2, 3 and 4 are right', () => {
    for (const bytes of [CAPTURE.message2, CAPTURE.message3, CAPTURE.message4]) {
      expect(verifyMic(ptk.kck, parseEapolKey(bytes)!)).toBe(true);
      const changed = bytes.slice();
      changed[20]! ^= 1;
      expect(verifyMic(ptk.kck, parseEapolKey(changed)!)).toBe(false);
    }
  });

  test('our encoder makes its messages 2 and 4, byte for byte', () => {
    const fields = { protocolVersion: 2, keyLength: 16 };
    const message2 = encodeEapolKey(
      {
        ...fields,
        info: 0x010a,
        replayCounter: 0,
        nonce: CAPTURE.sNonce,
        data: CAPTURE.stationRsnElement,
      },
      ptk.kck,
    );
    expect(hexBytes(message2)).toBe(hexBytes(CAPTURE.message2));
    const message4 = encodeEapolKey(
      { ...fields, info: 0x030a, replayCounter: 1, nonce: null, data: new Uint8Array(0) },
      ptk.kck,
    );
    expect(hexBytes(message4)).toBe(hexBytes(CAPTURE.message4));
  });

  test('our supplicant takes its messages 1 and 3 and finds the TKIP group key', () => {
    const supplicant = new Supplicant({
      pmk,
      own: CAPTURE.station,
      bssid: CAPTURE.ap,
      rsnElement: CAPTURE.stationRsnElement,
      apRsnElement: CAPTURE.apRsnElement,
      random: new FixedRandom(CAPTURE.sNonce),
    });
    expect(supplicant.receive(CAPTURE.message1).outcome).toBe('message-2');
    const third = supplicant.receive(CAPTURE.message3);
    expect(third.outcome).toBe('installed');
    expect(supplicant.gtk).toMatchObject({ keyId: 2 });
    expect(supplicant.gtk!.key).toHaveLength(32);
    expect(supplicant.receive(CAPTURE.message3).outcome).toBe('replayed');
    const own = parseEapolKey(third.reply!)!;
    expect(own.info).toBe(0x030a);
    expect(verifyMic(ptk.kck, own)).toBe(true);
  });

  test('its RSN elements are read', () => {
    expect(parseRsn(CAPTURE.apRsnElement.subarray(2))).toEqual({
      group: CIPHER.TKIP,
      pairwise: [CIPHER.CCMP, CIPHER.TKIP],
      akm: [2],
      capabilities: 0,
    });
    expect(hexBytes(encodeRsn(CIPHER.TKIP))).toBe(hexBytes(CAPTURE.stationRsnElement));
  });
});

const AP: MacAddress = parseMac('02:aa:bb:cc:dd:01');
const STATION: MacAddress = parseMac('02:11:22:33:44:55');

function both(passphrase = 'mypassword', seed = 1): { authenticator: Authenticator; supplicant: Supplicant } {
  const random = new Random(seed);
  const rsn = encodeRsn(CIPHER.CCMP);
  return {
    authenticator: new Authenticator({
      pmk: pmkFromPassphrase('mypassword', utf8Bytes('vap')),
      own: AP,
      station: STATION,
      rsnElement: rsn,
      stationRsnElement: rsn,
      gtk: { keyId: 1, key: random.bytes(16) },
      random,
    }),
    supplicant: new Supplicant({
      pmk: pmkFromPassphrase(passphrase, utf8Bytes('vap')),
      own: STATION,
      bssid: AP,
      rsnElement: rsn,
      apRsnElement: rsn,
      random,
    }),
  };
}

describe('both roles against each other', () => {
  test('agree in four messages with the fields the firmware was seen to use', () => {
    const { authenticator, supplicant } = both();
    const first = authenticator.start();
    const second = supplicant.receive(first).reply!;
    const third = authenticator.receive(second).reply!;
    const fourth = supplicant.receive(third);
    expect(fourth.outcome).toBe('installed');
    expect(authenticator.receive(fourth.reply!)).toEqual({ reply: null, outcome: 'completed' });
    expect(authenticator.done).toBe(true);

    const fields = [first, second, third, fourth.reply!].map((bytes) => parseEapolKey(bytes)!);
    expect(fields.map(({ info }) => info)).toEqual([0x008a, 0x010a, 0x13ca, 0x030a]);
    expect(fields.map(({ replayCounter }) => replayCounter)).toEqual([1, 1, 2, 2]);
    expect(fields.map(({ keyLength }) => keyLength)).toEqual([16, 0, 16, 0]);
    expect(fields.map(({ protocolVersion }) => protocolVersion)).toEqual([2, 1, 2, 1]);
    // 22 bytes of RSN element, 24 of group key, padded to 48 and wrapped to 56 (wifi.md section 11.5).
    expect(fields[2]!.data).toHaveLength(56);
  });

  test('lost messages are made good by sending again, without installing twice', () => {
    const { authenticator, supplicant } = both();
    authenticator.start();
    const second = supplicant.receive(authenticator.resend()!).reply!;
    authenticator.receive(second);
    expect(supplicant.receive(authenticator.resend()!).outcome).toBe('installed');
    const again = supplicant.receive(authenticator.resend()!);
    expect(again.outcome).toBe('repeated');
    expect(authenticator.receive(again.reply!).outcome).toBe('completed');
    expect(authenticator.resend()).toBeNull();
  });

  test('a late message 2 to an earlier message 1 still counts', () => {
    const { authenticator, supplicant } = both();
    const late = supplicant.receive(authenticator.start()).reply!;
    authenticator.resend();
    expect(authenticator.receive(late).outcome).toBe('message-3');
  });

  test('a wrong passphrase shows at message 2 and is not answered', () => {
    const { authenticator, supplicant } = both('wrongpassword');
    const second = supplicant.receive(authenticator.start()).reply!;
    expect(authenticator.receive(second)).toEqual({ reply: null, outcome: 'bad-mic' });
  });

  test('the supplicant refuses a third message that is changed, replayed or from elsewhere', () => {
    const { authenticator, supplicant } = both();
    const third = authenticator.receive(supplicant.receive(authenticator.start()).reply!).reply!;
    const changed = (at: number): Uint8Array => {
      const copy = third.slice();
      copy[at]! ^= 1;
      return copy;
    };
    expect(supplicant.receive(changed(16)).outcome).toBe('bad-mic');
    expect(supplicant.receive(changed(20)).outcome).toBe('bad-nonce');
    expect(supplicant.receive(changed(third.length - 1)).outcome).toBe('bad-mic');
    expect(supplicant.receive(third).outcome).toBe('installed');
    expect(supplicant.receive(third).outcome).toBe('replayed');
  });

  test('a third message with another RSN element than the beacon is refused (downgrade)', () => {
    const random = new Random(3);
    const pmk = random.bytes(32);
    const rsn = encodeRsn(CIPHER.CCMP);
    const authenticator = new Authenticator({
      pmk,
      own: AP,
      station: STATION,
      rsnElement: encodeRsn(CIPHER.TKIP),
      stationRsnElement: rsn,
      gtk: { keyId: 1, key: random.bytes(16) },
      random,
    });
    const options = { pmk, own: STATION, bssid: AP, rsnElement: rsn, apRsnElement: rsn, random };
    const supplicant = new Supplicant(options);
    const third = authenticator.receive(supplicant.receive(authenticator.start()).reply!).reply!;
    expect(supplicant.receive(third).outcome).toBe('bad-element');
  });

  test('a new nonce of the access point makes a new key', () => {
    const { authenticator, supplicant } = both();
    supplicant.receive(authenticator.start());
    const fresh = both('mypassword', 77).authenticator;
    const third = fresh.receive(supplicant.receive(fresh.start()).reply!).reply!;
    expect(supplicant.receive(third).outcome).toBe('installed');
  });

  test('the group key handshake replaces the group key', () => {
    const { authenticator, supplicant } = both();
    const third = authenticator.receive(supplicant.receive(authenticator.start()).reply!).reply!;
    authenticator.receive(supplicant.receive(third).reply!);
    const key = new Uint8Array(16).fill(9);
    const result = supplicant.receive(authenticator.rekey({ keyId: 2, key })!);
    expect(result.outcome).toBe('group-rekeyed');
    expect(supplicant.gtk).toEqual({ keyId: 2, key });
    expect(authenticator.receive(result.reply!).outcome).toBe('group-rekeyed');
  });

  test('bytes that are no EAPOL-Key frame are ignored by both', () => {
    const { authenticator, supplicant } = both();
    const random = new Random(8);
    authenticator.start();
    for (let round = 0; round < 400; round++) {
      const bytes = random.bytes(random.below(140));
      bytes.set([2, 3, 0, Math.max(0, bytes.length - 4), 2].slice(0, bytes.length));
      expect(['ignored', 'unsupported', 'message-2']).toContain(supplicant.receive(bytes).outcome);
      expect(['ignored', 'replayed', 'bad-mic']).toContain(authenticator.receive(bytes).outcome);
    }
  });

  test('key data of the capture unwraps to an RSN element and a key', () => {
    const pmk = pmkFromPassphrase('Induction', utf8Bytes('Coherer'));
    const aNonce = parseEapolKey(CAPTURE.message1)!.nonce;
    const { kek } = derivePtk(pmk, [CAPTURE.ap, CAPTURE.station], [aNonce, CAPTURE.sNonce]);
    const data = aesKeyUnwrap(kek, parseEapolKey(CAPTURE.message3)!.data)!;
    expect(hexBytes(data.subarray(0, 26))).toBe(hexBytes(CAPTURE.apRsnElement));
    expect(findGtk(data)!.key).toHaveLength(32);
  });
});
