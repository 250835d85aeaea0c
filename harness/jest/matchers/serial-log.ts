import type { MatcherContext } from 'expect';
import {
  alignLogs,
  describeFinding,
  type AlignmentOptions,
  type ConsoleLine,
} from '../../device/sse-log-alignment';
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

/**
 * The log of the event stream is what the serial console says: no line lost, reordered, doubled, cut or made up. Lines
 * before the stream's first and behind its last do not count.
 */
export function toMatchSerialLog(
  this: MatcherContext,
  received: unknown,
  options: SerialLogOptions = {},
): MatcherResult {
  if (!isShape<CaseEvents>(received, 'log', 'progress')) {
    return notFor('toMatchSerialLog', 'an event stream', received);
  }
  const { atLeast = 1 } = options;
  const said = consoleOf(options);
  const { pairs, findings, announcedLines } = alignLogs(said, received.log, options);
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

function consoleOf({ board }: SerialLogOptions): readonly ConsoleLine[] {
  const found = board ?? (globalThis as { [DOOR]?: Door })[DOOR]?.board();
  return found?.lines ?? notFor('toMatchSerialLog', 'a case with a board, or `board`', board);
}
