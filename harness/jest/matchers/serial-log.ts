import type { MatcherContext } from 'expect';
import {
  alignLogs,
  describeFinding,
  type AlignmentOptions,
  type ConsoleLine,
  type LogAlignment,
} from '../../device/sse-log-alignment';
import { RealClock } from '../../core/clock';
import type { Board } from '../board';
import type { CaseEvents } from '../case-dut';
import { DOOR, type Door } from '../door';
import { isShape, notFor, oneLine, tell, type MatcherResult } from './format';

export interface SerialLogOptions extends AlignmentOptions {
  /** Whose console. Default: that of the case's board. */
  readonly board?: Pick<Board, 'lines'>;
  /** Fewer lines in common prove nothing. Default 1. */
  readonly atLeast?: number;
}

const SHOWN = 8;
/** The stream may be ahead of the serial line: a line of a hundred characters takes 9 ms at 115200 baud. */
const CATCH_UP_MS = 2_000;
const LOOK_EVERY_MS = 20;

/**
 * The log of the event stream is what the serial console says: no line lost, reordered, doubled, cut or made up. Lines
 * before the stream's first and behind its last do not count. A console that is behind is waited for.
 */
export async function toMatchSerialLog(
  this: MatcherContext,
  received: unknown,
  options: SerialLogOptions = {},
): Promise<MatcherResult> {
  if (!isShape<CaseEvents>(received, 'log', 'progress')) {
    return notFor('toMatchSerialLog', 'an event stream', received);
  }
  const { atLeast = 1 } = options;
  const { said, alignment } = await alignedLogs(received, options);
  const { pairs, findings, announcedLines } = alignment;
  const tooFew = pairs.length < atLeast ? [`${pairs.length} lines in common, ${atLeast} wanted`] : [];
  const troubles = [...tooFew, ...findings.map(describeFinding)].map((text) => oneLine(text));
  const dropped = announcedLines === 0 ? '' : `, ${announcedLines} announced as dropped`;
  return tell(this, 'toMatchSerialLog', ['events', ''], {
    pass: troubles.length === 0,
    wanted: 'the lines of the console, in their order',
    seen: [
      `${received.log.length} lines of the stream, ${said.length} of the console, ${pairs.length} in common${dropped}`,
      ...troubles.slice(0, SHOWN),
      ...(troubles.length > SHOWN ? [`… ${troubles.length - SHOWN} more`] : []),
    ],
    expected: said.map(({ text }) => text),
    actual: received.log.map(({ text }) => text),
  });
}

async function alignedLogs(
  { log }: CaseEvents,
  options: SerialLogOptions,
): Promise<{ readonly said: readonly ConsoleLine[]; readonly alignment: LogAlignment }> {
  const clock = new RealClock();
  const endMs = clock.nowMs() + CATCH_UP_MS;
  for (;;) {
    const said = consoleOf(options);
    const alignment = alignLogs(said, log, options);
    if (!isBehind(alignment) || clock.nowMs() >= endMs) return { said, alignment };
    await new Promise<void>((resolve) => void clock.after(LOOK_EVERY_MS, resolve));
  }
}

/** The stream's last lines are not on the console, or not yet. */
function isBehind({ pairs, findings }: LogAlignment): boolean {
  const lastIndex = pairs.at(-1)?.eventIndex ?? -1;
  return findings.some((finding) => finding.kind === 'foreign' && finding.eventIndex > lastIndex);
}

function consoleOf({ board }: SerialLogOptions): readonly ConsoleLine[] {
  const found = board ?? (globalThis as { [DOOR]?: Door })[DOOR]?.board();
  return found?.lines ?? notFor('toMatchSerialLog', 'a case with a board, or `board`', board);
}
