import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildSyntheticApp } from '../../../harness/protocol/image-lab/encode';
import type { Slot } from '../../../harness/protocol/slots';
import type { RawAnswer } from '../raw-http';
import { check, same, type Probe, type ProbeDevice } from './device';
import { EventStream } from './stream';
import {
  awaitRestart,
  codeOf,
  expectAnswer,
  expectUnharmed,
  expectUntouched,
  head,
  leaveSomething,
  notAnImage,
  open,
  plan,
  post,
  say,
  status,
  until,
  withBadSha256,
} from './talk';

/** Probes of uploads, good and bad. */

/** 200, and the slot holds the image and boots; the device comes back with it. */
async function expectInstalled(
  device: ProbeDevice,
  what: string,
  answer: RawAnswer,
  slot: Slot,
  image: Uint8Array,
): Promise<void> {
  expectAnswer(what, answer, 200);
  same(what, JSON.parse(answer.body), { slot: slot.label, bytes: image.length });
  await awaitRestart(device, slot.label);
  same(`${what}: slot that boots`, (await device.readSlots()).boot, slot.label);
  same(
    `${what}: the image in the slot`,
    await device.slotSha256(slot.label, image.length),
    createHash('sha256').update(image).digest('hex'),
  );
}

const goodUpload: Probe = {
  name: 'good-upload',
  about: 'a good image is installed, told from 0 to 100 with rising ids, booted within 2 s',
  needs: [],
  isInstalling: true,
  run: async (device) => {
    const { slot, image } = await plan(device);
    using stream = await EventStream.open(device);
    const answer = await say(device, 'a good upload', post(device, image));
    expectAnswer('a good upload', answer, 200);
    await stream.until('the event that ends an upload', () =>
      /^(installed|failed)$/.test(stream.progress().at(-1)?.status ?? ''),
    );
    stream.checkProgress('installed');
    stream.checkIds();
    same(
      'statuses in their order',
      [...new Set(stream.progress().map((each) => each.status))],
      ['receiving', 'verifying', 'installed'],
    );
    await expectInstalled(device, 'a good upload', answer, slot, image);
  },
};

/** A body that ends after that many bytes. */
const ENDS = [0, 1, 7, 8, 9, 15, 511, 512, 513, 4_096, 9_000];

const bodyShorter: Probe = {
  name: 'body-shorter',
  about:
    'a body that ends before its announced length is truncated, at whatever byte, and the device serves on',
  needs: [],
  isInstalling: false,
  run: async (device) => {
    const before = await device.readSlots();
    const { image } = await plan(device);
    for (const end of [...ENDS, image.length - 1]) {
      const request = post(device, image.subarray(0, end), image.length);
      const what = `a body of ${end} of ${image.length} bytes`;
      expectAnswer(what, await say(device, what, request, { isHalfClosed: true }), 400, 'truncated');
    }
    await expectUnharmed(device, 'after bodies that ended early', before);
  },
};

const bodyLonger: Probe = {
  name: 'body-longer',
  about: 'bytes behind the announced length are none of the image: refused or installed as without them',
  needs: [],
  isInstalling: true,
  run: async (device) => {
    const before = await device.readSlots();
    const { slot, image } = await plan(device);
    // Enough that they come in one read with the image's last bytes, whatever that read begins with.
    const more = [Buffer.alloc(700, 0x41), head(device, 'GET', '/status'), Buffer.from('\r\n')];
    for (const extra of more) {
      const request = Buffer.concat([post(device, withBadSha256(image)), extra]);
      const what = `a bad image and ${extra.length} bytes more`;
      expectAnswer(what, await say(device, what, request), 400, 'bad_checksum');
    }
    await expectUnharmed(device, 'after bodies that went on', before);
    const what = 'a good image and 700 bytes more';
    const answer = await say(device, what, Buffer.concat([post(device, image), more[0]!]));
    await expectInstalled(device, what, answer, slot, image);
  },
};

