import { readFileSync } from 'node:fs';
import { CONTRACT_FILE } from './host-build';

/** The test vectors of docs/dut-contract.md section 9, read from the document itself. */
export type Vector = readonly Buffer[];

const ESCAPES: Readonly<Record<string, string>> = { r: '\r', n: '\n', t: '\t', '\\': '\\' };

/** Undoes `\r \n \t \\ \xHH \{N*C}`; blanks around a field do not count. */
function decode(field: string): Buffer {
  const text = Buffer.from(field.replace(/^ +| +$/g, ''), 'utf8').toString('latin1');
  const undone = text.replace(
    /\\(?:x([0-9a-f]{2})|\{(\d+)\*(.)\}|([rnt\\]))/g,
    (_, hex, count, char, simple) => {
      if (hex !== undefined) return String.fromCharCode(parseInt(hex as string, 16));
      if (count !== undefined) return (char as string).repeat(Number(count));
      return ESCAPES[simple as string] ?? '';
    },
  );
  return Buffer.from(undone, 'latin1');
}

/** @throws Error when the contract has no block of that name */
export function readVectors(name: string): readonly Vector[] {
  const contract = readFileSync(CONTRACT_FILE, 'utf8');
  const block = new RegExp(`^\`\`\`vectors:${name}\\n([^]*?)^\`\`\``, 'm').exec(contract)?.[1];
  if (block === undefined) throw new Error(`no vectors:${name} in ${CONTRACT_FILE}`);
  return block
    .trimEnd()
    .split('\n')
    .map((line) => line.split('|').map(decode));
}
