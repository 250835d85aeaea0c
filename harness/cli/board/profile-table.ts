import type { Profile } from '../../emulator/debug/profiler';

const SHOWN_ROWS = 30;

/** A profile as a table for people: the busiest functions and what is left. */
export function profileTable(profile: Profile, cycles: number): readonly string[] {
  const { samples, sampleEveryCycles, idleCycles, rows } = profile;
  const idlePercent = cycles === 0 ? 0 : (100 * idleCycles) / cycles;
  const lines = [
    '',
    `esprig: ${samples} samples, one every ${sampleEveryCycles} cycles of work; asleep for ${idlePercent.toFixed(1)} % of the time`,
    '   samples       %  function',
  ];
  const row = (count: number, name: string): string =>
    `${String(count).padStart(10)}  ${((100 * count) / samples).toFixed(1).padStart(6)}  ${name}`;
  const shown = rows.slice(0, SHOWN_ROWS);
  for (const { samples: count, name } of shown) lines.push(row(count, name));
  const rest = samples - shown.reduce((sum, each) => sum + each.samples, 0);
  if (rest > 0) lines.push(row(rest, `(${rows.length - shown.length} more)`));
  return lines;
}

/** The same for scripts. */
export function profileValue(profile: Profile): Profile {
  return { ...profile, rows: profile.rows.slice(0, SHOWN_ROWS) };
}
