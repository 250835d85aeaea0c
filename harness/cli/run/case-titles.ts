/** What case files say of their titles without being run; the command must not load them: they want a rig. */

/** A title behind `describe(`, `test(`, `test.skip(`, or behind the table of an `.each(…)`. */
const TITLE = /(?:\b(describe|test|it)(?:\.\w+)*|\))\(\s*(['"`])((?:\\.|(?!\2)[^\\])*)\2\s*,/g;

/**
 * The full titles of a file, each with its `describe` before it as Jest puts them together. What a table or a variable
 * fills in stands there as it is written: `%s`, `${…}`.
 */
export function titlesIn(source: string): readonly string[] {
  let group: string | undefined;
  const titles: string[] = [];
  for (const [, call, , written = ''] of source.matchAll(TITLE)) {
    const title = written.replaceAll(/\\(.)/g, '$1');
    if (call === 'describe') group = title;
    else titles.push(group === undefined ? title : `${group} ${title}`);
  }
  return titles;
}
