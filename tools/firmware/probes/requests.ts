import { setTimeout as sleep } from 'node:timers/promises';
import { labSlots } from '../../../harness/protocol/image-lab/make';
import { readVectors } from '../vectors';
import { check, same, type Probe, type ProbeDevice } from './device';
import { expectAnswer, expectUntouched, head, notAnImage, open, post, say, status } from './talk';

/** Probes of how requests are taken in. */

/** Two pieces, at every `stride`-th byte. */
async function cutEverywhere(
  device: ProbeDevice,
  what: string,
  bytes: Uint8Array,
  wanted: readonly [number, string],
): Promise<void> {
  const { cutStride, gapMs } = device.limits;
  for (let at = 1; at < bytes.length; at += cutStride) {
    const pieces = [bytes.subarray(0, at), bytes.subarray(at)];
    const answer = await say(device, `${what} cut at byte ${at}`, bytes, { pieces, gapMs });
    expectAnswer(`${what} cut at byte ${at}`, answer, ...wanted);
  }
}

const splitEverywhere: Probe = {
  name: 'split-everywhere',
  about: 'a request in two pieces, cut at each of its bytes, gets the answer that it gets in one',
  needs: [],
  isInstalling: false,
  run: async (device) => {
    const before = await device.readSlots();
    await cutEverywhere(device, 'GET /status', head(device, 'GET', '/status'), [200, '-']);
    await cutEverywhere(device, 'GET /nope', head(device, 'GET', '/nope'), [404, 'not_found']);
    await cutEverywhere(device, 'POST /send', post(device, notAnImage(9)), [400, 'bad_magic']);
    await expectUntouched(device, 'after requests in two pieces', before);
  },
};

const oneByteWrites: Probe = {
  name: 'one-byte-writes',
  about: 'a request written byte by byte gets the answer that it gets in one piece',
  needs: [],
  isInstalling: false,
  run: async (device) => {
    const before = await device.readSlots();
    const requests: readonly [string, Uint8Array, number, string][] = [
      ['GET /status', head(device, 'GET', '/status'), 200, '-'],
      ['GET /', head(device, 'GET', '/'), 200, '-'],
      ['DELETE /status', head(device, 'DELETE', '/status'), 405, 'method_not_allowed'],
      ['POST /send', post(device, notAnImage(40)), 400, 'bad_magic'],
    ];
    for (const [what, bytes, wanted, code] of requests) {
      const pieces = Array.from(bytes, (byte) => Uint8Array.of(byte));
      expectAnswer(`${what} byte by byte`, await say(device, what, bytes, { pieces }), wanted, code);
    }
    await expectUntouched(device, 'after requests byte by byte', before);
  },
};

const bigHead: Probe = {
  name: 'head-of-64k',
  about: 'a head of 64 KiB is 431, in one piece, in pieces of 1000 bytes, as one line and as many',
  needs: [],
  isInstalling: false,
  run: async (device) => {
    const oneLine = head(device, 'GET', '/status', [`X: ${'x'.repeat(65_536)}`]);
    const manyLines = head(
      device,
      'POST',
      '/send',
      Array.from({ length: 2_048 }, (_, i) => `X-${i}: ${'y'.repeat(24)}`),
    );
    for (const bytes of [oneLine, manyLines]) {
      const pieces = Array.from({ length: Math.ceil(bytes.length / 1_000) }, (_, i) =>
        bytes.subarray(i * 1_000, (i + 1) * 1_000),
      );
      expectAnswer('a head of 64 KiB', await say(device, 'a head of 64 KiB', bytes), 431, 'header_too_large');
      const answer = await say(device, 'a head of 64 KiB in pieces', bytes, { pieces });
      expectAnswer('a head of 64 KiB in pieces', answer, 431, 'header_too_large');
    }
    await status(device);
  },
};

/** The vectors of the contract; those that speak of one slot's size are for slots of that size. */
async function askVectors(
  device: ProbeDevice,
  block: string,
  wants: (name: string) => boolean,
): Promise<void> {
  const before = await device.readSlots();
  // Vectors with a token carry it themselves.
  const { next } = await status(device);
  const isOneMb = labSlots(device.layout, next).slot.sizeBytes === 0x70000 && next === 'ota_1';
  for (const fields of readVectors(block)) {
    const [name, wanted, code] = fields.slice(0, 3).map(String) as [string, string, string];
    if (!wants(name) || (!isOneMb && /over-slot|wrong-slot|header-only/.test(name))) continue;
    const answer = await say(device, `vector ${name}`, fields[3]!);
    expectAnswer(`vector ${name}`, answer, Number(wanted), code);
    same(`vector ${name}: Connection`, answer.headers['connection'], 'close');
  }
  await expectUntouched(device, `after the vectors ${block}`, before);
}

