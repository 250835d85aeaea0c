import { RigError, UsageError } from '../../core/errors';
import {
  AccessPoint,
  formatIpv4,
  ipv4,
  Medium,
  Random,
  Station,
  type Ipv4Address,
  type NetStack,
  type StationState,
} from '../../emulator/air';
import type { Board } from '../../emulator/board';
import type { BoardAirEvent, BoardAirOptions, BoardAirStatus } from './air-options';
import { Nat } from './nat';
import { AirCapture } from './air-capture';
import { PcapFile } from './pcap-file';
import { ForwardProbe } from './forward-probe';
import { TcpForward } from './tcp-forward';

/** The device's address when it is the access point, as the SDK has it. */
const SOFT_AP_IP = ipv4('192.168.4.1');
/** So long without a byte acknowledged means that the device does not want more: its time is its own again. */
const STALL_NANOS = 500_000_000;
/**
 * The same when all bytes are on their way and only acknowledgments are missing. A device delays those (250 ms in lwIP):
 * skipping that for each packet of a client that writes slowly would let the device's time run away from the client's.
 */
const IN_FLIGHT_NANOS = 20_000_000;
/** The same while connections wait for a device that boots or joins; a WPA2 access point needs three seconds. */
const OPENING_NANOS = 5_000_000_000;
const DEFAULT_SEED = 1;

/**
 * A board's air and its ties to this machine: one peer, forwards from 127.0.0.1 to the device, the device's way to
 * services that are on the list, and the capture. Lives in the board's thread; ends with it.
 */
export class BoardAir {
  readonly medium: Medium;
  /** Gets pcap records of what went over the air, at each `flush`; with `capture` only. */
  onCaptured: ((records: Uint8Array) => void) | undefined;
  private readonly options: BoardAirOptions;
  private readonly board: Board;
  private readonly tell: (event: BoardAirEvent) => void;
  private readonly wake: () => void;
  private readonly station: Station | null;
  private readonly accessPoint: AccessPoint | null;
  private readonly nat: Nat;
  private readonly forwards: TcpForward[] = [];
  private readonly probes: ForwardProbe[] = [];
  private readonly pcap: PcapFile | null;
  private readonly capture: AirCapture | null;
  private readonly detach: () => void;
  private leasedIp: Ipv4Address | null = null;
  private pendingBefore = 0;
  private openingBefore = 0;
  private progressNanos = 0;

  /** @throws UsageError `ESPRIG_USAGE_FILE` when the capture cannot be written */
  constructor(
    board: Board,
    options: BoardAirOptions,
    wake: () => void,
    tell: (event: BoardAirEvent) => void,
  ) {
    this.board = board;
    this.options = options;
    this.wake = wake;
    this.tell = tell;
    const random = new Random(options.seed ?? DEFAULT_SEED);
    this.medium = new Medium({ scheduler: board.queue, random: random.fork() });
    this.medium.impairments = options.impairments ?? [];
    this.pcap = openCapture(options.pcapFile, this.medium);
    this.detach = board.attachAir(this.medium);
    this.capture = options.capture === true ? startCapture(board, this.medium) : null;
    const common = { medium: this.medium, random: random.fork(), passphrase: options.passphrase ?? null };
    if (options.peer === 'station') {
      this.accessPoint = null;
      this.station = new Station({
        ...common,
        ssid: options.ssid ?? null,
        onState: (state, why, detail) => {
          tell({ what: 'state', state, why, detail });
          if (state === 'ready') this.deviceReady();
        },
      });
    } else {
      this.station = null;
      this.accessPoint = new AccessPoint({
        ...common,
        ...(options.ssid === undefined ? {} : { ssid: options.ssid }),
        ...(options.channel === undefined ? {} : { channel: options.channel }),
        onClient: (_mac, event, detail) => {
          tell({ what: 'state', state: event, why: 'progress', detail });
          if (event === 'leased') {
            this.leasedIp = detail;
            this.deviceReady();
          } else if (event === 'left' || event === 'removed') this.leasedIp = null;
        },
      });
    }
    this.nat = new Nat(options.nat ?? [], this.stack, wake);
    board.onRadioVanished = () => this.deviceVanished();
  }

  /** Opens the forwards' ports and switches the peer on. @throws RigError `ESPRIG_PORT_BUSY` */
  async start(): Promise<void> {
    for (const forward of this.options.forwards ?? []) {
      try {
        this.forwards.push(
          await TcpForward.start(forward, {
            stack: this.stack,
            deviceIp: () => this.deviceIp,
            wake: this.wake,
          }),
        );
      } catch (error) {
        await this.close();
        throw new RigError('ESPRIG_PORT_BUSY', `forward ${forward.hostPort}: ${(error as Error).message}`, {
          cause: error,
          hint: 'Another program listens there; 0 takes any free port.',
        });
      }
    }
    this.tell({
      what: 'listening',
      forwards: this.forwards.map(({ hostPort, devicePort }) => ({ hostPort, devicePort })),
    });
    (this.station ?? this.accessPoint!).start();
  }

