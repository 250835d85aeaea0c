import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { assemble } from '../emulator/cpu/assemble';
import { buildImage } from '../emulator/testkit/image-builder';
import { BoardThread } from './board-thread';
import { webSerialDevice, type WebSerialDevice } from './testkit/web-serial';

/*
 * A third party drives the emulated board: Espressif's esptool-js as published, with its own stub. It shares no line
 * of code with the emulated loader or with our flasher.
 */
const MEBIBYTE = 0x100000;
const TEST_MS = 120_000;

interface Loader {
  main(): Promise<string>;
  readonly chip: { readMac(loader: unknown): Promise<string> };
  writeFlash(options: object): Promise<void>;
  readFlash(offset: number, length: number): Promise<Uint8Array>;
  flashMd5sum(offset: number, length: number): Promise<string>;
}

/** Bytes that deflate badly, the same in every run. */
function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let word = 0x2545f491;
  for (let i = 0; i < length; i++) {
    word ^= word << 13;
    word ^= word >>> 17;
    word ^= word << 5;
    bytes[i] = word;
  }
  return bytes;
}

/** An image for flash offset 0 that greets and stops. */
function greeter(): Uint8Array {
  // The ROM's printf reads its format byte by byte, which IRAM does not allow: the text goes to data RAM.
  const text = new TextEncoder().encode('hello from flash\n\0\0\0');
  const code = assemble(
    `.literals
     entry: l32r a2, =0x3ffe8000
     l32r a3, =0x400024cc
     callx0 a3
     here: j here
     .align 4
     end: .word 0`,
    0x40100000,
  );
  return buildImage(
    [
      { loadAddr: 0x40100000, data: code.bytes },
      { loadAddr: 0x3ffe8000, data: text },
    ],
    { entryAddr: code.labels.get('entry')!, mode: 2 },
  );
}

describe('esptool-js on an emulated board', () => {
  let board: BoardThread;
  let device: WebSerialDevice;
  let loader: Loader;
  let console_ = '';

  beforeAll(async () => {
    const { ESPLoader, Transport } = await import('esptool-js');
    board = BoardThread.start({ config: { flashSizeBytes: 4 * MEBIBYTE, fastWire: true } });
    board.listen({
      serial: (bytes) => (console_ = (console_ + Buffer.from(bytes).toString('latin1')).slice(-4096)),
    });
    await board.act('power-on');
    device = webSerialDevice(board.line);
    const transport = new Transport(device, false);
    // It traces to the console even with tracing off.
    transport.trace = () => undefined;
    const terminal = { clean: () => undefined, writeLine: () => undefined, write: () => undefined };
    loader = new ESPLoader({
      transport,
      baudrate: 921600,
      romBaudrate: 115200,
      terminal,
    });
  }, TEST_MS);

  afterAll(() => board.close());

  it(
    'resets it into the loader, recognises it and loads its stub',
    async () => {
      expect(await loader.main()).toMatch(/^ESP8266/);
      expect(await loader.chip.readMac(loader)).toBe('5c:cf:7f:01:23:45');
    },
    TEST_MS,
  );

  it.each([
    { how: 'compressed', compress: true, address: MEBIBYTE },
    { how: 'raw', compress: false, address: 2 * MEBIBYTE },
  ])(
    'writes 1 MB $how and finds its MD5',
    async ({ compress, address }) => {
      const data = noise(MEBIBYTE);
      const md5 = (image: Uint8Array): string => createHash('md5').update(image).digest('hex');
      await loader.writeFlash({
        fileArray: [{ data, address }],
        flashMode: 'keep',
        flashFreq: 'keep',
        flashSize: '4MB',
        eraseAll: false,
        compress,
        reportProgress: () => undefined,
        calculateMD5Hash: md5,
      });
      expect(await loader.flashMd5sum(address, data.length)).toBe(md5(data));
      // Never the device's word alone.
      const flash = await board.act('read-flash', { offset: address, length: data.length });
      expect(Buffer.compare(flash, data)).toBe(0);
    },
    TEST_MS,
  );

  it(
    'reads back what is in the flash',
    async () => {
      const bytes = await loader.readFlash(MEBIBYTE, 0x8000);
      expect(Buffer.compare(bytes, noise(0x8000))).toBe(0);
    },
    TEST_MS,
  );

  it(
    'writes a boot image and resets the board into it',
    async () => {
      const data = greeter();
      await loader.writeFlash({
        fileArray: [{ data, address: 0 }],
        flashMode: 'keep',
        flashFreq: 'keep',
        flashSize: 'keep',
        eraseAll: false,
        compress: true,
        reportProgress: () => undefined,
      });
      console_ = '';
      const greeted = new Promise<void>((resolve) => {
        const stop = board.listen({
          serial: () => {
            if (!console_.includes('hello from flash')) return;
            stop();
            resolve();
          },
        });
      });
      // Its own hard reset never asserts RTS on an ESP8266; the lines are the host's to drive.
      await device.setSignals({ dataTerminalReady: false, requestToSend: true });
      await device.setSignals({ requestToSend: false });
      await greeted;
      expect(console_).toContain('rst cause:2, boot mode:(3,6)');
      expect(console_).toContain('csum 0x');
    },
    TEST_MS,
  );
});
