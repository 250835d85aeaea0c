import type { Clock } from '../core/clock';
import type { Deadline } from '../core/deadline';
import { isErrorCode } from '../core/error-codes';
import { EsprigError, RigError, toEsprigError } from '../core/errors';
import type { EventBus } from '../core/events';
import type { Impairment } from '../emulator/air';
import type { BoardSnapshot } from '../emulator/board';
import { BoardThread } from '../host/board-thread';
import { memoryPort } from '../port/memory-port';
import { flashStateOf, type FlashState } from './flash-state';
import { inPhase } from './phases';
import { PlannedRig } from './planned-rig';
import { waitUntilReady } from './ready';
import { shippedParts, type RigPlan } from './rig-plan';
import { AIR_CAPTURED, type RigBudgets, type RigPower, type RunningRig } from './running-rig';
import { SerialBoard } from './serial-board';
import { boardConfigOf, boardAirOf, VIRTUAL_RECIPES } from './virtual-board';
import { virtualPower } from './virtual-power';

/** Starts an emulated board, flashes it over its serial line and waits until its server answers. */
export async function openVirtualRig(
  plan: RigPlan,
  given: { readonly bus: EventBus; readonly clock: Clock; readonly budgets: RigBudgets },
  deadline: Deadline,
): Promise<RunningRig> {
  const rig = await VirtualRig.start(plan, given.bus, given.clock);
  try {
    await inPhase(given, 'flash', 'rig', deadline, (limit) => rig.flashAll(limit));
    await inPhase(given, 'boot', 'dut', deadline, (limit) => rig.bootAndKeep(limit));
    return rig;
  } catch (error) {
    await rig[Symbol.asyncDispose]();
    throw error;
  }
}

interface Parts {
  readonly thread: BoardThread;
  readonly board: SerialBoard;
  readonly hostPort: number;
}

class VirtualRig extends PlannedRig implements RunningRig {
  readonly kind = 'virtual';
  readonly baseUrl: string;
  readonly pcapFile: string | undefined;
  readonly console: RunningRig['console'];
  readonly power: RigPower;
  protected readonly board: SerialBoard;
  readonly #thread: BoardThread;
  /** As shipped and answering. */
  #shipped: BoardSnapshot | undefined;
  /** Where the console stood when the board was last started. */
  #mark = 0;
  #isClosing = false;

  private constructor(plan: RigPlan, bus: EventBus, clock: Clock, { thread, board, hostPort }: Parts) {
    super(plan, bus, clock);
    this.#thread = thread;
    this.board = board;
    this.baseUrl = `http://127.0.0.1:${String(hostPort)}`;
    this.pcapFile = plan.capabilities.has('pcap') ? plan.pcapFile : undefined;
    this.console = board.console;
    this.power = virtualPower(thread, this.broken, {
      tell: (name, data) => this.tell(name, data),
      starts: () => this.starts(),
    });
    this.#watch();
  }

  static async start(plan: RigPlan, bus: EventBus, clock: Clock): Promise<VirtualRig> {
    const thread = BoardThread.start({ config: boardConfigOf(plan), air: boardAirOf(plan) });
    // Before power: what the board says first on the air belongs to the capture.
    thread.listen({ captured: (records) => bus.emit('rig', AIR_CAPTURED, { records }) });
    try {
      await thread.act('power-on');
      const status = await thread.act('air-status');
      const [forward] = status?.forwards ?? [];
      if (forward === undefined) throw new RigError('ESPRIG_RIG_NETWORK_FAILED', 'the board has no forward');
      const link = memoryPort(thread.line, { path: `memory:${plan.name}`, garbleOtherBaud: false });
      await link.open();
      const { baud = 115_200, flashBaud = 2_000_000 } = plan.description.virtual ?? {};
      const board = new SerialBoard({
        ...{ link, clock, bus, flashBaud, recipes: VIRTUAL_RECIPES },
        appBaud: baud,
        expectMac: plan.mac,
        hearsAllRates: true,
      });
      return new VirtualRig(plan, bus, clock, { thread, board, hostPort: forward.hostPort });
    } catch (error) {
      await thread.close();
      throw error;
    }
  }

  async flashAll(deadline: Deadline): Promise<void> {
    const result = await this.board.flash(shippedParts(this.plan, this.plan.settings), deadline);
    this.tell('flashed', {
      ...result,
      lane: 'flash',
      text: `flashed ${this.firmware.name} in ${String(Math.round(result.elapsedMs))} ms`,
    });
  }

  async bootAndKeep(deadline: Deadline): Promise<void> {
    await this.reset(deadline);
    await this.waitForReady(deadline);
    this.#shipped = await this.#thread.act('save');
  }

