import { describe, expect, it } from '@jest/globals';
import { listFaults } from '../firmware/faults';
import { listCaseFiles } from '../../harness/cli/run/choose-cases';
import { PROJECT_ROOT } from '../../harness/rig/select-rigs';
import { planProof, united } from './plan';

describe('the plan of the proof', () => {
  it('says of every fault where it is noticed, and by case files that there are', () => {
    const { byCases, byProbe } = planProof([]);
    expect(byCases.length + byProbe.length).toBe(listFaults().length);
    const files = listCaseFiles(PROJECT_ROOT);
    for (const { fault, cases } of byCases) {
      const fits = files.some((file) => new RegExp(cases.file, 'i').test(file));
      expect([fault.name, fits]).toEqual([fault.name, true]);
    }
  });

  it('leaves none to the probes alone: every fault is named by a case', () => {
    expect(planProof([]).byProbe.map(({ name }) => name)).toEqual([]);
  });

  it('builds for the layout of the rig that the fault names', () => {
    const [planned] = planProof(['wrong-slot-on-2-mb']).byCases;
    expect(planned).toMatchObject({ layout: 'two-ota-2mb', cases: { rig: 'virtual-2mb' } });
  });

  it('knows no fault by another name', () => {
    expect(() => planProof(['nope'])).toThrow(/no fault "nope"/);
  });

  it('unites patterns, and takes all titles where one fault does', () => {
    expect(united(['a', 'b', 'a'])).toBe('(?:a)|(?:b)');
    expect(united(['a', undefined])).toBeUndefined();
  });
});
