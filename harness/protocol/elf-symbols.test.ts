import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseElfSymbols } from './elf-symbols';

interface SymbolInput {
  readonly name: string;
  readonly addr: number;
  readonly sizeBytes?: number;
  /** STT_*: 0 label, 1 object, 2 function, 3 section, 4 file. */
  readonly type: number;
  readonly section?: number;
}

const HEADER = 52;
const SECTION_HEADER = 40;

/** An ELF file of nothing but a symbol table: section 1 symbols, section 2 their names. */
function elfOf(symbols: readonly SymbolInput[], machine = 94): Uint8Array {
  const names = Buffer.from(`\0${symbols.map(({ name }) => `${name}\0`).join('')}`, 'latin1');
  const table = Buffer.alloc((symbols.length + 1) * 16);
  let nameAt = 1;
  symbols.forEach(({ name, addr, sizeBytes = 0, type, section = 1 }, index) => {
    const at = (index + 1) * 16;
    table.writeUInt32LE(nameAt, at);
    table.writeUInt32LE(addr, at + 4);
    table.writeUInt32LE(sizeBytes, at + 8);
    table[at + 12] = 0x10 | type;
    table.writeUInt16LE(section, at + 14);
    nameAt += name.length + 1;
  });
  const header = Buffer.alloc(HEADER);
  header.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  header.writeUInt16LE(machine, 18);
  header.writeUInt32LE(HEADER + table.length + names.length, 32);
  header.writeUInt16LE(SECTION_HEADER, 46);
  header.writeUInt16LE(3, 48);
  const heads = Buffer.alloc(3 * SECTION_HEADER);
  const section = (index: number, type: number, offset: number, size: number, link: number): void => {
    [0, type, 0, 0, offset, size, link].forEach((value, i) =>
      heads.writeUInt32LE(value, index * SECTION_HEADER + 4 * i),
    );
  };
  section(1, 2, HEADER, table.length, 2);
  section(2, 3, HEADER + table.length, names.length, 0);
  return new Uint8Array(Buffer.concat([header, table, names, heads]));
}

const GOOD = [
  { name: 'app_main', addr: 0x40210010, sizeBytes: 0x40, type: 2 },
  { name: 'buffer', addr: 0x3ffe8000, sizeBytes: 0x100, type: 1 },
] as const;

