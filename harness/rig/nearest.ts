/** The known word that somebody most likely meant, or undefined when none is near. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  return nearestFew(word, known, 1)[0];
}

/** The known words that somebody may have meant, the nearest first; none when none is near. */
export function nearestFew(word: string, known: readonly string[], most: number): readonly string[] {
  const asked = fold(word);
  const mostCost = Math.max(1, Math.floor(asked.length / 3));
  return known
    .map((candidate) => ({ candidate, cost: editDistance(asked, fold(candidate)) }))
    .filter(({ cost }) => cost <= mostCost)
    .sort((a, b) => a.cost - b.cost)
    .slice(0, most)
    .map(({ candidate }) => candidate);
}

/** Case and separators are not what people mean to say. */
function fold(word: string): string {
  return word.toLowerCase().replaceAll(/[-_ ]/g, '');
}

/** Inserted, dropped, changed and swapped characters. */
function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, i) => i)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = rows[i - 1]![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min(change, rows[i - 1]![j]! + 1, row[j - 1]! + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, rows[i - 2]![j - 2]! + 1);
      row.push(cost);
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}
