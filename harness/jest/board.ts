/** A board as a case holds it: from `rig()` to the end of the case, with the case's time in every wait. */
import type { Deadline } from '../core/deadline';
import { toEsprigError, UsageError } from '../core/errors';
import type { Incident } from '../device/crash-watch';
import type { TextMatch } from '../device/console-text';
import type { TimedLine } from '../port/line-reader';
import { otaSlots } from '../protocol/partition-table';
import { makeImage, type MadeImage } from '../protocol/image-lab/make';
import { partitionOf, type Layout } from '../protocol/layouts';
import { slotBaseAddr, type Slot } from '../protocol/slots';
import type { FlashState, RunningRig } from '../rig/running-rig';
import { createDutClient } from '../device/dut-client';
import { CaseConsole } from './case-console';
import { CaseDut, type Within } from './case-dut';
import type { HeldRig } from './held-rig';
import { RestartAllowance } from './restart-allowance';
import { rigCannot } from './rig-cannot';

export interface LogWait extends Within {
  /** A position from `mark()`. Default: the beginning of the case. */
  readonly since?: number;
  /** Do not fail when the board crashes or resets meanwhile. */
  readonly evenIfItDies?: boolean;
}

export interface MakeOptions {
  /** Label of the slot that the good image is for. Default: the one that an upload goes to. */
  readonly slot?: string;
  /** Where, for kinds that have a place. */
  readonly at?: number;
  readonly seed?: number;
}

/** Who can be put to sleep: an event stream, by the port that it has here. */
export interface Sleeper {
  readonly clientPort: number | undefined;
}

export interface BoardOptions {
  readonly deadline: Deadline;
  /** The flash when the case began. */
  readonly before: FlashState;
  /** Where the case begins on the timeline. */
  readonly timelineMark: number;
}

export class Board implements AsyncDisposable {
  readonly rig: RunningRig;
  readonly dut: CaseDut;
  /** What the firmware takes on its serial line; `mark`, `lines` and `waitForLog` below are what it says. */
  readonly console: CaseConsole;
  /** What is left of the case's time. */
  readonly deadline: Deadline;
  /** The flash when the case began. */
  readonly before: FlashState;
  readonly #held: HeldRig;
  readonly #mark: number;
  readonly #timelineMark: number;
  readonly #startedMs: number;
  #isClosed = false;
  #isTroubleExpected = false;

  constructor(held: HeldRig, options: BoardOptions) {
    this.rig = held.rig;
    this.#held = held;
    this.deadline = options.deadline;
    this.before = options.before;
    this.#mark = held.rig.console.mark();
    this.#timelineMark = options.timelineMark;
    this.#startedMs = options.deadline.clock.nowMs();
    const client = createDutClient({
      baseUrl: held.rig.baseUrl,
      profile: held.rig.dutProfile,
      clock: held.clock,
      bus: held.bus,
      token: held.rig.token,
    });
    this.dut = new CaseDut(client, {
      time: (phase, within) => this.within(phase, within),
      token: () => held.rig.token,
      restarts: new RestartAllowance(held.rig.console),
      onStatus: ({ running, heapFreeBytes, heapLowestBytes, uptimeMs }) =>
        held.bus.emit('jest', 'dut-status', {
          ...{ running, heapFreeBytes, heapLowestBytes, uptimeMs, lane: 'http' },
          text: `status: ${running} runs, ${String(heapFreeBytes)} bytes free, never fewer than ${String(heapLowestBytes)}`,
        }),
    });
    this.console = new CaseConsole(held.rig, (phase, within) => this.within(phase, within));
  }

  /** A share of the case's time, for what takes a deadline itself. */
  within(phase: string, options: Within = {}): Deadline {
    if (this.#isClosed) {
      throw new UsageError(
        'ESPRIG_DISPOSED',
        `${phase}: the case has ended, and its board is another's now`,
        {
          hint: 'Something in the case was not awaited.',
        },
      );
    }
    return this.deadline.sub({ phase, budgetMs: options.withinMs });
  }

  get layout(): Layout {
    return this.rig.layout;
  }

  get firmware(): RunningRig['firmware'] {
    return this.rig.firmware;
  }

  /** OTA slots in the order of their numbers. */
  get slots(): readonly Slot[] {
    return otaSlots(this.layout.partitions);
  }

  /** The slot that runs as shipped, and the one that an upload goes to. */
  get shippedSlot(): Slot {
    return this.#slot(0);
  }

  get nextSlot(): Slot {
    return this.#slot(1);
  }

  /** The good image for a slot; by default for the one that an upload goes to. */
  image(slot = this.nextSlot.label): Uint8Array {
    return this.rig.firmware.imageFor(slot);
  }

  /** An image of a kind of the laboratory, made from the good one. @throws UsageError when this layout has no such */
  make(kind: string, options: MakeOptions = {}): MadeImage {
    const slot = this.slots.find((each) => each.label === (options.slot ?? this.nextSlot.label));
    if (slot === undefined) {
      throw new UsageError(
        'ESPRIG_USAGE',
        `layout ${this.layout.name} has no slot "${String(options.slot)}"`,
      );
    }
    return makeImage(kind, {
      good: this.rig.firmware.imageFor(slot.label),
      slot,
      otherSlot: this.slots.find((each) => each !== slot),
      at: options.at,
      seed: options.seed,
    });
  }