describe('symbols of an ELF file', () => {
  it('are its functions, objects and labels by address', () => {
    expect(
      parseElfSymbols(elfOf([...GOOD, { name: '_UserExceptionVector', addr: 0x40100050, type: 0 }])),
    ).toEqual([
      { name: 'buffer', addr: 0x3ffe8000, sizeBytes: 0x100, kind: 'object' },
      { name: '_UserExceptionVector', addr: 0x40100050, sizeBytes: 0, kind: 'label' },
      { name: 'app_main', addr: 0x40210010, sizeBytes: 0x40, kind: 'function' },
    ]);
  });

  it.each([
    ['a section', { name: '.text', addr: 0x40100000, type: 3 }],
    ['a file', { name: 'main.c', addr: 0, type: 4 }],
    ['what is defined elsewhere', { name: 'ets_printf', addr: 0, type: 0, section: 0 }],
    ['a label that the compiler made up', { name: '.Lfe1', addr: 0x40100004, type: 0 }],
    [
      'a size that the linker script made a symbol of',
      { name: '_stack_size', addr: 0x2000, type: 0, section: 0xfff1 },
    ],
  ])('leave out %s', (_what, symbol) => {
    expect(parseElfSymbols(elfOf([...GOOD, symbol])).map(({ name }) => name)).toEqual(['buffer', 'app_main']);
  });

  it('hold the boot ROM’s functions that the SDK names by address', () => {
    const rom = { name: 'ets_printf', addr: 0x400024cc, type: 0, section: 0xfff1 };
    expect(parseElfSymbols(elfOf([rom]))).toMatchObject([{ name: 'ets_printf', addr: 0x400024cc }]);
  });

  const whole = elfOf(GOOD);
  it.each<[string, Uint8Array, string]>([
    ['nothing', new Uint8Array(), 'does not begin like one'],
    ['an image', Uint8Array.of(0xe9, ...new Uint8Array(60)), 'does not begin like one'],
    ['one for another machine', elfOf(GOOD, 40), 'another machine'],
    ['a stripped one', elfOf([]), 'no symbols'],
    ['one that was cut short', whole.subarray(0, whole.length - 1), 'beyond its end'],
  ])('%s is refused by what is wrong with it', (_what, file, text) => {
    expect(() => parseElfSymbols(file)).toThrow(
      expect.objectContaining({
        code: 'ESPRIG_ELF_BAD',
        blame: 'case',
        message: expect.stringContaining(text),
      }),
    );
  });

  const changed = (change: (file: Buffer) => void): Uint8Array => {
    const file = Buffer.from(whole);
    change(file);
    return new Uint8Array(file);
  };
  /** Of the file above: section headers behind symbols and names, the first symbol of ours in row 1. */
  const headsAt = Buffer.from(whole).readUInt32LE(32);
  const namesAt = Buffer.from(whole).readUInt32LE(headsAt + 2 * SECTION_HEADER + 16);
  const ROW = HEADER + 16;

  it.each<[string, (file: Buffer) => unknown, string]>([
    ['64 bits', (file) => (file[4] = 2), 'another machine'],
    ['big-endian', (file) => (file[5] = 2), 'another machine'],
    ['section headers that are too short', (file) => file.writeUInt16LE(39, 46), 'section table'],
    ['a section header too many', (file) => file.writeUInt16LE(4, 48), 'section table'],
    [
      'names in no section',
      (file) => file.writeUInt32LE(3, headsAt + SECTION_HEADER + 24),
      'names section 3, of 3',
    ],
    [
      'a table that is longer than the file',
      (file) => file.writeUInt32LE(file.length, headsAt + SECTION_HEADER + 20),
      'section 1 lies beyond its end',
    ],
    [
      'a name behind the names',
      (file) => file.writeUInt32LE(headsAt - namesAt, ROW),
      'beyond the table of names',
    ],
    ['a name without an end', (file) => file.fill(0x61, namesAt, headsAt), 'beyond the table of names'],
  ])('with %s are refused', (_what, change, text) => {
    expect(() => parseElfSymbols(changed(change))).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(new RegExp(`^ELF file: .*${text}`)),
        hint: 'Give the .elf file that the build leaves beside the .bin.',
      }),
    );
  });

  it('may end with the section table, and with the last section', () => {
    expect(headsAt + 3 * SECTION_HEADER).toBe(whole.length);
    expect(parseElfSymbols(whole)).toHaveLength(2);
    // Names last: the section headers are moved to where the names were.
    const moved = changed((file) => {
      const names = file.subarray(namesAt, headsAt);
      const heads = Buffer.from(file.subarray(headsAt));
      heads.writeUInt32LE(namesAt + heads.length, 2 * SECTION_HEADER + 16);
      Buffer.concat([heads, names]).copy(file, namesAt);
      file.writeUInt32LE(namesAt, 32);
    });
    expect(parseElfSymbols(moved)).toEqual(parseElfSymbols(whole));
  });

  it('without a name are left out, and so are files without sections', () => {
    const nameless = changed((file) => file.writeUInt32LE(0, ROW));
    expect(parseElfSymbols(nameless).map(({ name }) => name)).toEqual(['buffer']);
    const bare = changed((file) => file.writeUInt16LE(0, 48)).subarray(0, HEADER);
    expect(() => parseElfSymbols(bare)).toThrow(
      expect.objectContaining({
        message: 'ELF file: it has no symbols',
        hint: 'Give the ELF file before it was stripped.',
      }),
    );
    expect(() => parseElfSymbols(bare.subarray(0, HEADER - 1))).toThrow(/does not begin like one/);
  });

  it.each([
    [0x3ff00000, ['rom', 'buffer', 'app_main']],
    [0x3fefffff, ['buffer', 'app_main']],
  ])('that are absolute count from the ROM’s data on: 0x%s', (addr, names) => {
    const rom = { name: 'rom', addr, type: 0, section: 0xfff1 };
    expect(parseElfSymbols(elfOf([...GOOD, rom])).map(({ name }) => name)).toEqual(names);
  });

  it('are left out for a made-up name only when they are labels', () => {
    const function_ = { name: '.hidden', addr: 0x40100004, type: 2 };
    expect(parseElfSymbols(elfOf([function_]))).toMatchObject([{ name: '.hidden', kind: 'function' }]);
  });

  it('of a file with any one byte changed are symbols or a refusal, never anything else', () => {
    for (let at = 0; at < whole.length; at++) {
      for (const value of [0, 0xff, whole[at]! ^ 0x40]) {
        const changed = whole.slice();
        changed[at] = value;
        try {
          parseElfSymbols(changed);
        } catch (error) {
          expect([at, (error as { code?: string }).code]).toEqual([at, 'ESPRIG_ELF_BAD']);
        }
      }
    }
  });
});

const GCC = 'xtensa-lx106-elf-gcc';
const hasCompiler = spawnSync(GCC, ['--version']).error === undefined;

describe('a file of the compiler', () => {
  (hasCompiler ? it : it.skip)(
    `gives the same functions as nm says${hasCompiler ? '' : ` (${GCC} is not installed)`}`,
    () => {
      const folder = mkdtempSync(join(tmpdir(), 'esprig-elf-'));
      try {
        const source = join(folder, 'a.c');
        const object = join(folder, 'a.elf');
        writeFileSync(
          source,
          'int counter = 1;\nint twice(int x) { return 2 * x; }\nint main(void) { return twice(counter); }\n',
        );
        const built = spawnSync(GCC, [
          '-O0',
          '-nostdlib',
          '-Wl,-Ttext=0x40100000',
          '-Wl,-e,main',
          '-o',
          object,
          source,
        ]);
        expect(built.status).toBe(0);
        const nm = spawnSync('xtensa-lx106-elf-nm', [object], { encoding: 'utf8' }).stdout;
        const symbols = parseElfSymbols(readFileSync(object));
        for (const name of ['twice', 'main', 'counter']) {
          const addr = parseInt(new RegExp(`^(\\w+) \\w ${name}$`, 'm').exec(nm)![1]!, 16);
          expect(symbols.find((symbol) => symbol.name === name)).toMatchObject({
            addr,
            kind: name === 'counter' ? 'object' : 'function',
          });
        }
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );
});
