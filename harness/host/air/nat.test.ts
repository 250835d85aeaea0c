import { describe, expect, it, jest } from '@jest/globals';
import { createSocket } from 'node:dgram';
import { ipv4, type NetStack } from '../../emulator/air';
import { Nat } from './nat';
import { LiveAir, until } from './testkit/live-air';

/** The device is the station here, its way out leads through the access point, as with station firmware. */
function natOf(air: LiveAir, rules: ConstructorParameters<typeof Nat>[0]): { nat: Nat; device: NetStack } {
  const nat = new Nat(rules, air.device.stack, () => undefined);
  air.onClose(() => nat.close());
  return { nat, device: air.peer.stack };
}

const WORLD = ipv4('93.184.216.34');

// Sockets and virtual time share this machine with whatever else runs on it.
jest.setTimeout(60_000);

describe('the device’s way out', () => {
  it('leads to services on loopback that are on the list, by any address or by a certain one', async () => {
    await using air = new LiveAir();
    const service = await air.service((socket) =>
      socket.on('data', (bytes) => socket.write(`<${bytes.toString()}>`)),
    );
    const { nat, device } = natOf(air, [
      { protocol: 'tcp', ip: '93.184.216.34', port: 8080, hostPort: service.port },
      { protocol: 'tcp', ip: '*', port: 9090, hostPort: service.port },
    ]);
    await air.ready();
    const answers: string[] = [];
    for (const [ip, port] of [
      [WORLD, 8080],
      [ipv4('10.9.8.7'), 9090],
      [air.deviceIp, 9090],
    ] as const) {
      const connection = device.connectTcp(ip, port)!;
      connection.onConnect = () => void connection.write(Buffer.from(String(port)));
      connection.onData = (bytes) => void answers.push(Buffer.from(bytes).toString());
    }
    await until(() => answers.length === 3, 'three answers');
    expect(answers.sort()).toEqual(['<8080>', '<9090>', '<9090>']);
    expect(nat.counts).toEqual({ allowed: 3, refused: 0 });
    expect(nat.open).toBe(3);
  });

  it('refuses what is not on the list, and what nobody answers on this machine', async () => {
    await using air = new LiveAir();
    const service = await air.service(() => undefined);
    const { nat, device } = natOf(air, [
      { protocol: 'tcp', ip: '93.184.216.34', port: 80, hostPort: service.port },
      { protocol: 'tcp', ip: '*', port: 81, hostPort: 1 },
    ]);
    await air.ready();
    const reasons: string[] = [];
    for (const [ip, port] of [
      [ipv4('93.184.216.35'), 80],
      [WORLD, 82],
      [WORLD, 81],
    ] as const)
      device.connectTcp(ip, port)!.onClose = (reason) => void reasons.push(reason);
    await until(() => reasons.length === 3, 'three refusals');
    expect(reasons).toEqual(['refused', 'refused', 'refused']);
    expect(nat.counts).toEqual({ allowed: 1, refused: 2 });
    expect(nat.open).toBe(0);
  });

  it('carries the service’s end and reset to the device', async () => {
    await using air = new LiveAir();
    const ending = await air.service((socket) => socket.end('done'));
    const resetting = await air.service((socket) => socket.on('data', () => socket.resetAndDestroy()));
    const { device } = natOf(air, [
      { protocol: 'tcp', ip: '*', port: 1000, hostPort: ending.port },
      { protocol: 'tcp', ip: '*', port: 1001, hostPort: resetting.port },
    ]);
    await air.ready();
    const seen: string[] = [];
    const first = device.connectTcp(WORLD, 1000)!;
    first.onData = (bytes) => void seen.push(Buffer.from(bytes).toString());
    first.onEnd = () => {
      seen.push('end');
      first.end();
    };
    first.onClose = (reason) => void seen.push(reason);
    await until(() => seen.length === 3, 'the end');
    const second = device.connectTcp(WORLD, 1001)!;
    second.onConnect = () => void second.write(Buffer.from('x'));
    second.onClose = (reason) => void seen.push(reason);
    await until(() => seen.length === 4, 'the reset');
    expect(seen).toEqual(['done', 'end', 'closed', 'reset']);
  });

  it('is shut with whatever goes through it, and what was about to', async () => {
    await using air = new LiveAir();
    const states: string[] = [];
    const service = await air.service((socket) => {
      states.push('connected');
      // A reset for the one that stood, an end for the other.
      const ended = (): void => void states.push('ended');
      socket.resume().once('end', ended).once('error', ended);
    });
    const { nat, device } = natOf(air, [{ protocol: 'tcp', ip: '*', port: 80, hostPort: service.port }]);
    await air.ready();
    const stands = device.connectTcp(WORLD, 80)!;
    await until(() => stands.state === 'ESTABLISHED' && states.length === 1, 'the first connection');
    device.connectTcp(WORLD, 80);
    await until(() => nat.counts.allowed === 2, 'the second one to be let in');
    nat.close();
    const count = (wanted: string): number => states.filter((state) => state === wanted).length;
    for (let i = 0; i < 100; i++) await new Promise<void>((resolve) => setImmediate(resolve));
    await until(() => count('ended') > 0 && count('ended') === count('connected'), 'their end');
    expect(nat.open).toBe(0);
  });

  it('carries datagrams to a listed service and its answers back, nothing else', async () => {
    await using air = new LiveAir();
    const service = createSocket('udp4');
    service.on('message', (data, from) => service.send(`re:${data.toString()}`, from.port, from.address));
    await new Promise<void>((resolve) => service.bind(0, '127.0.0.1', resolve));
    air.onClose(() => new Promise<void>((resolve) => service.close(() => resolve())));
    const { nat, device } = natOf(air, [
      { protocol: 'udp', ip: '*', port: 5353, hostPort: service.address().port },
    ]);
    await air.ready();
    const answers: string[] = [];
    device.listenUdp(
      777,
      ({ data, sourcePort, source }) =>
        void answers.push(`${Buffer.from(data).toString()} ${sourcePort} ${source === WORLD}`),
    );
    const send = (destination: number, destinationPort: number, data: string): void =>
      device.sendUdp({
        ...{ source: device.ip, sourcePort: 777, destination, destinationPort },
        data: Buffer.from(data),
      });
    send(WORLD, 53, 'no');
    send(WORLD, 5353, 'one');
    send(air.deviceIp, 5353, 'two');
    await until(() => answers.length === 2, 'two answers');
    expect(answers.sort()).toEqual(['re:one 5353 true', 're:two 5353 false']);
    expect(nat.counts).toEqual({ allowed: 2, refused: 1 });
  });
});
