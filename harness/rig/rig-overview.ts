import { toEsprigError } from '../core/errors';
import { describeHolder, leaseHolder, type LeaseHolder } from './lease';
import { lockNames } from './lease-rig';
import { capabilitiesOf } from './make-plan';
import { readRigFile } from './rig-file';
import { firmwareFor } from './rig-firmware';
import type { Capability, RigKind } from './running-rig';
import { listRigFiles, type RigPlaces } from './select-rigs';

/** What there is to tell of a rig without touching its board. */
export interface RigOverview {
  readonly name: string;
  readonly file: string;
  readonly kind: RigKind | undefined;
  readonly about: string | undefined;
  readonly layout: string | undefined;
  /** Port or `emulated`. */
  readonly where: string | undefined;
  readonly can: readonly Capability[];
  readonly holder: LeaseHolder | 'unknown' | undefined;
  /** Name and version of the firmware it would be flashed with. */
  readonly firmware: string | undefined;
  /** Programs from outside that it needs. */
  readonly programs: readonly string[];
  /** The file, or something that it names, is not as it should be. */
  readonly problem: string | undefined;
}

/** Every rig that there is. */
export async function overviewOfRigs(places: RigPlaces = {}): Promise<readonly RigOverview[]> {
  return Promise.all(listRigFiles(places).map(({ name, file }) => overviewOf(name, file, places)));
}

async function overviewOf(name: string, file: string, places: RigPlaces): Promise<RigOverview> {
  const nothing = {
    about: undefined,
    layout: undefined,
    where: undefined,
    can: [],
    programs: [],
    holder: undefined,
  };
  try {
    const rig = readRigFile(file);
    const { description } = rig;
    const { kind, about, board, serial, power } = description;
    const usesHub = typeof power === 'object' && power.uhubctl !== undefined;
    const programs = [...(kind === 'serial' ? ['flock'] : []), ...(usesHub ? ['uhubctl'] : [])];
    const holders = await Promise.all(lockNames(description).map((lock) => leaseHolder(lock)));
    const said = { name, file, kind, about, layout: board.layout, where: serial?.port ?? 'emulated' };
    const holder = kind === 'virtual' ? undefined : holders.find((each) => each !== undefined);
    const firmware = firmwareOf(() => firmwareFor(description, file, undefined, places.root));
    return { ...said, can: capabilitiesOf(rig), programs, holder, ...firmware };
  } catch (error) {
    const { message } = toEsprigError(error);
    return { name, file, kind: undefined, ...nothing, firmware: undefined, problem: message };
  }
}

function firmwareOf(
  read: () => { readonly app: string; readonly version: string },
): Pick<RigOverview, 'firmware' | 'problem'> {
  try {
    const { app, version } = read();
    return { firmware: `${app} ${version}`, problem: undefined };
  } catch (error) {
    return { firmware: undefined, problem: toEsprigError(error).message };
  }
}

/** `free`, or who has it. */
export function stateWords({ holder, kind }: RigOverview): string {
  if (kind === 'virtual') return 'as many as wanted';
  return holder === undefined ? 'free' : `taken by ${describeHolder(holder)}`;
}
