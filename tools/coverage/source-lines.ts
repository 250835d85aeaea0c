import { readFileSync } from 'node:fs';
import { eachMapping, TraceMap } from '@jridgewell/trace-mapping';
import { compile } from '../../harness/register.cjs';

const INLINE_MAP = /\/\/# sourceMappingURL=data:application\/json[^,]*;base64,([A-Za-z0-9+/=]+)\s*$/;

/** A TypeScript file and what the engine makes of it. */
export interface CompiledSource {
  readonly codeLength: number;
  /** For each source line that holds code, from 1 on: where in the compiled code it begins. Types and comments have none. */
  readonly offsetOfLine: ReadonlyMap<number, number>;
}

/** @throws Error when the compiler left no source map */
export function compileSource(path: string): CompiledSource {
  const code = compile(path, readFileSync(path, 'utf8'));
  const encoded = INLINE_MAP.exec(code)?.[1];
  if (encoded === undefined) throw new Error(`${path}: compiled without a source map`);
  const lineStarts = [0];
  for (let at = code.indexOf('\n'); at >= 0; at = code.indexOf('\n', at + 1)) lineStarts.push(at + 1);
  const offsetOfLine = new Map<number, number>();
  eachMapping(new TraceMap(Buffer.from(encoded, 'base64').toString('utf8')), (mapping) => {
    const { originalLine, generatedLine, generatedColumn } = mapping;
    if (originalLine === null) return;
    const offset = lineStarts[generatedLine - 1]! + generatedColumn;
    const first = offsetOfLine.get(originalLine);
    if (first === undefined || offset < first) offsetOfLine.set(originalLine, offset);
  });
  return { codeLength: code.length, offsetOfLine };
}
