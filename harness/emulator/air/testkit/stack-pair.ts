import { ipv4, parseMac } from '../addresses';
import { NetStack } from '../net/stack';
import type { TcpConnection, TcpSettings } from '../net/tcp-types';
import { Random } from '../random';
import { Timers } from '../timers';
import type { LinkFaults } from './lossy-link';
import { LossyLink, PERFECT_LINK } from './lossy-link';
import { VirtualClock } from './virtual-clock';

export const LEFT_IP = ipv4('10.0.2.2');
export const RIGHT_IP = ipv4('10.0.2.15');

export interface StackPair {
  readonly clock: VirtualClock;
  readonly timers: Timers;
  readonly random: Random;
  readonly link: LossyLink;
  readonly left: NetStack;
  readonly right: NetStack;
}

/** Two stacks on one link. */
export function stackPair(
  seed: number,
  faults: LinkFaults = PERFECT_LINK,
  tcp: Partial<TcpSettings> = {},
  rightTcp: Partial<TcpSettings> = tcp,
): StackPair {
  const clock = new VirtualClock();
  const timers = new Timers(clock.queue, 'air');
  const random = new Random(seed);
  const link = new LossyLink(timers, random.fork(), faults);
  const stack = (mac: string, ip: number, settings: Partial<TcpSettings>): NetStack => {
    const address = parseMac(mac);
    const made = new NetStack({
      mac: address,
      timers,
      random: random.fork(),
      link: link.end(address),
      ip,
      tcp: settings,
    });
    link.attach(made);
    return made;
  };
  return {
    clock,
    timers,
    random,
    link,
    left: stack('02:00:00:00:00:01', LEFT_IP, tcp),
    right: stack('02:00:00:00:00:02', RIGHT_IP, rightTcp),
  };
}

export interface StreamLog {
  readonly chunks: Uint8Array[];
  receivedBytes: number;
  ended: boolean;
  closed: string | null;
  connected: boolean;
}

/** Notes everything a connection says. */
export function record(connection: TcpConnection): StreamLog {
  const log: StreamLog = { chunks: [], receivedBytes: 0, ended: false, closed: null, connected: false };
  connection.onConnect = () => (log.connected = true);
  connection.onData = (bytes) => {
    log.chunks.push(bytes);
    log.receivedBytes += bytes.length;
  };
  connection.onEnd = () => (log.ended = true);
  connection.onClose = (reason) => (log.closed = reason);
  return log;
}
