import type { Deadline } from '../core/deadline';
import { isEsprigError, RigError, UsageError } from '../core/errors';
import { isBootLine } from '../device/boot-lines';
import type { Console } from '../device/console';
import { parseLogLine } from '../protocol/boot-log';
import { runJoin } from './power-switch';
import { ANSWERED_BEFORE } from './ready';
import type { RigPlan } from './rig-plan';

/** What the app of this project prints once it has an address, and others alike. */
const ADDRESS_LINE = /\baddress:? ((?:\d{1,3}\.){3}\d{1,3})\b/;

/** No packet came back. A connection that never came about is told as such, or as what the system made of it. */
const UNREACHABLE =
  /no connection yet|timed? ?out|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EHOSTDOWN|ENOTFOUND|the name is not known/i;

export type NetworkPlan = Pick<RigPlan, 'description' | 'devicePort' | 'name'>;

/** Where a board on a bench is on the network: as its rig file says, or as it tells on its console. */
export class RigNetwork {
  readonly #console: Console;
  readonly #fixed: string | undefined;
  readonly #pattern: RegExp;
  readonly #port: number;
  readonly #join: string | undefined;
  readonly #name: string;
  #found: string | undefined;
  /** Of the last start that told one. */
  #last: string | undefined;
  #isRecalled = false;

  constructor(plan: NetworkPlan, console: Console) {
    const { description, devicePort, name } = plan;
    const { pattern, port, join } = description.network ?? {};
    this.#console = console;
    this.#name = name;
    this.#join = join;
    this.#port = port ?? devicePort;
    this.#pattern = pattern === undefined ? ADDRESS_LINE : new RegExp(pattern);
    this.#fixed = fixedAddressOf(plan);
  }

  /** @throws UsageError ESPRIG_USAGE while no address is known */
  get baseUrl(): string {
    const address = this.#fixed ?? this.#found;
    if (address !== undefined) return `http://${address}`;
    throw new UsageError('ESPRIG_USAGE', `${this.#name}: its address is not known yet`, {
      hint: 'Wait until it is ready first.',
    });
  }

  /** The board starts anew: it may get another address. */
  forget(): void {
    this.#found = undefined;
    this.#isRecalled = false;
  }

  /** The lines of this start could not be heard: unless one comes all the same, the address is as it was before. */
  recall(): void {
    this.#isRecalled = true;
  }

  /**
   * Waits for the line that tells the address, if it has to be told, and joins the board's network if the file says how.
   * @throws DeadlineError, DutError, RigError ESPRIG_RIG_NETWORK_FAILED
   */
  async find(since: number, deadline: Deadline): Promise<void> {
    if (this.#found !== undefined) return;
    if (this.#fixed === undefined && this.#isRecalled && this.#last !== undefined) {
      const address = new RegExp(this.#pattern, 'm').exec(this.#console.textSince(since))?.[1];
      this.#found = address === undefined ? this.#last : withPort(address, this.#port);
      this.#last = this.#found;
    } else if (this.#fixed === undefined) {
      const { match } = await this.#console.expect(this.#pattern, deadline, { since });
      const [line, address] = match;
      if (address === undefined) {
        throw new RigError('ESPRIG_RIG_NETWORK_FAILED', `no address in the console line "${line}"`, {
          hint: 'network.pattern needs the address in its first parentheses.',
        });
      }
      this.#found = withPort(address, this.#port);
      this.#last = this.#found;
    } else this.#found = this.#fixed;
    if (this.#join !== undefined) await runJoin(this.#join, deadline);
  }

  /**
   * A board that runs and cannot be reached is the rig's trouble; one that refuses or answers nonsense, that had answered
   * before, or whose app has not begun is the firmware's. `since`: where its start begins on the console.
   */
  explain(error: unknown, since = 0): unknown {
    if (!isEsprigError(error) || error.code !== 'ESPRIG_DEADLINE') return error;
    const said = `${error.message} ${error.hint ?? ''}`;
    if (!UNREACHABLE.test(said) || said.includes(ANSWERED_BEFORE)) return error;
    const seen = this.#seen(since);
    if (seen === 'boot only') return error;
    const what = seen === 'an app' ? 'runs and' : 'says nothing on its console and';
    return new RigError(
      'ESPRIG_RIG_NETWORK_FAILED',
      `${this.#name} ${what} cannot be reached at ${this.baseUrl}: ${error.message}`,
      {
        cause: error,
        evidence: error.evidence,
        hint: `${this.#doubt()}Is this machine in the same network (network.join)? Do access point or firewall keep clients apart?`,
      },
    );
  }

  #doubt(): string {
    if (this.#fixed !== undefined) return 'Is that its address (network.address)? ';
    return this.#isRecalled
      ? 'Its address is that of the start before, for nobody could hear another; network.address can fix it. '
      : '';
  }

  #seen(since: number): 'nothing' | 'boot only' | 'an app' {
    const lines = this.#console
      .textSince(since)
      .split('\n')
      .filter((line) => line.trim() !== '');
    if (lines.length === 0) return 'nothing';
    return lines.every((line) => isBootLine(parseLogLine(line))) ? 'boot only' : 'an app';
  }
}

/** The address that a rig file fixes, with its port; undefined: the board tells it when it starts. */
export function fixedAddressOf({ description, devicePort }: NetworkPlan): string | undefined {
  const { address = 'from-log' } = description.network ?? {};
  return address === 'from-log' ? undefined : withPort(address, devicePort);
}

/** Brings this machine into the board's network, if the rig file says how. @throws RigError ESPRIG_RIG_NETWORK_FAILED */
export async function joinNetwork({ description }: NetworkPlan, deadline: Deadline): Promise<void> {
  const join = description.network?.join;
  if (join !== undefined) await runJoin(join, deadline);
}

function withPort(address: string, port: number): string {
  return address.includes(':') || port === 80 ? address : `${address}:${port}`;
}
