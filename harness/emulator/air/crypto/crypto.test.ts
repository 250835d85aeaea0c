import { createCipheriv, createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { concatBytes, fromHex, hexBytes, utf8Bytes } from '../bytes';
import { Random } from '../random';
import { Aes } from './aes';
import { hmacSha1 } from './hmac-sha1';
import { aesKeyUnwrap, aesKeyWrap } from './key-wrap';
import { pbkdf2Sha1, pmkFromPassphrase } from './pbkdf2';
import { derivePtk, prf } from './prf';
import { sha1 } from './sha1';

const text = utf8Bytes;

describe('SHA-1', () => {
  test.each([
    ['', 'da39a3ee5e6b4b0d3255bfef95601890afd80709'],
    ['abc', 'a9993e364706816aba3e25717850c26c9cd0d89d'],
    ['abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq', '84983e441c3bd26ebaae4aa1f95129e5e54670f1'],
  ])('of %p is the published digest', (message, digest) => {
    expect(hexBytes(sha1(text(message)))).toBe(digest);
  });

  test('agrees with node:crypto at every length around the block borders', () => {
    const random = new Random(1);
    for (let size = 0; size < 200; size++) {
      const bytes = random.bytes(size);
      expect(hexBytes(sha1(bytes))).toBe(createHash('sha1').update(bytes).digest('hex'));
    }
  });
});

describe('HMAC-SHA1', () => {
  test.each([
    [fromHex('0b'.repeat(20)), text('Hi There'), 'b617318655057264e28bc0b6fb378c8ef146be00'],
    [text('Jefe'), text('what do ya want for nothing?'), 'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79'],
    [fromHex('aa'.repeat(20)), fromHex('dd'.repeat(50)), '125d7342b9ac11cd91a39af48aa17b4f63f175d3'],
    [
      fromHex('0102030405060708090a0b0c0d0e0f10111213141516171819'),
      fromHex('cd'.repeat(50)),
      '4c9007f4026250c6bc8414f9bf50c86c2d7235da',
    ],
    [
      fromHex('aa'.repeat(80)),
      text('Test Using Larger Than Block-Size Key - Hash Key First'),
      'aa4ae5e15272d00e95705637ce8a3b55ed402112',
    ],
  ])('RFC 2202 case %#', (key, data, digest) => {
    expect(hexBytes(hmacSha1(key, data))).toBe(digest);
  });

  test('agrees with node:crypto when the message comes in parts', () => {
    const random = new Random(2);
    for (let round = 0; round < 50; round++) {
      const key = random.bytes(random.below(100));
      const parts = [random.bytes(random.below(90)), random.bytes(random.below(90))];
      const expected = createHmac('sha1', key)
        .update(concatBytes(...parts))
        .digest('hex');
      expect(hexBytes(hmacSha1(key, ...parts))).toBe(expected);
    }
  });
});

describe('PBKDF2', () => {
  test.each([
    ['password', 'salt', 1, 20, '0c60c80f961f0e71f3a9b524af6012062fe037a6'],
    ['password', 'salt', 2, 20, 'ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957'],
    ['password', 'salt', 4096, 20, '4b007901b765489abead49d926f721d065a429c1'],
    [
      'passwordPASSWORDpassword',
      'saltSALTsaltSALTsaltSALTsaltSALTsalt',
      4096,
      25,
      '3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038',
    ],
    ['pass\0word', 'sa\0lt', 4096, 16, '56fa6aa75548099dcc37d7f03425e0c3'],
  ])('RFC 6070: %j, %j, %i rounds', (password, salt, iterations, size, key) => {
    const expected = pbkdf2Sync(password, salt, iterations, size, 'sha1').toString('hex');
    expect(hexBytes(pbkdf2Sha1(text(password), text(salt), iterations, size))).toBe(expected);
    expect(expected).toBe(key);
  });

  // IEEE 802.11-2020 annex J.4.2, passphrase test vectors.
  test.each([
    ['password', 'IEEE', 'f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e'],
    ['ThisIsAPassword', 'ThisIsASSID', '0dc0d6eb90555ed6419756b9a15ec3e3209b63df707dd508d14581f8982721af'],
    ['a'.repeat(32), 'Z'.repeat(32), 'becb93866bb8c3832cb777c2f559807c8c59afcb6eae734885001300a981cc62'],
  ])("PMK of %p in network %p is the standard's", (passphrase, ssid, pmk) => {
    expect(hexBytes(pmkFromPassphrase(passphrase, text(ssid)))).toBe(pmk);
  });

  test('64 hexadecimal digits are the key itself; other lengths are refused', () => {
    expect(hexBytes(pmkFromPassphrase('0123456789ABCDEF'.repeat(4), text('x')))).toBe(
      '0123456789abcdef'.repeat(4),
    );
    expect(() => pmkFromPassphrase('short', text('x'))).toThrow('8 to 63');
    expect(() => pmkFromPassphrase('x'.repeat(64), text('x'))).toThrow('8 to 63');
  });
});

describe('PRF', () => {
  // IEEE 802.11-2020 annex J.3.2: the first 20 bytes of each test case are the whole HMAC.
  test("PRF-512 of the standard's first test case", () => {
    const key = prf(fromHex('0b'.repeat(20)), 'prefix', text('Hi There'), 64);
    expect(hexBytes(key)).toBe(
      'bcd4c650b30b9684951829e0d75f9d54b862175ed9f00606e17d8da35402ffee' +
        '75df78c3d31e0f889f012120c0862beb67753e7439ae242edb8373698356cf5a',
    );
  });

  test('PTK does not depend on the order of addresses and nonces', () => {
    const random = new Random(5);
    const pmk = random.bytes(32);
    const [aa, sa, aNonce, sNonce] = [random.bytes(6), random.bytes(6), random.bytes(32), random.bytes(32)];
    const one = derivePtk(pmk, [aa, sa], [aNonce, sNonce]);
    const two = derivePtk(pmk, [sa, aa], [sNonce, aNonce]);
    expect(one).toEqual(two);
    expect([one.kck.length, one.kek.length, one.tk.length]).toEqual([16, 16, 16]);
  });

  // IEEE 802.11-2020 annex J.6.1 gives PMK, addresses and nonces of a pairwise key derivation; J.6.2 the CCMP keys.
  test("PTK of the standard's pairwise key derivation", () => {
    const ptk = derivePtk(
      fromHex('0dc0d6eb90555ed6419756b9a15ec3e3209b63df707dd508d14581f8982721af'),
      [fromHex('a0a1a1a3a4a5'), fromHex('b0b1b2b3b4b5')],
      [
        fromHex('c0c1c2c3c4c5c6c7c8c9d0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5'),
        fromHex('e0e1e2e3e4e5e6e7e8e9f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff000102030405'),
      ],
    );
    expect(hexBytes(ptk.kck)).toBe('379f9852d0199236b94e407ce4c00ec8');
    expect(hexBytes(ptk.kek)).toBe('47c9edc01c2c6e5b4910caddfb3e51a7');
    expect(hexBytes(ptk.tk)).toBe('b2360c79e9710fdd58bea93deaf06599');
  });
});

describe('AES', () => {
  test.each([
    ['000102030405060708090a0b0c0d0e0f', '69c4e0d86a7b0430d8cdb78070b4c55a'],
    ['000102030405060708090a0b0c0d0e0f1011121314151617', 'dda97ca4864cdfe06eaf70a0ec0d7191'],
    ['000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', '8ea2b7ca516745bfeafc49904b496089'],
  ])('FIPS 197 appendix C with key %s', (key, cipher) => {
    const block = fromHex('00112233445566778899aabbccddeeff');
    const aes = new Aes(fromHex(key));
    aes.encrypt(block);
    expect(hexBytes(block)).toBe(cipher);
    aes.decrypt(block);
    expect(hexBytes(block)).toBe('00112233445566778899aabbccddeeff');
  });

  test.each([
    [
      '000102030405060708090A0B0C0D0E0F',
      '00112233445566778899AABBCCDDEEFF',
      '1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5',
    ],
    [
      '000102030405060708090A0B0C0D0E0F1011121314151617',
      '00112233445566778899AABBCCDDEEFF0001020304050607',
      '031d33264e15d33268f24ec260743edce1c6c7ddee725a936ba814915c6762d2',
    ],
    [
      '000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F',
      '00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F',
      '28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21',
    ],
  ])('RFC 3394 wraps with key %s', (kek, data, wrapped) => {
    expect(hexBytes(aesKeyWrap(fromHex(kek), fromHex(data)))).toBe(wrapped);
    expect(hexBytes(aesKeyUnwrap(fromHex(kek), fromHex(wrapped))!)).toBe(data.toLowerCase());
  });

  test('key wrap agrees with OpenSSL and refuses changed bytes and wrong keys', () => {
    const random = new Random(6);
    for (let blocks = 2; blocks < 14; blocks++) {
      const kek = random.bytes(16);
      const data = random.bytes(blocks * 8);
      const cipher = createCipheriv('id-aes128-wrap', kek, fromHex('a6'.repeat(8)));
      const wrapped = aesKeyWrap(kek, data);
      expect(hexBytes(wrapped)).toBe(Buffer.concat([cipher.update(data), cipher.final()]).toString('hex'));
      wrapped[random.below(wrapped.length)]! ^= 1 << random.below(8);
      expect(aesKeyUnwrap(kek, wrapped)).toBeNull();
      expect(aesKeyUnwrap(random.bytes(16), aesKeyWrap(kek, data))).toBeNull();
    }
    expect(() => aesKeyWrap(new Uint8Array(16), new Uint8Array(12))).toThrow(RangeError);
  });
});
