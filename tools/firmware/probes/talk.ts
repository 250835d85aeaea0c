import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { labSlots } from '../../../harness/protocol/image-lab/make';
import type { Slot } from '../../../harness/protocol/slots';
import { ask, type RawAnswer, type SendOptions } from '../raw-http';
import { check, ProbeFailure, same, type ProbeDevice, type SlotReading } from './device';

/** Requests to a device, and what is the same about them in every probe. */

export function open(device: ProbeDevice): Socket {
  const socket = connect({ host: device.host, port: device.tcpPort });
  socket.on('error', () => undefined);
  return socket;
}

/**
 * Sends bytes and reads the answer to its end.
 * @throws ProbeFailure when there is none in time, or the connection breaks
 */
export async function say(
  device: ProbeDevice,
  what: string,
  bytes: Uint8Array,
  options: SendOptions = {},
): Promise<RawAnswer> {
  try {
    return await ask(open(device), bytes, { limitMs: device.limits.answerMs, ...options });
  } catch (error) {
    throw new ProbeFailure(`${what}: ${(error as Error).message}`);
  }
}

/** `error` of a refusal, `-` of anything else. */
export function codeOf(answer: RawAnswer): string {
  if (answer.status < 400) return '-';
  try {
    return String((JSON.parse(answer.body) as { error?: unknown }).error);
  } catch {
    return `no JSON: ${answer.body.slice(0, 60)}`;
  }
}

/** @throws ProbeFailure unless status and code are those */
export function expectAnswer(what: string, answer: RawAnswer, status: number, code = '-'): void {
  same(what, [answer.status, codeOf(answer)], [status, code]);
}

export function head(
  device: ProbeDevice,
  method: string,
  path: string,
  fields: readonly string[] = [],
): Buffer {
  const token = device.token === undefined ? [] : [`Authorization: Bearer ${device.token}`];
  return Buffer.from([`${method} ${path} HTTP/1.1`, 'Host: d', ...token, ...fields, '', ''].join('\r\n'));
}

/** A whole request with this body; another length may be announced. */
export function post(device: ProbeDevice, body: Uint8Array, announcedBytes = body.length): Buffer {
  return Buffer.concat([head(device, 'POST', '/send', [`Content-Length: ${announcedBytes}`]), body]);
}

export interface DeviceStatus {
  readonly running: string;
  readonly next: string;
  readonly heapFree: number;
  readonly uptimeMs: number;
  readonly clients: number;
  readonly upload: string;
}

/** @throws ProbeFailure when /status does not answer 200 with its keys */
export async function status(device: ProbeDevice): Promise<DeviceStatus> {
  const answer = await say(device, 'GET /status', head(device, 'GET', '/status'));
  expectAnswer('GET /status', answer, 200);
  same('GET /status: length of the body', answer.body.length, Number(answer.headers['content-length']));
  const raw = JSON.parse(answer.body) as Record<string, string | number>;
  return {
    running: String(raw['running']),
    next: String(raw['next']),
    heapFree: Number(raw['heap_free']),
    uptimeMs: Number(raw['uptime_ms']),
    clients: Number(raw['clients']),
    upload: String(raw['upload']),
  };
}

export interface UploadPlan {
  readonly slot: Slot;
  readonly otherSlot: Slot | undefined;
  readonly image: Uint8Array;
  /** What boots before. */
  readonly running: string;
}

/** The slot that an upload goes to now, and a good image for it. */
export async function plan(device: ProbeDevice): Promise<UploadPlan> {
  const { next, running } = await status(device);
  const slots = labSlots(device.layout, next);
  return { ...slots, image: await device.goodImage(slots.slot), running };
}

/** The image with its last byte changed: good but for its SHA-256, which is known at the very end only. */
export function withBadSha256(image: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(image);
  bytes[bytes.length - 1]! ^= 1;
  return bytes;
}

/** A body of that length that begins as no image does. */
export function notAnImage(lengthBytes: number): Uint8Array {
  return Buffer.alloc(lengthBytes, 'z');
}

/** Waits until it holds, asking again and again; each look may itself fail a probe. */
export async function until(
  limitMs: number,
  what: string,
  holds: () => boolean | Promise<boolean>,
): Promise<void> {
  const endMs = performance.now() + limitMs;
  for (;;) {
    if (await holds()) return;
    check(performance.now() < endMs, `${what}: not within ${limitMs} ms`);
    await sleep(10);
  }
}

/** The device is back with the other image, within the 2 s of the contract and what it takes to start. */
export async function awaitRestart(device: ProbeDevice, running: string): Promise<void> {
  const limitMs = 2_000 + device.limits.bootMs;
  const endMs = performance.now() + limitMs;
  for (;;) {
    // While it restarts nobody answers, or the connection breaks: that is as it should be.
    const seen = await status({ ...device, limits: { ...device.limits, answerMs: 1_000 } }).catch(
      () => undefined,
    );
    if (seen?.running === running) return;
    check(performance.now() < endMs, `${running} does not run ${limitMs} ms after it was installed`);
    await sleep(20);
  }
}

/** The invariant: whatever was done, what boots is what booted before, and the device answers. */
export async function expectUnharmed(device: ProbeDevice, what: string, before: SlotReading): Promise<void> {
  await status(device);
  same(`${what}: slot that boots`, (await device.readSlots()).boot, before.boot);
}

/** And not even the other slot was touched. */
export async function expectUntouched(device: ProbeDevice, what: string, before: SlotReading): Promise<void> {
  same(`${what}: the flash`, await device.readSlots(), before);
}

/** Leaves something in the next slot, so that an erase would show: an upload that breaks off. */
export async function leaveSomething(device: ProbeDevice): Promise<void> {
  const { image } = await plan(device);
  const answer = await say(
    device,
    'upload that ends early',
    post(device, image.subarray(0, 9_000), image.length),
    {
      isHalfClosed: true,
    },
  );
  expectAnswer('upload that ends early', answer, 400, 'truncated');
}
