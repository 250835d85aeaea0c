import { buildRom } from '../rom/rom';
import type { CodeSymbol } from './symbols';

let symbols: readonly CodeSymbol[] | undefined;

/** The functions of our own boot ROM as symbols. */
export function romSymbols(): readonly CodeSymbol[] {
  symbols ??= [...buildRom().names].map(([addr, name]) => ({ name, addr, sizeBytes: 0 }));
  return symbols;
}

/** Names of our own boot ROM's functions, by address. */
export function romNames(): ReadonlyMap<number, string> {
  return buildRom().names;
}
