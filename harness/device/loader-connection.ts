import { UsageError, ProtocolError, RigError } from '../core/errors';
import type { Deadline } from '../core/deadline';
import { changeBaud, CHIP_MAGIC_ADDR, readReg } from '../protocol/rom-loader';
import { identify, normalizeMac } from './chip-identity';
import type { ChipIdentity } from './chip-identity';
import { connectLoader } from './connect-loader';
import type { FlasherOptions } from './flash-types';
import { isLineTrouble, rigsTrouble } from './line-trouble';
import type { LoaderSession } from './loader-session';
import type { Notify } from './notify';
import { startStub } from './stub';

const DEFAULT_FLASH_BAUD = 460800;
const BAUD_STEPS = [921600, 460800, 230400, 115200] as const;
const DEFAULT_RECOVERIES = 5;
/** The stub answers CHANGE_BAUD, waits 10 ms, then switches and drops what is in its FIFO. */
const BAUD_SETTLE_MS = 30;

/**
 * The connection to a chip's loader or stub that outlives trouble on the line: made anew, at a lower rate, and checked
 * to be the same board.
 */
export class LoaderConnection implements Disposable {
  #session: LoaderSession | undefined;
  #identity: ChipIdentity | undefined;
  #useStub: boolean;
  #flashBaud: number;
  #recoveries = 0;
  #recoveriesInARow = 0;
  #stubFailures = 0;
  #isAtWork = false;
  readonly #options: FlasherOptions;
  readonly #notify: Notify;

  constructor(options: FlasherOptions, notify: Notify) {
    this.#options = options;
    this.#notify = notify;
    this.#useStub = options.stub !== 'never';
    this.#flashBaud = options.flashBaud ?? DEFAULT_FLASH_BAUD;
    if (options.expectMac !== undefined) normalizeMac(options.expectMac);
  }

  get session(): LoaderSession {
    if (this.#session === undefined) throw new UsageError('ESPRIG_USAGE', 'the flasher is not connected');
    return this.#session;
  }

  get identity(): ChipIdentity {
    if (this.#identity === undefined) throw new UsageError('ESPRIG_USAGE', 'the flasher is not connected');
    return this.#identity;
  }

  /** Times the connection had to be made anew. */
  get recoveries(): number {
    return this.#recoveries;
  }

  /** Work has got on: trouble from here on is counted anew. */
  progressed(): void {
    this.#recoveriesInARow = 0;
  }

  /** First contact; repeated after errors on the line. @throws RigError ESPRIG_ROM_NO_SYNC, ESPRIG_RIG_WRONG_BOARD */
  async connect(deadline: Deadline): Promise<void> {
    await this.mending(() => this.#connectOnce(deadline), deadline, 'connect', false);
    this.#isAtWork = true;
  }

  async #connectOnce(deadline: Deadline): Promise<void> {
    this.#session?.[Symbol.dispose]();
    this.#session = undefined;
    const { link, board = 'nodemcu', baud = 115200, expectMac } = this.#options;
    const session = await connectLoader(
      {
        link,
        board,
        baud,
        notify: this.#notify,
        attempts: this.#options.connectAttempts,
        limits: this.#options.limits,
      },
      deadline,
    );
    this.#session = session;
    const identity = await identify(session, deadline);
    const before = this.#identity;
    if (before !== undefined && before.mac !== identity.mac) {
      throw wrongBoard(identity.mac, before.mac, 'the board was changed in the middle of the work');
    }
    if (expectMac !== undefined && identity.mac !== normalizeMac(expectMac)) {
      throw wrongBoard(identity.mac, normalizeMac(expectMac), 'nothing was written');
    }
    this.#identity = identity;
    if (this.#useStub && session.kind === 'rom') await this.#bringUpStub(session, deadline);
  }

  async #bringUpStub(session: LoaderSession, deadline: Deadline): Promise<void> {
    try {
      await startStub(session, deadline);
    } catch (error) {
      if (!isLineTrouble(error, deadline) || this.#options.stub === 'always') throw error;
      // Twice in a row without a stub, and the ROM has to do; a single failure may be a damaged byte. Not in the middle
      // of the work: what a step has begun with the stub, the ROM cannot go on with.
      if (this.#isAtWork || ++this.#stubFailures < 2) throw error;
      this.#notify('stub-failed', { error: (error as Error).message });
      this.#useStub = false;
      await this.#connectOnce(deadline);
      return;
    }
    this.#stubFailures = 0;
    await this.#raiseBaud(session, deadline);
  }

  /** Goes to the working rate; a rate that does not work is not tried again. */
  async #raiseBaud(session: LoaderSession, deadline: Deadline): Promise<void> {
    const from = session.link.baud;
    if (this.#flashBaud === from) return;
    try {
      await session.command(changeBaud(this.#flashBaud, from), deadline);
      await session.link.setBaud(this.#flashBaud);
      await deadline.sleep(BAUD_SETTLE_MS, 'the stub to change its rate');
      session.forget();
      await session.command(readReg(CHIP_MAGIC_ADDR), deadline, session.limits.syncMs * 5);
    } catch (error) {
      if (!isLineTrouble(error, deadline) && (error as { code?: string }).code !== 'ESPRIG_PORT_BAUD')
        throw error;
      throw new ProtocolError('ESPRIG_ROM_BAD_REPLY', `the line does not work at ${this.#flashBaud} baud`, {
        cause: error,
      });
    }
    this.#notify('baud', { baud: this.#flashBaud });
  }

  #stepDown(): void {
    const floor = this.#options.baud ?? 115200;
    this.#flashBaud = BAUD_STEPS.find((step) => step < this.#flashBaud && step > floor) ?? floor;
  }

  /**
   * Does a step that may be done again from its start. After trouble on the line the connection is made anew at a lower
   * rate and the step repeated; each time is told, and after a number of times without getting on it ends.
   * @throws what the step throws; never with blame on the firmware
   */
  async mending<T>(step: () => Promise<T>, deadline: Deadline, what: string, reconnect = true): Promise<T> {
    const limit = this.#options.recoveries ?? DEFAULT_RECOVERIES;
    let broken = false;
    for (;;) {
      try {
        if (broken && reconnect) await this.#connectOnce(deadline);
        const result = await step();
        this.#recoveriesInARow = 0;
        return result;
      } catch (error) {
        if (!isLineTrouble(error, deadline) || this.#recoveriesInARow >= limit) throw rigsTrouble(error);
        this.#recoveriesInARow++;
        this.#recoveries++;
        broken = true;
        if (this.#session?.kind === 'stub') this.#stepDown();
        const data = { what, error: (error as Error).message, attempt: this.#recoveriesInARow };
        this.#notify('flash-retry', { ...data, nextBaud: this.#flashBaud });
      }
    }
  }

  [Symbol.dispose](): void {
    this.#session?.[Symbol.dispose]();
    this.#session = undefined;
  }
}

function wrongBoard(seen: string, expected: string, outcome: string): RigError {
  return new RigError('ESPRIG_RIG_WRONG_BOARD', `the board is ${seen}, expected ${expected}; ${outcome}`, {
    hint: 'Check which board hangs on this port, or correct the MAC in the rig file.',
  });
}
