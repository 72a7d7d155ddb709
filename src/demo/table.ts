import type { Expectation } from './expected.js';
import type { ReceivedSet } from './receivers.js';

const header = ['event type', 'from', 'crm', 'siem', 'jti', 'verified'];

/** Lines of a table: what was expected, what each receiver has, and how the first `jti` of the kind begins. */
export function tableOf(
  expected: readonly Expectation[],
  crm: readonly ReceivedSet[],
  siem: readonly ReceivedSet[],
): string[] {
  const rows = expected.map(({ type, eventTypeUri, from, count, receivers }) => {
    const columns = Object.entries({ crm, siem }).map(([name, sets]) => {
      const found = sets.filter((set) => set.eventTypeUri === eventTypeUri);
      const wanted = receivers.includes(name) ? count : 0;
      return { found, wanted, text: wanted === 0 && found.length === 0 ? '-' : `${found.length}/${wanted}` };
    });
    const jti = columns.flatMap(({ found }) => found)[0]?.jti.slice(0, 8) ?? '';
    const right = columns.every(({ found, wanted }) => found.length === wanted);
    return [type, from, ...columns.map(({ text }) => text), jti, right ? 'yes' : 'NO'];
  });
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)];
}
