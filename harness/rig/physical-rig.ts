import type { Clock } from '../core/clock';
import type { Deadline } from '../core/deadline';
import { isEsprigError, LinkError, type EsprigError } from '../core/errors';
import type { EventBus } from '../core/events';
import type { FlashPart } from '../device/flash-plan';
import { linkTo } from '../port/open-port';
import { FlashMirror, type FlashSource } from './flash-mirror';
import { flashStateOf, regionOf, type FlashState } from './flash-state';
import { LastingLink } from './lasting-link';
import type { Lease } from './lease';
import { inPhase } from './phases';
import { physicalPower } from './physical-power';
import { powerSwitchOf } from './power-switch';
import { RigNetwork } from './rig-network';
import { PlannedRig } from './planned-rig';
import { waitUntilReady } from './ready';
import { isWrittenBy, shippedParts, type RigPlan } from './rig-plan';
import { recipesOf } from './rig-recipes';
import type { RigBudgets, RigPower, RunningRig } from './running-rig';
import { SerialBoard } from './serial-board';

const EVIDENCE_LINES = 30;

interface Given {
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly budgets: RigBudgets;
}

/**
 * Opens the port of a leased board, makes sure that it is the one, flashes what differs and waits until it answers. The
 * lease is the rig's from now on if this succeeds.
 */
export async function openPhysicalRig(
  plan: RigPlan,
  lease: Lease,
  given: Given,
  deadline: Deadline,
): Promise<RunningRig> {
  const { port, baud } = plan.description.serial!;
  const link = new LastingLink(() => linkTo(port, { baud }));
  await link.open();
  const rig = new PhysicalRig(plan, lease, link, given);
  try {
    await inPhase(given, 'flash', 'rig', deadline, (limit) => rig.flashShipped(limit));
    await inPhase(given, 'boot', 'dut', deadline, (limit) => rig.boot(limit));
    return rig;
  } catch (error) {
    // The lease goes back by whoever took it.
    await rig.closeLine();
    throw error;
  }
}

class PhysicalRig extends PlannedRig implements RunningRig {
  readonly kind = 'serial';
  readonly console: RunningRig['console'];
  readonly power?: RigPower;
  readonly #lease: Lease;
  protected readonly board: SerialBoard;
  readonly #network: RigNetwork;
  readonly #mirror: FlashMirror;
  /** The flash after restoring, before the start. */
  #restored: FlashState | undefined;
  /** The flash after the first start. */
  #started: FlashState | undefined;
  #mark = 0;
  /** The banner of this start may have come while there was no adapter to hear it. */
  #isStartMissed = false;

  constructor(plan: RigPlan, lease: Lease, link: LastingLink, { bus, clock }: Given) {
    super(plan, bus, clock);
    const { serial } = plan.description;
    this.#lease = lease;
    this.#mirror = new FlashMirror(plan.flashSizeBytes);
    this.board = new SerialBoard({
      ...{ link, clock, bus, recipes: recipesOf(plan.description) },
      appBaud: serial?.baud ?? 115_200,
      flashBaud: serial?.flashBaud ?? 460_800,
      expectMac: plan.mac,
    });
    this.console = this.board.console;
    this.#network = new RigNetwork(plan, this.console);
    link.onClose(({ reason, detail }) => {
      // Our own end of it is no trouble.
      if (reason === 'unplugged') this.broken.broke(this.#lineLost(link.path, detail));
    });
    const power = powerSwitchOf(plan.description);
    if (power !== undefined && plan.capabilities.has('power-cut')) {
      this.power = physicalPower(power, link, this.console, this.broken, {
        tell: (name, data) => this.tell(name, data),
        starts: () => this.starts(),
        missed: () => {
          this.#isStartMissed = true;
          this.#network.recall();
        },
      });
    }
  }

  get #shippedParts(): readonly FlashPart[] {
    return shippedParts(this.plan, this.plan.settings);
  }

  /** Of the last start; a board may have another address after the next. */
  get baseUrl(): string {
    return this.#network.baseUrl;
  }

