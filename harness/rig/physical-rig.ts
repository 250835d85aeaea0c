import type { Clock } from '../core/clock';
import type { Deadline } from '../core/deadline';
import { isEsprigError, LinkError, RigError, type EsprigError } from '../core/errors';
import type { EventBus } from '../core/events';
import type { FlashPart } from '../device/flash-plan';
import { linkTo } from '../port/open-port';
import { BrokenOnce } from './broken-once';
import { FlashMirror } from './flash-mirror';
import { flashStateOf, type FlashState } from './flash-state';
import { LastingLink } from './lasting-link';
import type { Lease } from './lease';
import { inPhase } from './phases';
import { physicalPower } from './physical-power';
import { powerSwitchOf } from './power-switch';
import type { Settings } from './provisioning';
import { RigNetwork } from './rig-network';
import { waitUntilReady } from './ready';
import { shippedParts, type RigPlan } from './rig-plan';
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

class PhysicalRig implements RunningRig {
  readonly kind = 'serial';
  readonly name: RunningRig['name'];
  readonly capabilities: RunningRig['capabilities'];
  readonly layout: RunningRig['layout'];
  readonly dutProfile: RunningRig['dutProfile'];
  readonly firmware: RunningRig['firmware'];
  readonly mac: string;
  readonly secrets: readonly string[];
  readonly notes: string[] = [];
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly console: RunningRig['console'];
  readonly power?: RigPower;
  readonly #plan: RigPlan;
  readonly #lease: Lease;
  readonly #board: SerialBoard;
  readonly #network: RigNetwork;
  readonly #mirror: FlashMirror;
  readonly #broken: BrokenOnce;
  #settings: Settings;
  #mark = 0;

  constructor(plan: RigPlan, lease: Lease, link: LastingLink, { bus, clock }: Given) {
    const { serial } = plan.description;
    this.#plan = plan;
    this.#lease = lease;
    this.#settings = plan.settings;
    this.#broken = new BrokenOnce(plan.name, ({ code, message }) =>
      bus.emit('rig', 'rig-broken', { code, text: message, lane: 'rig' }),
    );
    this.#mirror = new FlashMirror(plan.flashSizeBytes);
    this.name = plan.name;
    this.capabilities = plan.capabilities;
    this.layout = plan.layout;
    this.dutProfile = plan.profile;
    this.firmware = plan.firmware;
    this.mac = plan.mac;
    this.secrets = plan.secrets;
    this.bus = bus;
    this.clock = clock;
    this.#board = new SerialBoard({
      ...{ link, clock, bus, recipes: recipesOf(plan.description) },
      appBaud: serial?.baud ?? 115_200,
      flashBaud: serial?.flashBaud ?? 460_800,
      expectMac: plan.mac,
    });
    this.console = this.#board.console;
    this.#network = new RigNetwork(plan, this.console);
    link.onClose(({ reason, detail }) => {
      // Our own end of it is no trouble.
      if (reason === 'unplugged') this.#broken.broke(this.#lineLost(link.path, detail));
    });
    const power = powerSwitchOf(plan.description);
    if (power !== undefined && plan.capabilities.has('power-cut')) {
      this.power = physicalPower(power, link, this.console, this.#broken, {
        tell: (name, data) => bus.emit('rig', name, data),
        starts: () => this.#starts(),
      });
    }
  }

  /** Of the last start; a board may have another address after the next. */
  get baseUrl(): string {
    return this.#network.baseUrl;
  }

  get trouble(): EsprigError | undefined {
    return this.#broken.first;
  }

  get token(): string | undefined {
    return this.#settings.token;
  }

  async flashShipped(deadline: Deadline): Promise<void> {
    const result = await this.#board.flash(shippedParts(this.#plan, this.#plan.settings), deadline);
    this.#settings = this.#plan.settings;
    const written = result.parts.reduce((sum, part) => sum + part.writtenBytes, 0);
    const text = `flashed ${this.firmware.name}: ${written} bytes differed, ${Math.round(result.elapsedMs)} ms`;
    this.bus.emit('rig', 'flashed', { ...result, lane: 'flash', text });
    if (result.recoveries > 0)
      this.notes.push(`flashing: the line had to be taken up anew ${result.recoveries} times`);
  }

  async boot(deadline: Deadline): Promise<void> {
    this.#starts();
    await this.#board.resetIntoApp(deadline);
    await this.#ready(deadline);
  }

  restoreFirmware(deadline: Deadline): Promise<void> {
    return this.#broken.guard('restore the firmware', async () => {
      await this.#powered(deadline);
      await this.flashShipped(deadline);
      await this.boot(deadline);
    });
  }

  reset(deadline: Deadline): Promise<void> {
    return this.#broken.guard('reset', async () => {
      this.#starts();
      await this.#board.resetIntoApp(deadline);
    });
  }

  waitForReady(deadline: Deadline): Promise<void> {
    return this.#broken.guard('wait until it is ready', () => this.#ready(deadline));
  }

  readFlash(flashOffset: number, lengthBytes: number, deadline: Deadline): Promise<Uint8Array> {
    return this.#broken.guard('read the flash', async () => {
      const bytes = await this.#board.read(flashOffset, lengthBytes, deadline);
      await this.#backIntoApp(deadline);
      return bytes;
    });
  }

  writeFlash(parts: readonly FlashPart[], deadline: Deadline): Promise<void> {
    return this.#broken.guard('write the flash', async () => {
      await this.#board.flash(parts, deadline, { force: true });
      this.#starts();
      await this.#board.resetIntoApp(deadline);
    });
  }

  async writeSettings(settings: Settings, deadline: Deadline): Promise<void> {
    const parts = shippedParts(this.#plan, settings).filter((part) => !this.firmware.flash.includes(part));
    if (parts.length === 0) {
      throw new RigError('ESPRIG_RIG_CANNOT', `${this.name}: its firmware takes no settings`, {
        blame: 'case',
      });
    }
    await this.writeFlash(parts, deadline);
    this.#settings = settings;
  }

  readFlashState(deadline: Deadline): Promise<FlashState> {
    return this.#broken.guard('read the flash', async () => {
      const flash = await this.#board.withFlash(deadline, (source) =>
        this.#mirror.refresh(this.layout, source, deadline),
      );
      await this.#backIntoApp(deadline);
      return flashStateOf(flash, this.layout);
    });
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
    await this.#board[Symbol.asyncDispose]();
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

  #starts(): void {
    this.#mark = this.console.mark();
    this.#network.forget();
  }

  /** Looking at the flash costs a restart. A firmware that does not come up again is the case's affair, not the look's. */
  async #backIntoApp(deadline: Deadline): Promise<void> {
    try {
      await this.boot(deadline);
    } catch (error) {
      if (!isEsprigError(error) || error.blame !== 'dut') throw error;
      this.bus.emit('rig', 'not-ready', {
        lane: 'rig',
        text: `not up again after the flash was read: ${error.message}`,
      });
    }
  }

  async #ready(deadline: Deadline): Promise<void> {
    await this.#network.find(this.#mark, deadline);
    try {
      await waitUntilReady(this, this.#mark, deadline);
    } catch (error) {
      throw this.#network.explain(error);
    }
  }
}
