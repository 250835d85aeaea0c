import type { Deadline } from '../core/deadline';
import { UsageError } from '../core/errors';
import type { Console } from './console';

/** What the firmware takes in one line (docs/dut-contract.md, section 10). */
export const COMMAND_BYTES = 80;

/**
 * Gives the firmware a command on its console and waits until it has repeated it. Answers the position behind that: what
 * the command prints is found with it as `since`. A line that was begun before is ended first.
 * @throws UsageError ESPRIG_USAGE for what is no command; DeadlineError when it is not repeated; as `Console.expect`
 */
export async function sendCommand(console: Console, command: string, deadline: Deadline): Promise<number> {
  const sizeBytes = Buffer.byteLength(command);
  // What the firmware would ignore, and no case could find out why.
  if (sizeBytes > COMMAND_BYTES || !/^[a-z]+( .*)?$/.test(command) || /\p{Cc}/u.test(command)) {
    const shown = JSON.stringify(command);
    throw new UsageError('ESPRIG_USAGE', `${shown} (${String(sizeBytes)} bytes) is no command of a console`, {
      hint: `A word in lower case, a blank, text; ${String(COMMAND_BYTES)} bytes at most, no control characters.`,
    });
  }
  const since = console.mark();
  await console.send(`\n${command}\n`);
  const repeated = new RegExp(`: > ${command.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`);
  return (await console.expect(repeated, deadline, { since })).end;
}