const vectors: Probe = {
  name: 'vectors',
  about: 'every request of the contract gets its answer, and nothing is erased',
  needs: [],
  isInstalling: false,
  run: (device) => askVectors(device, 'requests', () => true),
};

const contentLength: Probe = {
  name: 'content-length',
  about:
    'a length that is missing, negative, huge, said twice, in any case, or a chunked body: its answer each',
  needs: [],
  isInstalling: false,
  run: async (device) => {
    await askVectors(device, 'requests', (name) => /^(length|upload)-/.test(name));
    for (const name of ['content-length', 'CONTENT-LENGTH', 'Content-length']) {
      const request = Buffer.concat([head(device, 'POST', '/send', [`${name}: 9`]), notAnImage(9)]);
      expectAnswer(name, await say(device, name, request), 400, 'bad_magic');
    }
  },
};

const token: Probe = {
  name: 'token',
  about: 'only the very token opens what is guarded',
  needs: ['token'],
  isInstalling: false,
  run: (device) => askVectors(device, 'requests-token', () => true),
};

const pipelined: Probe = {
  name: 'pipelined',
  about: 'a second request behind the first is not answered, whatever the first was',
  needs: [],
  isInstalling: false,
  run: async (device) => {
    const before = await device.readSlots();
    const second = head(device, 'GET', '/nope');
    const firsts: readonly [string, Buffer, number, string][] = [
      ['GET /status', head(device, 'GET', '/status'), 200, '-'],
      ['GET /', head(device, 'GET', '/'), 200, '-'],
      ['POST /send', post(device, notAnImage(9)), 400, 'bad_magic'],
      ['POST /send without length', head(device, 'POST', '/send'), 411, 'no_length'],
    ];
    for (const [what, first, wanted, code] of firsts) {
      const both = Buffer.concat([first, second]);
      for (const pieces of [[both], [first, second]]) {
        const answer = await say(device, `${what}, and another`, both, {
          pieces,
          gapMs: device.limits.gapMs,
        });
        check(!answer.body.includes('HTTP/1.1 '), `${what}: the request behind it was answered`);
        same(
          `${what}: length`,
          Buffer.byteLength(answer.body, 'latin1'),
          Number(answer.headers['content-length']),
        );
        expectAnswer(what, answer, wanted, code);
      }
    }
    await expectUntouched(device, 'after two requests at once', before);
  },
};

const refusalIsHeard: Probe = {
  name: 'refusal-is-heard',
  about: 'a client that writes its whole body before it reads gets the refusal, and no reset',
  needs: [],
  isInstalling: false,
  run: async (device) => {
    for (let i = 0; i < 5; i += 1) {
      const request = post(device, notAnImage(200_000));
      const what = 'a body of 200000 bytes that was refused at its start';
      expectAnswer(what, await say(device, what, request), 400, 'bad_magic');
      // Written to the end, then read: a reset in between has thrown the answer away.
      const socket = open(device);
      let isBroken = false;
      socket.pause().on('error', () => (isBroken = true));
      for (let at = 0; at < request.length && !isBroken; at += 20_000) {
        socket.write(request.subarray(at, at + 20_000));
        await sleep(device.limits.gapMs);
      }
      socket.destroy();
      check(!isBroken, `${what}: the device reset the connection`);
    }
  },
};

const headTimesOut: Probe = {
  name: 'unfinished-head',
  about: 'a head that ends with the connection is 400, and connections that say nothing keep nobody out',
  needs: [],
  isInstalling: false,
  run: async (device) => {
    const part = head(device, 'GET', '/status').subarray(0, 20);
    const ended = await say(device, 'a head that ends early', part, { isHalfClosed: true });
    expectAnswer('a head that ends early', ended, 400, 'bad_request');
    const silent = Array.from({ length: 3 }, () => open(device));
    try {
      await sleep(600);
      for (let i = 0; i < 5; i += 1) await status(device);
    } finally {
      for (const socket of silent) socket.destroy();
    }
  },
};

export const REQUEST_PROBES: readonly Probe[] = [
  splitEverywhere,
  oneByteWrites,
  bigHead,
  vectors,
  contentLength,
  token,
  pipelined,
  refusalIsHeard,
  headTimesOut,
];
