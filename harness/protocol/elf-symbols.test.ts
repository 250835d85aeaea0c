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
