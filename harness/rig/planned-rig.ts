import type { Clock } from '../core/clock';
import type { Deadline } from '../core/deadline';
import { RigError, type EsprigError } from '../core/errors';
import type { EventBus } from '../core/events';
import type { FlashPart } from '../device/flash-plan';
import { BrokenOnce } from './broken-once';
import type { Settings } from './provisioning';
import { shippedParts, type RigPlan } from './rig-plan';
import type { RunningRig } from './running-rig';

/** What every running rig has of its plan, and what follows from it alone. */
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

  abstract writeFlash(parts: readonly FlashPart[], deadline: Deadline): Promise<void>;

  protected tell(name: string, data: Readonly<Record<string, unknown>>): void {
    this.bus.emit('rig', name, data);
  }
}
