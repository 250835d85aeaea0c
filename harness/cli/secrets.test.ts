import { describe, expect, it } from '@jest/globals';
import { keepSecret, masked, maskedBytes, maskedValue } from './secrets';

const SECRET = 'open-sesame-0815';

describe('what a command says', () => {
  it('has no secret in it, in whatever form, once the secret is known', () => {
    expect(masked(`token ${SECRET}`)).toBe(`token ${SECRET}`);
    keepSecret([SECRET]);
    keepSecret(['']);
    expect(masked(`token ${SECRET}, ${Buffer.from(SECRET).toString('hex')}`)).toBe(
      'token [masked], [masked]',
    );
    expect(maskedValue({ a: [SECRET, 7, null, true], b: undefined })).toEqual({
      a: ['[masked]', 7, null, true],
      b: undefined,
    });
  });

  it('has none where a console brings it in pieces, and keeps every other byte', () => {
    keepSecret([SECRET]);
    const text = `\u0080\u00ff one ${SECRET} two\r\nthree ${SECRET}`;
    const wanted = Buffer.from('\u0080\u00ff one [masked] two\r\nthree [masked]', 'latin1');
    for (const step of [1, 3, 7, 100]) {
      const said: Uint8Array[] = [];
      const console = maskedBytes((bytes) => said.push(bytes));
      const bytes = Buffer.from(text, 'latin1');
      for (let at = 0; at < bytes.length; at += step) console.feed(bytes.subarray(at, at + step));
      console.end();
      expect(Buffer.concat(said)).toEqual(wanted);
    }
  });
});
