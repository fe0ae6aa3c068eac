/** A Markdown table (GitHub Flavored Markdown); numbers stand to the right. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const cells = [head, ...rows.map(row => row.map(String))];
  const widths = head.map((_, i) => Math.max(3, ...cells.map(row => row[i]?.length ?? 0)));
  const right = head.map((_, i) => rows.every(row => /^[\d<>≤×.,% -]*(MB|ms|\/s)?$/.test(String(row[i]))));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, i) => (right[i] ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0))).join(' | ')} |`;
  const rule = `| ${widths.map((width, i) => '-'.repeat(width - (right[i] ? 1 : 0)) + (right[i] ? ':' : '')).join(' | ')} |`;
  return [line(head), rule, ...cells.slice(1).map(line)].join('\n');
}

export const verdict = (reached: boolean): string => (reached ? 'PASS' : 'MISS');
