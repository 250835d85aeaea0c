import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MASKED, Masker } from './mask';

const SECRET = 'p&ss "w/rd\\é+1';
const LATIN1 = Buffer.from(SECRET, 'utf8').toString('latin1');

describe('a secret is masked', () => {
  const inJson = JSON.stringify(SECRET).slice(1, -1);
  test.each([
    ['as it is', SECRET],
    ['percent-encoded', encodeURIComponent(SECRET)],
    ['percent-encoded in small letters', encodeURIComponent(SECRET).toLowerCase()],
    ['percent-encoded wholly', [...Buffer.from(SECRET)].map((byte) => `%${byte.toString(16)}`).join('')],
    ['percent-encoded twice', encodeURIComponent(encodeURIComponent(SECRET))],
    ['in a form', new URLSearchParams([['', SECRET]]).toString().slice(1)],
    ['in JSON', inJson],
    ['in JSON in JSON', JSON.stringify(inJson).slice(1, -1)],
    ['in JSON with escaped slashes', inJson.replaceAll('/', '\\/')],
    ['in JSON of ASCII only', inJson.replace('é', () => '\\u00e9')],
    ['in HTML', SECRET.replaceAll('&', '&amp;').replaceAll('"', '&quot;')],
    ['in HTML by numbers', SECRET.replaceAll('&', '&#38;').replaceAll('"', '&#x22;')],
    ['in hex', Buffer.from(SECRET).toString('hex')],
    [
      'in capital hex with blanks',
      Buffer.from(SECRET)
        .toString('hex')
        .toUpperCase()
        .replace(/..(?=.)/g, '$& '),
    ],
  ])('%s', (_name, form) => {
    const masker = new Masker([SECRET]);
    expect(masker.text(`before ${form} behind`)).toBe(`before ${MASKED} behind`);
  });

  test.each([0, 1, 2, 3, 4])('in base64 behind %d other bytes, with nothing of it left', (shift) => {
    const encoded = Buffer.from(`${'u'.repeat(shift)}${SECRET}:tail`).toString('base64');
    for (const form of [encoded, encoded.replaceAll('+', '-').replaceAll('/', '_')]) {
      const masked = new Masker([SECRET]).text(`Basic ${form}`);
      expect(masked).toContain(MASKED);
      const rest = masked.replace('Basic ', '').replace(MASKED, '').replaceAll('=', '');
      expect(rest.length).toBeLessThanOrEqual(Math.ceil(((shift + 5) * 4) / 3));
    }
  });

  test('as the whole of a base64 text, its padding too', () => {
    expect(new Masker(['token-4711']).text(`x ${btoa('token-4711')} y`)).toBe(`x ${MASKED} y`);
  });

  test('in raw bytes, where an é is two', () => {
    const masker = new Masker([SECRET]);
    expect(masker.latin1(`a${LATIN1}b`)).toBe(`a${MASKED}b`);
    expect(masker.text(`a${LATIN1}b`)).toBe(`a${LATIN1}b`);
  });

  test('wherever it stands and whatever it is', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 4, maxLength: 24 }),
        fc.string(),
        fc.string(),
        (secret, before, behind) => {
          const masker = new Masker([secret]);
          for (const form of [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]) {
            expect(masker.text(`${before}${form}${behind}`)).toContain(MASKED);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('what is no secret stays', () => {
  test('without secrets, and with empty ones, everything', () => {
    for (const masker of [new Masker([]), new Masker([''])]) {
      expect(masker.text('a b c')).toBe('a b c');
      expect(masker.safeCut('abc')).toBe(3);
    }
  });

  test('a short secret blackens whole words only', () => {
    expect(new Masker(['abc']).text('abc abcd xabc abc.')).toBe(`${MASKED} abcd xabc ${MASKED}.`);
  });

  test('the longer of two secrets is masked whole', () => {
    const masker = new Masker(['secret']).with(['secret-and-more']);
    expect(masker.text('secret-and-more secret')).toBe(`${MASKED} ${MASKED}`);
    expect(masker.with(['secret'])).toBe(masker);
  });
});

test('a capture keeps its size', () => {
  const bytes = new Uint8Array(Buffer.from('\u0000\u0001Bearer token-4711\u00ff', 'latin1'));
  const masked = new Masker(['token-4711']).sameLength(bytes);
  expect(Buffer.from(masked).toString('latin1')).toBe('\u0000\u0001Bearer **********\u00ff');
});

test('a stream is never cut inside of a secret', () => {
  const secret = 'token-4711';
  const text = `boot\npsk=${secret} and ${encodeURIComponent(secret)} more\nlast ${secret}`;
  const masker = new Masker([secret]);
  for (let slice = 1; slice < text.length; slice++) {
    let held = '';
    let out = '';
    for (let at = 0; at < text.length; at += slice) {
      held += text.slice(at, at + slice);
      const cut = masker.safeCut(held);
      out += masker.latin1(held.slice(0, cut));
      held = held.slice(cut);
    }
    expect(out + masker.latin1(held)).toBe(masker.latin1(text));
  }
});
