import { UsageError } from '../../core/errors';
import type { BoardConfig } from '../../emulator/board-config';
import type { BoardAirOptions } from '../../host/air';
import { chooseRig } from '../rig-option';
import type { BoardFlags, FlashContent } from './board-options';

/** What an emulated rig says of its board. */
export interface RigBoard {
  readonly config: Partial<BoardConfig>;
  /** What the rig is shipped with, its settings among it. */
  readonly contents: readonly FlashContent[];
  readonly air: BoardAirOptions;
}

/**
 * The board of the rig that `--rig` names, as a chip with the usual wiring.
 * @throws UsageError ESPRIG_RIG_KIND for a board on a bench, ESPRIG_USAGE; as `chooseRig` and `planOf`
 */
export async function rigBoard(flags: BoardFlags): Promise<RigBoard | undefined> {
  const rig = await chooseRig({ ...(flags.rig === undefined ? {} : { rig: flags.rig }) });
  if (rig === undefined) {
    if (flags.firmware === undefined) return undefined;
    throw new UsageError('ESPRIG_USAGE', 'board: --firmware is for the board of a rig, and none is named', {
      hint: 'Name one with --rig, or the files with --image.',
    });
  }
  const { name, kind } = rig.description;
  if (kind !== 'virtual') {
    throw new UsageError('ESPRIG_RIG_KIND', `board: ${name} is a board on a bench, and no emulated one`, {
      hint: `\`npx esprig monitor --rig ${flags.rig ?? name}\` shows its console.`,
    });
  }
  const [{ planOf }, { shippedParts }, { boardAirOf, boardConfigOf }] = await Promise.all([
    import('../../rig/make-plan'),
    import('../../rig/rig-plan'),
    import('../../rig/virtual-board'),
  ]);
  const plan = planOf(rig, { firmware: flags.firmware });
  const { flashSizeBytes, mac, seed, flashTiming, lenient } = boardConfigOf(plan);
  // What nobody asked to be recorded is not; a board that does not start its app never answers at a forward.
  const { peer, ssid, passphrase, forwards, seed: airSeed } = boardAirOf(plan);
  const startsApp = flags.download !== true && flags.gdb === undefined;
  return {
    config: defined({ flashSizeBytes, mac, seed, flashTiming, lenient }),
    contents: shippedParts(plan, plan.settings).map((part) => ({ ...part, file: part.name })),
    air: {
      peer,
      ...defined({ ssid, passphrase, seed: airSeed }),
      forwards: startsApp ? (forwards ?? []) : [],
    },
  };
}

type Defined<T> = { readonly [Key in keyof T]?: Exclude<T[Key], undefined> };

function defined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as Defined<T>;
}
