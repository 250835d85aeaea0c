import { connect, type Socket } from 'node:net';

/** A small client of the GDB remote serial protocol, for tests: one packet at a time, every wait limited. */
export class RspClient implements AsyncDisposable {
  private readonly socket: Socket;
  private received = '';
  private wakeUp: (() => void) | undefined;
  private isClosed = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.received += text;
      this.wakeUp?.();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.isClosed = true;
      this.wakeUp?.();
    });
  }

  static async open(port: number): Promise<RspClient> {
    const socket = await new Promise<Socket>((resolve, reject) => {
      const dialled = connect(port, '127.0.0.1', () => resolve(dialled));
      dialled.once('error', reject);
    });
    return new RspClient(socket);
  }

  /** Sends a packet and awaits the reply's content. */
  async ask(packet: string): Promise<string> {
    this.send(packet);
    return this.reply();
  }

  send(packet: string): void {
    let sum = 0;
    for (const character of packet) sum = (sum + character.charCodeAt(0)) & 0xff;
    this.socket.write(`$${packet}#${sum.toString(16).padStart(2, '0')}`, 'latin1');
  }

  sendRaw(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** The next packet; acknowledgements are passed over. @throws Error after the limit or at the end of the link */
  async reply(limitMs = 10_000): Promise<string> {
    const untilMs = performance.now() + limitMs;
    for (;;) {
      const packet = /\$([^#]*)#../s.exec(this.received);
      if (packet) {
        this.received = this.received.slice(packet.index + packet[0].length);
        this.socket.write('+');
        return packet[1]!;
      }
      if (this.isClosed) throw new Error('the link has ended');
      if (performance.now() > untilMs) throw new Error(`no reply; received ${JSON.stringify(this.received)}`);
      await this.more(untilMs);
    }
  }

  /** Whether the other side hangs up within the limit. */
  async ended(limitMs = 5000): Promise<boolean> {
    const untilMs = performance.now() + limitMs;
    while (!this.isClosed && performance.now() < untilMs) await this.more(untilMs);
    return this.isClosed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    await this.ended();
  }

  private more(untilMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.wakeUp?.(), Math.max(0, untilMs - performance.now()));
      this.wakeUp = () => {
        clearTimeout(timer);
        this.wakeUp = undefined;
        resolve();
      };
    });
  }
}