  get stack(): NetStack {
    return (this.station ?? this.accessPoint!).stack;
  }

  /** Connections stand: somebody of this machine watches. */
  get isWatched(): boolean {
    return this.nat.open > 0 || this.forwards.some((forward) => forward.open > 0);
  }

  /**
   * This machine waits for the device: a connection is being opened, or bytes are under way to it. Then its idle time is
   * not walked through, for a fast host must not be held to the speed of the air.
   */
  isAwaited(nowNanos: number): boolean {
    let pending = this.nat.pendingBytes;
    let unsent = this.nat.unsentBytes;
    let opening = 0;
    for (const forward of this.forwards) {
      opening += forward.opening;
      pending += forward.pendingBytes;
      unsent += forward.unsentBytes;
    }
    if (pending !== this.pendingBefore || opening !== this.openingBefore) {
      this.pendingBefore = pending;
      this.openingBefore = opening;
      this.progressNanos = nowNanos;
    }
    const waitedNanos = nowNanos - this.progressNanos;
    if (opening > 0 && waitedNanos < OPENING_NANOS) return true;
    return pending > 0 && waitedNanos < (unsent > 0 ? STALL_NANOS : IN_FLIGHT_NANOS);
  }

  /** @throws UsageError ESPRIG_USAGE when no client at this port has a connection to the device */
  setClientAsleep(clientPort: number, isAsleep: boolean): void {
    if (this.forwards.some((forward) => forward.setAsleep(clientPort, isAsleep))) return;
    throw new UsageError('ESPRIG_USAGE', `no client at port ${clientPort} is connected to the device`, {
      hint: 'Only a client whose connection stands can fall asleep, and it wakes when it closes.',
    });
  }

  get status(): BoardAirStatus {
    const { sent, delivered, unacknowledged } = this.board.parts.wifi.counts;
    const { deviceIp } = this;
    return {
      peer: this.options.peer,
      state: this.state,
      deviceIp: deviceIp === null ? null : formatIpv4(deviceIp),
      forwards: this.forwards.map(({ hostPort, devicePort, open, counts }) => ({
        ...{ hostPort, devicePort, open },
        accepted: counts.accepted,
      })),
      framesSent: sent,
      framesReceived: delivered,
      unacknowledged,
    };
  }

  /** Puts what has gone over the air since the last call into the capture. */
  flush(): void {
    this.pcap?.flush();
    const records = this.capture?.take();
    if (records !== undefined) this.onCaptured?.(records);
  }

  /** The board's content was replaced: who was joined to it is not any more. */
  boardRestored(): void {
    this.deviceVanished();
  }

  async close(): Promise<void> {
    for (const probe of this.probes) probe.stop();
    this.nat.close();
    await Promise.all(this.forwards.map((forward) => forward.close()));
    this.station?.stop();
    this.accessPoint?.stop();
    this.flush();
    this.capture?.stop();
    this.detach();
    this.pcap?.close();
  }

  private get state(): StationState {
    return this.station ? this.station.state : this.leasedIp === null ? 'idle' : 'ready';
  }

  private get deviceIp(): Ipv4Address | null {
    if (this.station) return this.station.state === 'ready' ? SOFT_AP_IP : null;
    return this.leasedIp;
  }

  private deviceReady(): void {
    for (const forward of this.forwards) {
      forward.deviceReady();
      if (!this.probes.some((probe) => probe.forward === forward)) this.probe(forward);
    }
  }

  /** Asks until the device answers, once for each forward. */
  private probe(forward: TcpForward): void {
    const probe = new ForwardProbe(
      forward,
      this.stack,
      this.medium.timers,
      () => this.deviceIp,
      (ip) => {
        const { hostPort, devicePort } = forward;
        this.tell({ what: 'answers', hostPort, devicePort, deviceIp: formatIpv4(ip) });
      },
    );
    this.probes.push(probe);
    probe.start();
  }

  private deviceVanished(): void {
    this.station?.deviceRestarted();
    if (this.accessPoint) {
      this.leasedIp = null;
      this.stack.reset();
    }
  }
}

function startCapture(board: Board, medium: Medium): AirCapture {
  const beganMs = Date.now() - performance.now();
  return new AirCapture(medium, {
    boardNanos: () => board.nowNanos,
    wallMs: () => beganMs + performance.now(),
  });
}

function openCapture(file: string | undefined, medium: Medium): PcapFile | null {
  if (file === undefined) return null;
  try {
    return new PcapFile(file, medium);
  } catch (error) {
    throw new UsageError('ESPRIG_USAGE_FILE', `capture ${file}: ${(error as Error).message}`, {
      cause: error,
      hint: 'Name a file in a folder that you may write to.',
    });
  }
}
