import { sendCommand } from '../device/console-command';
import type { RunningRig } from '../rig/running-rig';
import type { ShareOfTime, Within } from './case-dut';
import { rigCannot } from './rig-cannot';

/** Longest that a firmware may take to repeat a command, where the case says nothing else. */
const REPEATED_WITHIN_MS = 10_000;

/** The firmware's own console, as a case sees it. */
export class CaseConsole {
  readonly #rig: Pick<RunningRig, 'name' | 'capabilities' | 'console'>;
  readonly #time: ShareOfTime;

  constructor(rig: Pick<RunningRig, 'name' | 'capabilities' | 'console'>, time: ShareOfTime) {
    this.#rig = rig;
    this.#time = time;
  }

  /**
   * Gives the firmware a command (docs/dut-contract.md, section 10) and waits until it has repeated it. Answers the
   * position behind that, for `since` of `waitForLog`.
   * @throws UsageError ESPRIG_RIG_CANNOT without `@needs console-commands`, ESPRIG_USAGE for what is no command;
   * DeadlineError when the firmware does not take it
   */
  async command(text: string, options: Within = {}): Promise<number> {
    if (!this.#rig.capabilities.has('console-commands')) {
      throw rigCannot(`the firmware of ${this.#rig.name} takes no commands`, 'console-commands');
    }
    const limit = this.#time('console command', { withinMs: REPEATED_WITHIN_MS, ...options });
    return sendCommand(this.#rig.console, text, limit);
  }
}