  /** With a look at the whole flash while the chip is in its loader anyway. */
  async flashShipped(deadline: Deadline, look = false): Promise<void> {
    const parts = this.#shippedParts;
    const result = await this.board.withFlash(deadline, async (flasher, limit) => {
      const written = await flasher.write(parts, {}, limit);
      this.#mirror.note(parts);
      if (look) this.#restored = await this.#lookInLoader(flasher, limit);
      return written;
    });
    this.settings = this.plan.settings;
    const written = result.parts.reduce((sum, part) => sum + part.writtenBytes, 0);
    const text = `flashed ${this.firmware.name}: ${written} bytes differed, ${Math.round(result.elapsedMs)} ms`;
    this.tell('flashed', { ...result, lane: 'flash', text });
    if (result.recoveries > 0)
      this.notes.push(`flashing: the line had to be taken up anew ${result.recoveries} times`);
  }

  async boot(deadline: Deadline): Promise<void> {
    this.starts();
    await this.board.resetIntoApp(deadline);
    await this.ready(deadline);
  }

  restoreFirmware(deadline: Deadline): Promise<void> {
    return this.broken.guard('restore the firmware', async () => {
      await this.#powered(deadline);
      await this.flashShipped(deadline, true);
      await this.boot(deadline);
    });
  }

  readFlash(flashOffset: number, lengthBytes: number, deadline: Deadline): Promise<Uint8Array> {
    return this.broken.guard('read the flash', async () => {
      const bytes = await this.board.read(flashOffset, lengthBytes, deadline);
      await this.#backIntoApp(deadline);
      return bytes;
    });
  }

  readFlashState(deadline: Deadline): Promise<FlashState> {
    return this.broken.guard('read the flash', async () => {
      const state = await this.board.withFlash(deadline, (flasher, limit) =>
        this.#lookInLoader(flasher, limit),
      );
      await this.#backIntoApp(deadline);
      return state;
    });
  }

  /**
   * As the last restoring saw it. What restoring writes is taken as the first start left it: firmware may write there as
   * it starts, and a look after each start would cost another.
   */
  async shippedState(deadline: Deadline): Promise<FlashState> {
    const started = (this.#started ??= await this.readFlashState(deadline));
    const restored = this.#restored;
    if (restored === undefined) return started;
    const parts = this.#shippedParts;
    const isWritten = (label: string): boolean => isWrittenBy(parts, regionOf(this.layout, label));
    const partitions = Object.entries(restored.partitions).map(([label, sha256]) => [
      label,
      isWritten(label) ? started.partitions[label] : sha256,
    ]);
    return { ...restored, partitions: Object.fromEntries(partitions) as FlashState['partitions'] };
  }

  async #lookInLoader(source: FlashSource, deadline: Deadline): Promise<FlashState> {
    return flashStateOf(await this.#mirror.refresh(this.layout, source, deadline), this.layout);
  }

  #lineLost(path: string, detail: string): EsprigError {
    const lines = this.console.lines.slice(-EVIDENCE_LINES).map((line) => line.text);
    return new LinkError(
      'ESPRIG_PORT_UNPLUGGED',
      `${this.name}: its serial line ${path} went away: ${detail}`,
      {
        hint: 'Look for the USB cable, or for the program or server at the other end of the line: has it ended?',
        evidence: [{ title: 'last console lines', lines }],
      },
    );
  }

  async closeLine(): Promise<void> {
    await this.board[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.closeLine();
    } finally {
      this.#lease[Symbol.dispose]();
    }
  }

  /** A case may have left it without power. */
  async #powered(deadline: Deadline): Promise<void> {
    if (this.power !== undefined) await this.power.on(deadline);
  }

  protected starts(): void {
    this.#mark = this.console.mark();
    this.#isStartMissed = false;
    this.#network.forget();
  }

  /** Looking at the flash costs a restart. A firmware that does not come up again is the case's affair, not the look's. */
  async #backIntoApp(deadline: Deadline): Promise<void> {
    try {
      await this.boot(deadline);
    } catch (error) {
      if (!isEsprigError(error) || error.blame !== 'dut') throw error;
      this.tell('not-ready', {
        lane: 'rig',
        text: `not up again after the flash was read: ${error.message}`,
      });
    }
  }

  protected async ready(deadline: Deadline): Promise<void> {
    await this.#network.find(this.#mark, deadline);
    try {
      await waitUntilReady(this, this.#mark, deadline);
    } catch (error) {
      throw this.#network.explain(error, this.#mark);
    }
    // The app is up, so the start that was wanted is over: the next reset is nobody's wish.
    if (this.#isStartMissed) this.console.allowResets(0);
    this.#isStartMissed = false;
  }
}
