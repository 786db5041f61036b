/** The known name that was probably meant by an unknown one. Pure. */

/**
 * The known name with the fewest letters that differ, at most a quarter of them and two in any case
 * (one in a name of up to three letters); two letters that changed places count as one. Where more
 * than two differ, the shortest goes before it of those whose first words it is, as `log_group` of
 * `log_group_name`, or which are its own first words, or whose last words it is.
 */
export function nearest(key: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Infinity;
  const farthest = key.length <= 3 ? 1 : Math.max(2, Math.floor(key.length / 4));
  for (const candidate of known) {
    if (Math.abs(candidate.length - key.length) > farthest) continue;
    const distance = editDistance(key, candidate);
    // Half of the letters of a short name say nothing: "smtp" is no misspelt "http".
    if (distance * 2 >= Math.max(key.length, candidate.length)) continue;
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  const isNear = bestDistance <= farthest;
  if (isNear && bestDistance <= 2) return best;
  const [shortest] = known
    .filter((one) => beginsWith(one, key) || beginsWith(key, one) || endsWithWords(one, key))
    .toSorted((a, b) => a.length - b.length);
  return shortest ?? (isNear ? best : undefined);
}

/** Whether the last words of a name are these, several: a last word alone is that of many names. */
function endsWithWords(name: string, words: string): boolean {
  return /[A-Za-z0-9][^A-Za-z0-9]/.test(words) && name.endsWith(`_${words}`);
}

/** Whether the first words of a name are those of another. */
function beginsWith(name: string, start: string): boolean {
  return (
    start.length >= 3 && name.startsWith(start) && /^[^A-Za-z0-9]/.test(name.slice(start.length))
  );
}

/** Insertions, deletions, replaced letters, and neighbours that changed places. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let best = Math.min(change, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, (beforeLast[j - 2] ?? 0) + 1);
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