const byteByByte: Probe = {
  name: 'upload-in-pieces',
  about: 'where packets end makes no difference to an upload: one byte at a time, and in odd sizes',
  needs: [],
  isInstalling: true,
  run: async (device) => {
    const before = await device.readSlots();
    const { slot, image } = await plan(device);
    const bad = post(device, withBadSha256(image));
    for (const sizeBytes of [7, 1_023, 1_025, 4_093].filter((size) => size * device.limits.cutStride >= 7)) {
      const pieces = cutInto(bad, Math.max(sizeBytes, Math.ceil(bad.length / 6_000)));
      const what = `a bad image in pieces of ${sizeBytes}`;
      expectAnswer(what, await say(device, what, bad, { pieces }), 400, 'bad_checksum');
    }
    await expectUnharmed(device, 'after uploads in pieces', before);
    const whole = post(device, image);
    // Byte by byte around what is decided early, then in lumps: a whole image takes too long byte by byte.
    const early = Array.from(whole.subarray(0, 400), (byte) => Uint8Array.of(byte));
    const pieces = [...early, ...cutInto(whole.subarray(400), 1_460)];
    const answer = await say(device, 'a good image in pieces', whole, { pieces });
    await expectInstalled(device, 'a good image in pieces', answer, slot, image);
  },
};

function cutInto(bytes: Uint8Array, sizeBytes: number): Uint8Array[] {
  const count = Math.ceil(bytes.length / sizeBytes);
  return Array.from({ length: count }, (_, i) => bytes.subarray(i * sizeBytes, (i + 1) * sizeBytes));
}

const clientGone: Probe = {
  name: 'client-gone',
  about:
    'a client that goes after every 4 KiB of a body, with an end or a reset, leaves the device as it was',
  needs: [],
  isInstalling: false,
  run: async (device) => {
    const before = await device.readSlots();
    const { image } = await plan(device);
    const request = post(device, image);
    const startsAt = request.length - image.length;
    for (let at = 0; at < image.length; at += 4_096) {
      for (const way of ['reset', 'end'] as const) {
        const socket = open(device);
        socket.resume().write(request.subarray(0, startsAt + at));
        const what = `a client gone (${way}) after ${at} bytes`;
        // Only an upload that the device knows of can break off.
        await until(device.limits.answerMs, `${what}: upload under way`, async () => {
          return (await status(device)).upload === 'receiving';
        });
        await sleep(device.limits.gapMs);
        if (way === 'reset') socket.resetAndDestroy();
        else socket.destroy();
        await until(device.limits.answerMs, `${what}: upload over`, async () => {
          return (await status(device)).upload === 'failed';
        });
        same(`${what}: slot that boots`, (await device.readSlots()).boot, before.boot);
      }
    }
    expectAnswer(
      'the next upload',
      await say(device, 'the next upload', post(device, notAnImage(9))),
      400,
      'bad_magic',
    );
  },
};

/** Images that the first eight bytes decide about, and by which name. */
function earlyRefusals(image: Uint8Array): readonly [string, Uint8Array][] {
  const changed = (change: (bytes: Uint8Array) => void): Uint8Array => {
    const bytes = Uint8Array.from(image);
    change(bytes);
    return bytes;
  };
  return [
    ['bad_magic', changed((bytes) => bytes.set([0xea]))],
    ['bad_header', changed((bytes) => bytes.set([17], 1))],
    // The last word of the window: beyond every slot.
    ['wrong_slot', changed((bytes) => bytes.set([0xff, 0xff, 0x2f, 0x40], 4))],
  ];
}

const refusedBeforeErase: Probe = {
  name: 'refused-before-erase',
  about: 'what the first eight bytes decide is refused with the slot untouched',
  needs: [],
  isInstalling: false,
  run: async (device) => {
    await leaveSomething(device);
    const before = await device.readSlots();
    const { image, slot } = await plan(device);
    for (const [code, bytes] of earlyRefusals(image)) {
      const answer = await say(device, `an image that is ${code}`, post(device, bytes));
      expectAnswer(`an image that is ${code}`, answer, 400, code);
      await expectUntouched(device, `after an image that is ${code}`, before);
    }
    const tooLarge = await say(device, 'too large', post(device, image.subarray(0, 64), slot.sizeBytes + 1));
    expectAnswer('an image that is larger than the slot', tooLarge, 413, 'too_large');
    await expectUntouched(device, 'after an image that is too large', before);
  },
};

