/**
 * What the tests' world sees of the worker's: one object on its global. Types only are shared; the tests' modules are
 * loaded anew for each file, what stands behind this door is not.
 */
import type { EsprigEvent } from '../core/events';
import type { MetricRecord } from '../report/run-record';
import type { Board } from './board';

export interface Door {
  /** The board of this project's rig, as shipped and ready. The same one again within one case. */
  readonly rig: () => Promise<Board>;
  /** The board that the case holds; undefined before it has asked for one. */
  readonly board: () => Board | undefined;
  /** Marks a part of a case on the timeline and in its record. */
  readonly phase: <T>(name: string, work: () => T | Promise<T>) => Promise<T>;
  /** Ends the case: it does not apply here. */
  readonly skip: (reason: string) => never;
  readonly metric: (metric: Omit<MetricRecord, 'rig' | 'caseId'>) => void;
  /** How often a soak repeats what it does. */
  readonly soak: number;
  readonly tell: (name: string, data: EsprigEvent['data']) => void;
}

export const DOOR = Symbol.for('esprig.door');

/** Thrown by `skip`: no failure. */
export class CaseSkipped extends Error {
  readonly reason: string;

  constructor(reason: string) {
    super(`skipped: ${reason}`);
    this.name = 'CaseSkipped';
    this.reason = reason;
  }
}