  restoreFirmware(deadline: Deadline): Promise<void> {
    return this.broken.guard('restore the firmware', async () => {
      deadline.check('the board as shipped');
      const thread = this.#thread;
      const snapshot = this.#shipped;
      if (snapshot === undefined)
        throw new RigError('ESPRIG_RIG_CANNOT', `${this.name} was never as shipped`);
      await this.console.borrow('the snapshot', async () => {
        await deadline.wait(thread.act('impair-air', []), 'the air as it was');
        await deadline.wait(thread.act('restore', snapshot), 'the board as shipped');
        // What the board had said before is still on its way here; it is nobody's text any more.
        await deadline.sleep(1, 'the last of the old console');
      });
      this.settings = this.plan.settings;
      this.console.allowResets(0);
      this.#mark = this.console.mark();
      this.tell('restored', { lane: 'rig', text: 'as shipped, from the snapshot' });
      await this.ready(deadline);
    });
  }

  readFlash(flashOffset: number, lengthBytes: number, deadline: Deadline): Promise<Uint8Array> {
    return this.broken.guard('read the flash', () =>
      deadline.wait(
        this.#thread.act('read-flash', { offset: flashOffset, length: lengthBytes }),
        'the content of the flash',
      ),
    );
  }

  async readFlashState(deadline: Deadline): Promise<FlashState> {
    return flashStateOf(await this.readFlash(0, this.plan.flashSizeBytes, deadline), this.layout);
  }

  /** Looking is free: to be asked before the firmware has done anything. */
  shippedState(deadline: Deadline): Promise<FlashState> {
    return this.readFlashState(deadline);
  }

  impairAir = (impairments: readonly Impairment[]): Promise<void> =>
    this.broken.guard('impair the air', async () => {
      await this.#thread.act('impair-air', impairments);
      this.tell('air-impaired', {
        impairments,
        lane: 'air',
        text: `${impairments.length} rules on the air`,
      });
    });

  setClientAsleep = (clientPort: number, isAsleep: boolean, deadline: Deadline): Promise<void> =>
    this.broken.guard('let a client sleep', async () => {
      const changed = this.#thread.act('set-client-asleep', { clientPort, isAsleep });
      await deadline.wait(changed, 'the sleep of a client');
      this.tell('client-asleep', {
        clientPort,
        isAsleep,
        lane: 'air',
        text: `the client at port ${clientPort} ${isAsleep ? 'sleeps' : 'is awake'}`,
      });
    });

  spoilFlash = (flashOffset: number, bytes: Uint8Array, deadline: Deadline): Promise<void> =>
    this.broken.guard('spoil the flash', async () => {
      const spoilt = this.#thread.act('program-flash', { offset: flashOffset, bytes });
      await deadline.wait(spoilt, 'the spoilt flash');
      this.tell('flash-spoilt', {
        lane: 'flash',
        text: `${bytes.length} bytes of the flash at 0x${flashOffset.toString(16)} were spoilt`,
      });
    });

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosing = true;
    await this.board[Symbol.asyncDispose]();
    await this.#thread.close();
  }

  protected async ready(deadline: Deadline): Promise<void> {
    await waitUntilReady(this, this.#mark, deadline);
  }

  /** The thread comes to the lines when it does: until then the app from before goes on, and would answer. */
  protected override async startApp(deadline: Deadline): Promise<void> {
    const { isPowered } = await deadline.wait(this.#thread.act('status'), 'state of the board');
    if (!isPowered) return super.startApp(deadline);
    let leave = (): void => undefined;
    const wasReset = new Promise<void>((resolve) => {
      leave = this.#thread.listen({ reset: (kind) => (kind === 'external' ? resolve() : undefined) });
    });
    try {
      await super.startApp(deadline);
      await deadline.wait(wasReset, 'reset of the emulated board');
    } finally {
      leave();
    }
  }

  protected starts(): void {
    this.console.allowResets(1);
    this.#mark = this.console.mark();
  }

  #watch(): void {
    this.#thread.listen({
      reset: (reset, atNanos) =>
        this.tell('board-reset', { reset, boardMs: atNanos / 1e6, lane: 'reset', text: `board: ${reset}` }),
      air: (event) => this.tell('air', { ...event, lane: 'air', text: Object.values(event).join(' ') }),
      fault: (fault) => {
        const code = isErrorCode(fault.code) ? fault.code : 'ESPRIG_INTERNAL';
        const error = new EsprigError(code, `the emulated board stopped: ${fault.message}`, {
          blame: 'harness',
          evidence: [
            { title: 'the board when it stopped', lines: fault.dump },
            { title: 'last instructions', lines: fault.lastSteps },
          ],
        });
        this.broken.broke(error);
        this.tell('board-fault', { code, text: error.message, lane: 'rig' });
      },
      gone: (error) => {
        if (!this.#isClosing) this.broken.broke(toEsprigError(error));
      },
    });
  }
}
