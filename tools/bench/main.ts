import { parseArgs } from 'node:util';
import { CPU_SECTION } from './cpu';
import { DEVICE_SECTION } from './device';
import { FLASH_SECTION } from './flash';
import { isMissed, lineOf, type Section } from './section';

const SECTIONS: readonly Section[] = [CPU_SECTION, FLASH_SECTION, DEVICE_SECTION];

const USAGE = `npm run bench -- [--section NAME …] [--check] [--json]
Sections: ${SECTIONS.map(({ name }) => name).join(', ')}. Everything is measured beside something in the same run.
--check ends with 1 when a bar is missed.`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      section: { type: 'string', multiple: true },
      check: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const print = (line: string): void => console.log(line);
  const unknown = values.section?.filter((name) => !SECTIONS.some((section) => section.name === name)) ?? [];
  if (values.help || unknown.length > 0) {
    if (unknown.length > 0) console.error(`no section is called ${unknown.join(', ')}`);
    print(USAGE);
    return values.help ? 0 : 2;
  }
  let missed = 0;
  for (const section of SECTIONS) {
    if (values.section && !values.section.includes(section.name)) continue;
    const missing = section.missing();
    if (!values.json) print(`${section.name}: ${section.about}`);
    if (missing !== undefined) {
      print(
        values.json ? JSON.stringify({ section: section.name, skipped: missing }) : `  skipped: ${missing}`,
      );
      continue;
    }
    const measurements = await section.run((line) => {
      if (!values.json && process.stdout.isTTY) print(`  … ${line}`);
    });
    for (const measurement of measurements) {
      if (isMissed(measurement)) missed++;
      print(
        values.json ? JSON.stringify({ section: section.name, ...measurement }) : `  ${lineOf(measurement)}`,
      );
    }
  }
  return values.check && missed > 0 ? 1 : 0;
}

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 3;
  },
);
