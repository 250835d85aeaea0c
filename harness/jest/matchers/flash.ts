import type { MatcherContext } from 'expect';
import type { FlashState } from '../../rig/running-rig';
import type { Board } from '../board';
import { isShape, notFor, tell, type MatcherResult } from './format';

export interface UnchangedOptions {
  /** Labels of partitions that may have changed. */
  readonly except?: readonly string[];
}

export interface BootOptions {
  /** Reset the board and see what starts, in place of reading only what the flash says. */
  readonly afterReset?: boolean;
}

/**
 * The flash is as it was when the case began, partition by partition, looked at from outside. What the device says of
 * itself does not count.
 */
export async function toHaveUnchangedFlash(
  this: MatcherContext,
  received: unknown,
  options: UnchangedOptions = {},
): Promise<MatcherResult> {
  const board = boardOf('toHaveUnchangedFlash', received);
  const { except = [] } = options;
  const known = Object.keys(board.before.partitions);
  const unknown = except.filter((label) => !known.includes(label));
  if (unknown.length > 0) {
    notFor('toHaveUnchangedFlash', `partitions of this layout (${known.join(', ')})`, unknown.join(', '));
  }
  const now = await board.flashState();
  const changed = known.filter((label) => board.before.partitions[label] !== now.partitions[label]);
  const wrong = changed.filter((label) => !except.includes(label));
  const but = except.length === 0 ? '' : `, but ${except.join(' and ')} may differ`;
  return tell(
    this,
    'toHaveUnchangedFlash',
    ['board', except.length === 0 ? '' : `{except: ${except.join(', ')}}`],
    {
      pass: wrong.length === 0,
      wanted: `flash as at the beginning of the case${but}`,
      seen: [
        wrong.length === 0 ? 'unchanged' : `changed: ${wrong.join(', ')}`,
        ...wrong.map(
          (label) =>
            `${label}: ${short(board.before.partitions[label])} became ${short(now.partitions[label])}`,
        ),
        ...(wrong.length === 0 ? [] : [`boot slot: ${board.before.bootSlot} then, ${now.bootSlot} now`]),
      ],
      expected: except,
      actual: changed,
    },
  );
}

/** The record in flash makes the bootloader start this slot; with `afterReset` it is seen to. */
export async function toBootFrom(
  this: MatcherContext,
  received: unknown,
  slot: string,
  options: BootOptions = {},
): Promise<MatcherResult> {
  const board = boardOf('toBootFrom', received);
  if (!board.slots.some(({ label }) => label === slot)) {
    notFor('toBootFrom', `a slot of this layout (${board.slots.map(({ label }) => label).join(', ')})`, slot);
  }
  if (options.afterReset === true) await board.reset();
  const state = await board.flashState();
  const runs = options.afterReset === true ? await runningSlot(board) : undefined;
  const isRight = state.bootSlot === slot && (runs === undefined || runs === slot);
  return tell(this, 'toBootFrom', ['board', `"${slot}"`], {
    pass: isRight,
    wanted: `${slot} is what boots`,
    seen: [
      `the flash says ${state.bootSlot}`,
      ...(runs === undefined ? [] : [`${runs} runs after a reset`]),
      `otadata: ${otadataText(state)}`,
    ],
    expected: slot,
    actual: runs ?? state.bootSlot,
  });
}

async function runningSlot(board: Board): Promise<string | undefined> {
  if (board.dut.profile.statusPath === undefined) return undefined;
  return (await board.dut.status()).running;
}

function boardOf(name: string, received: unknown): Board {
  if (isShape<Board>(received, 'flashState', 'before', 'rig')) return received;
  return notFor(name, 'a board', received);
}

function otadataText({ otadata }: FlashState): string {
  if (otadata === undefined) return '(this layout has none)';
  return otadata.records
    .map(({ isBlank, isValid, sequence }) =>
      isBlank ? 'blank' : `${sequence}${isValid ? '' : ' (bad CRC)'}`,
    )
    .join(' | ');
}

function short(sha: string | undefined): string {
  return sha === undefined ? '(absent)' : sha.slice(0, 12);
}