  /** As `make`; undefined when this firmware and layout have no such image. */
  makeIfPossible(kind: string, options: MakeOptions = {}): MadeImage | undefined {
    try {
      return this.make(kind, options);
    } catch (error) {
      if (toEsprigError(error).code === 'ESPRIG_USAGE') return undefined;
      throw error;
    }
  }

  /** One image serves both slots: they lie a multiple of 1 MiB apart. */
  get linksAreShared(): boolean {
    return slotBaseAddr(this.shippedSlot) === slotBaseAddr(this.nextSlot);
  }

  // The console.

  mark(): number {
    return this.rig.console.mark();
  }

  /** Console lines of this case. */
  get lines(): readonly TimedLine[] {
    return this.rig.console.lines.filter((line) => line.atMs >= this.#startedMs);
  }

  /** Crashes and unwanted resets of this case. */
  get incidents(): readonly Incident[] {
    return this.rig.console.incidents.filter((incident) => incident.position > this.#mark);
  }

  waitForLog(pattern: RegExp | string, options: LogWait = {}): Promise<TextMatch> {
    return this.rig.console.expect(pattern, this.within('console', options), {
      since: options.since ?? this.#mark,
      evenIfItDies: options.evenIfItDies === true,
    });
  }

  /** This case makes the firmware crash or reset on purpose: that it does is no failure then. */
  expectTrouble(): void {
    this.#isTroubleExpected = true;
  }

  get isTroubleExpected(): boolean {
    return this.#isTroubleExpected;
  }

  // Starting it.

  /** Presses reset and waits until the app is up. */
  async reset(options: Within = {}): Promise<void> {
    await this.rig.reset(this.within('reset', options));
    await this.waitForReady(options);
  }

  /** Power off and on. @throws UsageError ESPRIG_RIG_CANNOT without `@needs power-cut` */
  async cyclePower(options: Within = {}): Promise<void> {
    await this.power.cycle(this.within('power', options));
    await this.waitForReady(options);
  }

  /** @throws UsageError ESPRIG_RIG_CANNOT */
  get power(): NonNullable<RunningRig['power']> {
    if (this.rig.power !== undefined) return this.rig.power;
    throw rigCannot(`${this.rig.name} cannot switch power`, 'power-cut');
  }

  /** The app is up and answers HTTP. */
  waitForReady(options: Within = {}): Promise<void> {
    return this.rig.waitForReady(this.within('boot', options));
  }

  /** After a good upload: the restart has come, and the image in `slot` runs and answers. */
  async waitForUpdate(slot = this.nextSlot.label, options: Within = {}): Promise<void> {
    const limit = this.within('restart', options);
    if (this.dut.profile.statusPath !== undefined) {
      await this.dut.client.waitForStatus((status) => status.running === slot, `${slot} running`, limit);
      return;
    }
    const { offset } = partitionOf(this.layout, slot);
    const hex = offset.toString(16);
    await this.rig.console.expect(
      new RegExp(`(Loaded app from|offset) (partition at )?(offset )?0x0*${hex}\\b`),
      limit,
      {
        since: this.#mark,
      },
    );
    await this.rig.waitForReady(limit);
  }

  // Its clients.

  /**
   * From now on a client is as a laptop whose lid is shut: its connection stands, and on the air nothing of it is heard.
   * @throws UsageError ESPRIG_RIG_CANNOT without `@needs sleeping-client`
   */
  putToSleep(client: Sleeper, options: Within = {}): Promise<void> {
    return this.#setAsleep(client, true, options);
  }

  /** The lid opens. A client that closes is awake without it. */
  wake(client: Sleeper, options: Within = {}): Promise<void> {
    return this.#setAsleep(client, false, options);
  }

  // Its flash, looked at from outside.

  flashState(options: Within = {}): Promise<FlashState> {
    return this.rig.readFlashState(this.within('flash state', options));
  }

  readFlash(flashOffset: number, lengthBytes: number, options: Within = {}): Promise<Uint8Array> {
    return this.rig.readFlash(flashOffset, lengthBytes, this.within('read flash', options));
  }

  readPartition(label: string, options: Within = {}): Promise<Uint8Array> {
    const { offset, sizeBytes } = partitionOf(this.layout, label);
    return this.readFlash(offset, sizeBytes, options);
  }

  /** The last of what happened in this case, as lines. */
  excerpt(limit?: number): readonly string[] {
    return this.#held.timeline.excerpt(this.#timelineMark, limit);
  }

  /** Ends what this case has open on the network. The board stays for the next case. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.dut.client.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #setAsleep({ clientPort }: Sleeper, isAsleep: boolean, options: Within): Promise<void> {
    const { setClientAsleep } = this.rig;
    if (setClientAsleep === undefined || clientPort === undefined) {
      throw rigCannot(`${this.rig.name} cannot let a client sleep`, 'sleeping-client');
    }
    await setClientAsleep(clientPort, isAsleep, this.within('sleep', options));
  }

  #slot(index: number): Slot {
    const slot = this.slots[index];
    if (slot !== undefined) return slot;
    throw new UsageError('ESPRIG_RIG_CANNOT', `layout ${this.layout.name} has no OTA slot ${String(index)}`);
  }
}
