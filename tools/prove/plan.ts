import { listFaults, readFault, type Fault, type FaultCases } from '../firmware/faults';
import { readRigFile } from '../../harness/rig/rig-file';
import { selectRigFiles } from '../../harness/rig/select-rigs';

/** A fault and where it is to be noticed. */
export interface PlannedFault {
  readonly fault: Fault;
  readonly cases: FaultCases;
  /** Of the rig's board: what the firmware is built for. */
  readonly layout: string;
}

export interface ProofPlan {
  readonly byCases: readonly PlannedFault[];
  /** Those that say why no case can notice them. */
  readonly byProbe: readonly Fault[];
}

/**
 * What is to be proved.
 * @throws Error that names a fault of which nobody knows where it is noticed
 */
export function planProof(names: readonly string[]): ProofPlan {
  const faults = (names.length > 0 ? names : listFaults()).map((name) => readFault(name));
  const byCases: PlannedFault[] = [];
  const byProbe: Fault[] = [];
  for (const fault of faults) {
    const { cases } = fault;
    if (cases !== undefined) byCases.push({ fault, cases, layout: layoutOf(cases.rig) });
    else if (fault.notByCases !== undefined && fault.probe !== undefined) byProbe.push(fault);
    else
      throw new Error(
        `fault ${fault.name}: neither cases nor notByCases with a probe says where it is noticed`,
      );
  }
  return { byCases, byProbe };
}

function layoutOf(rig: string): string {
  const [file] = selectRigFiles([rig]);
  return readRigFile(file!).description.board.layout;
}

/** The cases of several faults as one pattern; undefined: one of them takes all titles. */
export function united(patterns: readonly (string | undefined)[]): string | undefined {
  if (patterns.some((pattern) => pattern === undefined)) return undefined;
  return [...new Set(patterns)].map((pattern) => `(?:${pattern})`).join('|');
}
