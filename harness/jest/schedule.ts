/** Which file runs next on which lane: as many lanes as boards can work at once, and never two on one real board. */

export interface RigLoad<T> {
  readonly rig: string;
  /** Real boards are one each; of virtual ones there are as many as wanted. */
  readonly isExclusive: boolean;
  readonly files: readonly T[];
}

interface Pending<T> {
  readonly rig: string;
  readonly isExclusive: boolean;
  readonly files: T[];
  /** Lanes that work on this rig now. */
  lanes: number;
}

/** A lane's place in the work. */
export interface Seat {
  rig: string | undefined;
}

/**
 * Hands out files. A lane stays with its rig, for opening another board costs seconds; when that one has no files left,
 * it helps where the most are waiting.
 */
export class Schedule<T> {
  readonly #pending: readonly Pending<T>[];

  constructor(loads: readonly RigLoad<T>[]) {
    this.#pending = loads.map(({ rig, isExclusive, files }) => ({
      rig,
      isExclusive,
      files: [...files],
      lanes: 0,
    }));
  }

  /** How many lanes are worth having: each real board its own, the virtual ones share `workers`. */
  laneCount(workers: number): number {
    const exclusive = this.#pending.filter((row) => row.isExclusive && row.files.length > 0).length;
    const shared = this.#pending
      .filter((row) => !row.isExclusive)
      .reduce((sum, row) => sum + row.files.length, 0);
    return exclusive + Math.min(Math.max(1, workers), shared);
  }

  /** The lane's next file. Undefined: there is nothing that this lane could do. */
  next(seat: Seat): T | undefined {
    const own = this.#pending.find((row) => row.rig === seat.rig);
    const row = own !== undefined && own.files.length > 0 ? own : this.#busiest();
    if (own !== undefined && own !== row) this.#leave(seat);
    if (row === undefined) return undefined;
    if (seat.rig !== row.rig) {
      row.lanes += 1;
      seat.rig = row.rig;
    }
    return row.files.shift();
  }

  #leave(seat: Seat): void {
    const row = this.#pending.find((each) => each.rig === seat.rig);
    if (row !== undefined) row.lanes -= 1;
    seat.rig = undefined;
  }

  /** Real boards first, for they are slow and nobody can help them; then where the most files wait for a lane. */
  #busiest(): Pending<T> | undefined {
    const open = this.#pending.filter((row) => row.files.length > 0 && !(row.isExclusive && row.lanes > 0));
    const weight = (row: Pending<T>): number =>
      row.isExclusive ? Infinity : row.files.length / (row.lanes + 1);
    return open.sort((a, b) => weight(b) - weight(a))[0];
  }
}
