import { describe, expect, it } from '@jest/globals';
import { airOptions, type AirFlags } from './air-flags';

const flags = (some: Partial<AirFlags>): AirFlags => ({ forward: [], allow: [], seed: 1, ...some });

describe('the air of esprig board', () => {
  it('is empty unless something of it is asked for', () => {
    expect(airOptions(flags({}))).toBeUndefined();
  });

  it('has a station as its peer, forwards from ports here to ports of the device, and a list for the way out', () => {
    expect(
      airOptions(flags({ forward: ['8080:80', '0:23'], allow: ['80:8000'], pcap: 'a.pcap', seed: 7 })),
    ).toEqual({
      peer: 'station',
      seed: 7,
      forwards: [
        { hostPort: 8080, devicePort: 80 },
        { hostPort: 0, devicePort: 23 },
      ],
      nat: [{ protocol: 'tcp', ip: '*', port: 80, hostPort: 8000 }],
      pcapFile: 'a.pcap',
    });
  });

  it('takes an access point with name and passphrase', () => {
    expect(airOptions(flags({ peer: 'ap', ssid: 'lab', passphrase: 'mypassword' }))).toMatchObject({
      peer: 'access-point',
      ssid: 'lab',
      passphrase: 'mypassword',
    });
  });

  it('takes the key itself, as 64 hexadecimal digits', () => {
    const passphrase = '0123456789abcdef'.repeat(4);
    expect(airOptions(flags({ passphrase }))).toMatchObject({ passphrase });
  });

  it.each<[string, Partial<AirFlags>, RegExp]>([
    ['another peer', { peer: 'sniffer' }, /--peer sniffer/],
    ['a forward without a device port', { forward: ['8080'] }, /--forward 8080: not a pair of ports/],
    ['device port 0', { forward: ['8080:0'] }, /not a pair/],
    ['a port above 65535', { forward: ['65536:80'] }, /not a pair/],
    ['a way out from port 0', { allow: ['0:80'] }, /--allow 0:80/],
    ['a passphrase of seven characters', { passphrase: '1234567' }, /7 characters; WPA2 wants 8 to 63/],
    ['a passphrase of 64 characters', { passphrase: 'x'.repeat(64) }, /64 characters/],
    ['a name of 33 bytes', { ssid: 'ä'.repeat(16) + 'a' }, /1 to 32 bytes/],
    ['an empty name', { ssid: '' }, /1 to 32 bytes/],
  ])('refuses %s', (_what, some, message) => {
    expect(() => airOptions(flags(some))).toThrow(message);
  });
});