const firstPiece: Probe = {
  name: 'first-piece',
  about: 'an image is refused by its first eight bytes also when they come in pieces',
  needs: [],
  isInstalling: false,
  run: async (device) => {
    await leaveSomething(device);
    const before = await device.readSlots();
    const { image } = await plan(device);
    for (const [code, bytes] of earlyRefusals(image)) {
      const request = post(device, bytes);
      const startsAt = request.length - bytes.length;
      for (let first = 0; first <= 8; first += 1) {
        const at = startsAt + first;
        const what = `an image that is ${code}, its first piece ${first} bytes`;
        const pieces = [request.subarray(0, startsAt), request.subarray(startsAt, at), request.subarray(at)];
        const answer = await say(device, what, request, {
          pieces: pieces.filter((piece) => piece.length > 0),
          gapMs: device.limits.gapMs * 2,
        });
        expectAnswer(what, answer, 400, code);
      }
      await expectUntouched(device, `after images that are ${code}`, before);
    }
  },
};

const badSha256: Probe = {
  name: 'bad-sha-256',
  about: 'an image that is bad at its very end is refused, never told as 100, and does not boot',
  needs: [],
  isInstalling: false,
  run: async (device) => {
    const before = await device.readSlots();
    const { image } = await plan(device);
    using stream = await EventStream.open(device);
    const answer = await say(device, 'an image with a wrong SHA-256', post(device, withBadSha256(image)));
    expectAnswer('an image with a wrong SHA-256', answer, 400, 'bad_checksum');
    await stream.until('the failure as an event', () => stream.progress().at(-1)?.status === 'failed');
    stream.checkProgress('failed');
    await expectUnharmed(device, 'after an image with a wrong SHA-256', before);
  },
};

const servesOn: Probe = {
  name: 'serves-on-after-refusal',
  about: 'a refused upload restarts nothing: the time since the start goes on, the next upload is let in',
  needs: [],
  isInstalling: false,
  run: async (device) => {
    const { image } = await plan(device);
    const started = await status(device);
    const bad = await say(device, 'a bad upload', post(device, withBadSha256(image)));
    expectAnswer('a bad upload', bad, 400, 'bad_checksum');
    const again = await say(device, 'the upload after a refused one', post(device, notAnImage(9)));
    expectAnswer('the upload after a refused one', again, 400, 'bad_magic');
    await sleep(2_200);
    const now = await status(device);
    check(
      now.uptimeMs >= started.uptimeMs + 2_000 && now.running === started.running,
      `the device restarted: ${started.uptimeMs} ms since its start before, ${now.uptimeMs} ms later`,
    );
  },
};

const secondUpload: Probe = {
  name: 'second-upload',
  about: 'a second upload is busy, and the first ends well',
  needs: [],
  isInstalling: true,
  run: async (device) => {
    const { slot, image } = await plan(device);
    const whole = post(device, image);
    let isSecondDone = false;
    const pieces = function* (): Generator<Uint8Array> {
      yield whole.subarray(0, 5_000);
      while (!isSecondDone) yield new Uint8Array(0);
      yield whole.subarray(5_000);
    };
    const first = say(device, 'the first upload', whole, { pieces: pieces(), gapMs: 5 });
    // Judged below; until then its failure is nobody's.
    first.catch(() => undefined);
    try {
      await until(device.limits.answerMs, 'the first upload under way', async () => {
        return (await status(device)).upload === 'receiving';
      });
      const second = await say(device, 'the second upload', post(device, image.subarray(0, 2_000)));
      same('the second upload', [second.status, codeOf(second)], [409, 'busy']);
      check(Number(second.headers['retry-after']) > 0, 'the second upload: no Retry-After');
    } finally {
      isSecondDone = true;
    }
    await expectInstalled(device, 'the first upload', await first, slot, image);
  },
};

