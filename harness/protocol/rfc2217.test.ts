import { describe, expect, test } from '@jest/globals';
import { concatBytes, toHex } from '../core/bytes';
import { CONTROL, controlName, decodeComPort, encodeComPort, type ComPortMessage } from './rfc2217';
import {
  encodeNegotiation,
  encodeSubnegotiation,
  escapeIac,
  TELNET_OPTION,
  TelnetOptions,
  TelnetParser,
  type TelnetEvent,
} from './telnet';
import { fromHex, readCapture, runSeed, slices } from './testkit/slices';

const data = (hex: string): TelnetEvent => ({ kind: 'data', bytes: fromHex(hex) });

/** Neighbouring data joined: where a stream is cut must not matter. */
function joined(events: readonly TelnetEvent[]): TelnetEvent[] {
  const out: TelnetEvent[] = [];
  for (const event of events) {
    const last = out.at(-1);
    if (event.kind === 'data' && last?.kind === 'data') {
      out[out.length - 1] = { kind: 'data', bytes: concatBytes([last.bytes, event.bytes]) };
    } else out.push(event);
  }
  return out;
}

describe('telnet', () => {
  test('halves a doubled 0xff in data and doubles it on the way out', () => {
    expect(new TelnetParser().feed(fromHex('c0ffff000d0affffffffc0'))).toEqual([data('c0ff000d0affffc0')]);
    expect(toHex(escapeIac(fromHex('c0ff00ffff')))).toBe('c0ffff00ffffffff');
    const plain = fromHex('0102');
    expect(escapeIac(plain)).toBe(plain);
  });

  test('halves a doubled 0xff inside a subnegotiation', () => {
    expect(new TelnetParser().feed(fromHex('fffa2c0bfffffff0'))).toEqual([
      { kind: 'subnegotiation', option: 44, payload: fromHex('0bff') },
    ]);
  });

  test('gives commands and negotiations in their place between data', () => {
    expect(new TelnetParser().feed(fromHex('41fffb2c42fff143fffe0144'))).toEqual([
      data('41'),
      { kind: 'negotiate', verb: 'WILL', option: 44 },
      data('42'),
      { kind: 'command', code: 0xf1 },
      data('43'),
      { kind: 'negotiate', verb: 'DONT', option: 1 },
      data('44'),
    ]);
  });

  test('drops an over-long subnegotiation and goes on behind it', () => {
    const parser = new TelnetParser({ maxSubnegotiationBytes: 4 });
    const tooLong = encodeSubnegotiation(44, new Uint8Array(5));
    const fits = encodeSubnegotiation(44, new Uint8Array(4));
    expect(parser.feed(concatBytes([tooLong, fits, fromHex('41')]))).toEqual([
      { kind: 'error', reason: 'subnegotiation-too-long' },
      { kind: 'subnegotiation', option: 44, payload: new Uint8Array(4) },
      data('41'),
    ]);
  });

  test('gives a subnegotiation without an end up when another command comes', () => {
    expect(new TelnetParser().feed(fromHex('fffa2c01fffb00 41'))).toEqual([
      { kind: 'error', reason: 'bad-subnegotiation' },
      { kind: 'negotiate', verb: 'WILL', option: 0 },
      data('41'),
    ]);
    expect(new TelnetParser().feed(fromHex('fffafff041'))).toEqual([
      { kind: 'error', reason: 'empty-subnegotiation' },
      data('41'),
    ]);
  });
});

describe('option negotiation', () => {
  const both = { us: [0, 44], him: [0, 44] };

  test('two of them come to rest, with everything on that both accept', () => {
    const client = new TelnetOptions(both);
    const server = new TelnetOptions(both);
    let toServer = concatBytes([client.request('us', 44), client.request('him', 0), client.request('us', 0)]);
    let toClient: Uint8Array = server.request('us', 0);
    let rounds = 0;
    while (toServer.length + toClient.length > 0) {
      expect((rounds += 1)).toBeLessThan(10);
      const answer = (to: TelnetOptions, bytes: Uint8Array) =>
        concatBytes(
          new TelnetParser()
            .feed(bytes)
            .map((e) => (e.kind === 'negotiate' ? to.receive(e.verb, e.option) : new Uint8Array(0))),
        );
      const back = answer(server, toServer);
      toServer = answer(client, toClient);
      toClient = back;
    }
    expect([client.isOn('us', 44), server.isOn('him', 44)]).toEqual([true, true]);
    expect([client.isOn('him', 0), server.isOn('us', 0), client.isOn('us', 0)]).toEqual([true, true, true]);
  });

  test('refuses what it does not know, once, and remembers a refusal of the peer', () => {
    const options = new TelnetOptions(both);
    expect(options.receive('DO', 1)).toEqual(encodeNegotiation('WONT', 1));
    expect(options.receive('WILL', 1)).toEqual(encodeNegotiation('DONT', 1));
    options.request('us', 44);
    expect(options.receive('DONT', 44)).toEqual(new Uint8Array(0));
    expect(options.isRefused('us', 44)).toBe(true);
  });

  test('does not ask twice and does not answer an answer', () => {
    const options = new TelnetOptions(both);
    expect(options.request('us', 44)).toEqual(encodeNegotiation('WILL', 44));
    expect(options.request('us', 44)).toEqual(new Uint8Array(0));
    expect(options.receive('DO', 44)).toEqual(new Uint8Array(0));
    expect(options.receive('DO', 44)).toEqual(new Uint8Array(0));
    expect(options.receive('DONT', 44)).toEqual(encodeNegotiation('WONT', 44));
  });
});

