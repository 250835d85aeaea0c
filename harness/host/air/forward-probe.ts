import type { Ipv4Address, NetStack, TcpConnection } from '../../emulator/air';
import { Timer, type Timers } from '../../emulator/air';
import { TICKS_PER_MILLI } from '../../emulator/time';
import type { TcpForward } from './tcp-forward';

const RETRY_TICKS = 250 * TICKS_PER_MILLI;

/**
 * Finds out when the device answers at a port, by connections that are reset before they stand: a SYN, its answer, a
 * reset. The firmware's application sees nothing of them.
 */
export class ForwardProbe {
  readonly forward: TcpForward;
  private readonly stack: NetStack;
  private readonly timers: Timers;
  private readonly deviceIp: () => Ipv4Address | null;
  private readonly onAnswer: (ip: Ipv4Address) => void;
  private readonly timer = new Timer(() => this.try());
  private connection: TcpConnection | null = null;
  private stopped = false;

  constructor(
    forward: TcpForward,
    stack: NetStack,
    timers: Timers,
    deviceIp: () => Ipv4Address | null,
    onAnswer: (ip: Ipv4Address) => void,
  ) {
    this.forward = forward;
    this.stack = stack;
    this.timers = timers;
    this.deviceIp = deviceIp;
    this.onAnswer = onAnswer;
  }

  start(): void {
    this.try();
  }

  stop(): void {
    this.stopped = true;
    this.timers.clear(this.timer);
    this.connection?.abort();
  }

  private try(): void {
    const ip = this.deviceIp();
    const connection = ip === null ? null : this.stack.connectTcp(ip, this.forward.devicePort);
    this.connection = connection;
    if (!connection || ip === null) {
      this.again();
      return;
    }
    let answered = false;
    connection.onConnect = () => {
      answered = true;
      connection.abort();
      this.onAnswer(ip);
    };
    connection.onClose = () => {
      this.connection = null;
      if (!answered) this.again();
    };
  }

  private again(): void {
    if (!this.stopped) this.timers.setIn(this.timer, RETRY_TICKS);
  }
}