const stalledUpload: Probe = {
  name: 'stalled-upload',
  about: 'an upload that stops is ended, and the next one is let in',
  needs: [],
  isInstalling: false,
  run: async (device) => {
    const before = await device.readSlots();
    const { image } = await plan(device);
    // A device that is given long for its answers may have another second than this machine.
    const limitMs = device.limits.stallMs + Math.max(2_000, device.limits.answerMs / 4);
    for (const sent of [0, 5_000]) {
      const what = `an upload that stops after ${sent} bytes`;
      const request = post(device, image.subarray(0, sent), image.length);
      const startMs = performance.now();
      expectAnswer(what, await say(device, what, request, { limitMs }), 408, 'stalled');
      check(performance.now() - startMs >= device.limits.stallMs * 0.9, `${what}: ended too early`);
    }
    expectAnswer(
      'the next upload',
      await say(device, 'the next upload', post(device, notAnImage(9))),
      400,
      'bad_magic',
    );
    await expectUnharmed(device, 'after uploads that stopped', before);
  },
};

/** An image whose n-th page of 512 bytes has the XOR of a blank one: a checksum byte does not miss it. */
function imageWithQuietPage(slot: Slot): { image: Uint8Array; page: number } {
  for (let seed = 1; seed < 200; seed += 1) {
    const image = buildSyntheticApp({ slot, seed, textBytes: 0x8000 });
    for (let page = 2; page < 60; page += 1) {
      const xor = image.subarray(page * 512, page * 512 + 512).reduce((sum, byte) => sum ^ byte, 0);
      if (xor === 0) return { image, page };
    }
  }
  throw new Error('no image with such a page among 200');
}

const flashWriteFails: Probe = {
  name: 'flash-write-fails',
  about: 'a flash operation that goes wrong is a 500, wherever it happens, and the boot slot stays',
  needs: ['failFlash'],
  isInstalling: false,
  run: async (device) => {
    const before = await device.readSlots();
    const { slot } = await plan(device);
    const { image, page } = imageWithQuietPage(slot);
    const failures = [
      ['write-fails', page + 1],
      ['write-lost', page + 1],
      ['erase-fails', 2],
      ['read-fails', 4],
      ['boot-fails', 1],
      ['keep-fails', 1],
    ] as const;
    for (const [kind, operation] of failures) {
      await device.failFlash!(kind, operation);
      const what = `an upload while the flash has ${kind} (${operation})`;
      expectAnswer(what, await say(device, what, post(device, image)), 500, 'flash_error');
      await expectUnharmed(device, what, before);
    }
  },
};

const heapStays: Probe = {
  name: 'heap-stays',
  about: 'requests and streams that come and go cost no heap',
  needs: [],
  isInstalling: false,
  run: async (device) => {
    const round = async (count: number): Promise<number> => {
      for (let i = 0; i < count; i += 1) {
        if (i % 5 === 0) (await EventStream.open(device))[Symbol.dispose]();
        await status(device);
      }
      let most = 0;
      // What a closed connection holds on to comes back with a delay: the best of some looks.
      for (let i = 0; i < 20; i += 1) {
        most = Math.max(most, (await status(device)).heapFree);
        await sleep(20);
      }
      return most;
    };
    const before = await round(10);
    const after = await round(50);
    check(after > before - 1_024, `free heap: ${before} bytes before, ${after} after 80 connections more`);
  },
};

export const UPLOAD_PROBES: readonly Probe[] = [
  goodUpload,
  bodyShorter,
  bodyLonger,
  byteByByte,
  clientGone,
  refusedBeforeErase,
  firstPiece,
  badSha256,
  servesOn,
  secondUpload,
  stalledUpload,
  flashWriteFails,
  heapStays,
];
