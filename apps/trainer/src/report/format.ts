/** Bytes as people read them: `812 B`, `37.1 kB`, `2.30 MB`, `16.0 GB` (powers of 1,000). */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${(bytes / 1e3).toPrecision(bytes < 1e5 ? 3 : 4)} kB`;
  if (bytes < 1e9) return `${(bytes / 1e6).toPrecision(3)} MB`;
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

/** A share of 1 as per cent with two digits. */
export function formatShare(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}

/** A count with thousands separated. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** Columns aligned with spaces; the first to the left, the others to the right. */
export function formatTable(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
}
