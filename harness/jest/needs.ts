/** What a case file asks for, read before it runs: `@needs power-cut, snapshot` in its first comment. */

/** From Jest's docblock pragmas. A word may be said several times, in one line or in more. */
export function readNeeds(pragmas: Readonly<Record<string, string | readonly string[]>>): readonly string[] {
  const said = pragmas['needs'] ?? [];
  const lines = typeof said === 'string' ? [said] : said;
  const words = lines.flatMap((line) => line.split(/[\s,]+/)).filter((word) => word !== '');
  return [...new Set(words)];
}

/** Why a rig will not do, or undefined. */
export function missingNeeds(
  needs: readonly string[],
  rig: { readonly name: string; readonly capabilities: readonly string[] },
): string | undefined {
  const missing = needs.filter((need) => !rig.capabilities.includes(need));
  if (missing.length === 0) return undefined;
  const can = rig.capabilities.length === 0 ? 'nothing that can be asked for' : rig.capabilities.join(', ');
  return `needs ${missing.join(', ')}; ${rig.name} can ${can}`;
}