describe('COM-PORT', () => {
  const messages: readonly ComPortMessage[] = [
    { name: 'signature', text: 'esprig ÿ' },
    { name: 'signature', text: '' },
    { name: 'set-baudrate', baud: 74880 },
    // 0x00ffff00: both bytes must be doubled on the wire.
    { name: 'set-baudrate', baud: 0x00ffff00 },
    { name: 'set-baudrate', baud: 0xffffffff },
    { name: 'set-datasize', bits: 8 },
    { name: 'set-parity', value: 1 },
    { name: 'set-stopsize', value: 1 },
    { name: 'set-control', value: CONTROL.DTR_ON },
    { name: 'notify-linestate', bits: 0xff },
    { name: 'notify-modemstate', bits: 0xb0 },
    { name: 'flowcontrol-suspend' },
    { name: 'flowcontrol-resume' },
    { name: 'set-linestate-mask', bits: 0xff },
    { name: 'set-modemstate-mask', bits: 0xff },
    { name: 'purge-data', value: 3 },
  ];

  test.each(['client', 'server'] as const)('every message of a %s survives the wire', (from) => {
    for (const message of messages) {
      const [event, ...rest] = new TelnetParser().feed(encodeComPort(from, message));
      expect(rest).toEqual([]);
      expect(event).toMatchObject({ kind: 'subnegotiation', option: TELNET_OPTION.COM_PORT });
      if (event?.kind !== 'subnegotiation') continue;
      expect(decodeComPort(event.payload)).toEqual({ ok: true, from, message });
    }
  });

  test('what has the wrong length or an unknown code is refused with a reason', () => {
    expect(decodeComPort(new Uint8Array(0))).toEqual({ ok: false, code: undefined, reason: 'length' });
    expect(decodeComPort(fromHex('01000100'))).toEqual({ ok: false, code: 1, reason: 'length' });
    expect(decodeComPort(fromHex('0500ff'))).toEqual({ ok: false, code: 5, reason: 'length' });
    expect(decodeComPort(fromHex('0d'))).toEqual({ ok: false, code: 13, reason: 'unknown' });
    expect(decodeComPort(fromHex('ff'))).toEqual({ ok: false, code: 255, reason: 'unknown' });
  });

  test('control values have names', () => {
    expect([controlName(CONTROL.RTS_OFF), controlName(99)]).toEqual(['RTS_OFF', 'control 99']);
  });
});

describe.each(['pyserial-rfc2217.hex', 'ser2net-rfc2217.hex'])('the session in %s', (file) => {
  const lines = readCapture(file);

  test.each(['host', 'board'] as const)(
    'is read the same from the %s in any slices, without an error',
    (from) => {
      const bytes = concatBytes(lines.filter((line) => line.from === from).map((line) => line.bytes));
      const whole = joined(new TelnetParser().feed(bytes));
      expect(whole.filter((event) => event.kind === 'error')).toEqual([]);
      for (const event of whole) {
        if (event.kind === 'subnegotiation') expect(decodeComPort(event.payload)).toMatchObject({ ok: true });
      }
      const firstSeed = runSeed();
      for (let seed = firstSeed; seed < firstSeed + 50; seed += 1) {
        const parser = new TelnetParser();
        const events = joined(slices(bytes, seed).flatMap((slice) => parser.feed(slice)));
        expect({ seed, events }).toEqual({ seed, events: whole });
      }
    },
  );

  test('is what our encoders write, message by message', () => {
    for (const { bytes } of lines) {
      const again = new TelnetParser().feed(bytes).map((event) => {
        if (event.kind === 'data') return escapeIac(event.bytes);
        if (event.kind === 'negotiate') return encodeNegotiation(event.verb, event.option);
        if (event.kind !== 'subnegotiation') throw new Error(event.kind);
        const decoded = decodeComPort(event.payload);
        if (!decoded.ok) throw new Error(decoded.reason);
        return encodeComPort(decoded.from, decoded.message);
      });
      expect(toHex(concatBytes(again))).toBe(toHex(bytes));
    }
  });
});

test('ser2net tells its name and the rate that is in force', () => {
  const parser = new TelnetParser();
  const answers = readCapture('ser2net-rfc2217.hex')
    .filter((line) => line.from === 'board')
    .flatMap((line) => parser.feed(line.bytes))
    .flatMap((event) => (event.kind === 'subnegotiation' ? [decodeComPort(event.payload)] : []));
  expect(answers).toContainEqual({
    ok: true,
    from: 'server',
    message: { name: 'set-baudrate', baud: 74880 },
  });
  expect(answers).toContainEqual({
    ok: true,
    from: 'server',
    message: { name: 'signature', text: 'ser2net' },
  });
});
