import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CaptureEntry } from './run-entries';
import { PARTS_FOLDER } from './run-folder';
import { pcapHeader, recordsIn } from './pcap';
import type { CaptureRecord } from './run-record';
import { writeAll } from './write-all';

/** What one worker captured of one rig's air while one case ran. */
export interface CapturePart extends Omit<CaptureEntry, 'type'> {
  /** Two workers with the same rig have two boards. */
  readonly worker: string;
  readonly caseId: string | undefined;
}

export interface Captures {
  readonly records: readonly CaptureRecord[];
  /** Name of the file that has a case's packets, by the id of the case. */
  readonly fileOfCase: ReadonlyMap<string, string>;
  readonly notes: readonly string[];
}

/**
 * Makes the capture files of a run from the parts: `air.pcap`, or one file a board where there were several. A record
 * that a killed process left torn is passed over; parts that had to go for the limit are told in the notes.
 */
export function writeCaptures(
  folder: string,
  parts: readonly CapturePart[],
  startedAtWallMs: number,
): Captures {
  const boards = new Map<string, CapturePart[]>();
  for (const part of parts) {
    const key = JSON.stringify([part.rig, part.worker]);
    boards.set(key, [...(boards.get(key) ?? []), part]);
  }
  const fileOfCase = new Map<string, string>();
  const notes: string[] = [];
  const names = new Set<string>();
  const records = [...boards.values()].map((list): CaptureRecord => {
    const [{ rig }] = list as [CapturePart];
    const file = boards.size === 1 ? 'air.pcap' : freeName(rig, names);
    names.add(file);
    const record = writeOne(folder, file, list, fileOfCase);
    if (record.dropped > 0) {
      notes.push(
        `${file} holds the packets of ${list.length - record.dropped} of ${list.length} cases: there were too many (ESPRIG_PCAP_MB), and those of cases that passed went first.`,
      );
    }
    const { packets, sizeBytes, fromWallMs, toWallMs } = record;
    return {
      ...{ file, rig, packets, sizeBytes },
      fromMs: Math.max(0, fromWallMs - startedAtWallMs),
      toMs: Math.max(0, toWallMs - startedAtWallMs),
    };
  });
  return { records, fileOfCase, notes };
}

function freeName(rig: string, taken: ReadonlySet<string>): string {
  const stem = `air-${rig.replace(/[^\w.-]+/g, '-')}`;
  for (let turn = 1; ; turn++) {
    const name = turn === 1 ? `${stem}.pcap` : `${stem}-${String(turn)}.pcap`;
    if (!taken.has(name)) return name;
  }
}

function writeOne(
  folder: string,
  file: string,
  parts: readonly CapturePart[],
  fileOfCase: Map<string, string>,
) {
  const fd = openSync(join(folder, file), 'w');
  const header = pcapHeader();
  let [packets, dropped, sizeBytes, fromWallMs, toWallMs] = [0, 0, header.length, Infinity, 0];
  try {
    writeAll(fd, header);
    for (const { part, caseId } of parts) {
      const path = join(folder, PARTS_FOLDER, part);
      if (!existsSync(path)) {
        dropped += 1;
        continue;
      }
      const bytes = readFileSync(path);
      let wholeBytes = 0;
      for (const record of recordsIn(bytes)) {
        packets += 1;
        wholeBytes = record.at + record.sizeBytes;
        fromWallMs = Math.min(fromWallMs, record.wallMs);
        toWallMs = record.wallMs;
      }
      writeAll(fd, bytes.subarray(0, wholeBytes));
      sizeBytes += wholeBytes;
      if (caseId !== undefined && wholeBytes > 0) fileOfCase.set(caseId, file);
    }
  } finally {
    closeSync(fd);
  }
  return { packets, dropped, sizeBytes, fromWallMs: packets === 0 ? 0 : fromWallMs, toWallMs };
}
