import type { Clock } from '../core/clock';
import type { Deadline } from '../core/deadline';
import { RigError, type EsprigError } from '../core/errors';
import type { EventBus } from '../core/events';
import type { FlashPart } from '../device/flash-plan';
import { BrokenOnce } from './broken-once';
import type { Settings } from './provisioning';
import { shippedParts, type RigPlan } from './rig-plan';
import type { RunningRig } from './running-rig';
import type { SerialBoard } from './serial-board';

/** What every running rig has of its plan, and what it does alike over its serial line. */
export abstract class PlannedRig {
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
  protected readonly plan: RigPlan;
  protected readonly broken: BrokenOnce;
  /** What the firmware was given last. */
  protected settings: Settings;
  protected abstract readonly board: SerialBoard;

  constructor(plan: RigPlan, bus: EventBus, clock: Clock) {
    this.name = plan.name;
    this.capabilities = plan.capabilities;
    this.layout = plan.layout;
    this.dutProfile = plan.profile;
    this.firmware = plan.firmware;
    this.mac = plan.mac;
    this.secrets = plan.secrets;
    this.bus = bus;
    this.clock = clock;
    this.plan = plan;
    this.settings = plan.settings;
    this.broken = new BrokenOnce(plan.name, ({ code, message }) =>
      this.tell('rig-broken', { code, text: message, lane: 'rig' }),
    );
  }

  get trouble(): EsprigError | undefined {
    return this.broken.first;
  }

  get token(): string | undefined {
    return this.settings.token;
  }

  /** @throws RigError ESPRIG_RIG_CANNOT when the firmware takes none */
  async writeSettings(settings: Settings, deadline: Deadline): Promise<void> {
    const parts = shippedParts(this.plan, settings).filter((part) => !this.firmware.flash.includes(part));
    if (parts.length === 0) {
      throw new RigError('ESPRIG_RIG_CANNOT', `${this.name}: its firmware takes no settings`, {
        blame: 'case',
      });
    }
    await this.writeFlash(parts, deadline);
    this.settings = settings;
  }

  reset(deadline: Deadline): Promise<void> {
    return this.broken.guard('reset', () => this.startApp(deadline));
  }

  waitForReady(deadline: Deadline): Promise<void> {
    return this.broken.guard('wait until it is ready', () => this.ready(deadline));
  }

  writeFlash(parts: readonly FlashPart[], deadline: Deadline): Promise<void> {
    return this.broken.guard('write the flash', async () => {
      await this.board.flash(parts, deadline, { force: true });
      await this.startApp(deadline);
    });
  }

  /** What is waited for from here on belongs to the start that comes next. */
  protected abstract starts(): void;

  protected abstract ready(deadline: Deadline): Promise<void>;

  protected tell(name: string, data: Readonly<Record<string, unknown>>): void {
    this.bus.emit('rig', name, data);
  }

  /** Resets into the app; what ran before is over when it returns. */
  protected async startApp(deadline: Deadline): Promise<void> {
    this.starts();
    await this.board.resetIntoApp(deadline);
  }
}
