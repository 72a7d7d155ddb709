import { type Expectation, foundOf, type Received, receiverNames, shortNameOf, untold, wantedOf } from './expected.js';

const header = ['event type', 'told by', 'WSO2 event', 'SSF event type', ...receiverNames, 'verified'];

/** Lines of a table: each event type in both profiles, how many each receiver has of how many, and what nobody told. */
export function tableOf(expected: readonly Expectation[], received: Received): string[] {
  const rows = expected.map((expectation) => {
    const { type, from, wso2, ssf } = expectation;
    const columns = receiverNames.map((receiver) => {
      const wanted = wantedOf(expectation, receiver);
      const found = foundOf(expectation, receiver, received[receiver]);
      return { wanted, found, text: wanted === 0 && found === 0 ? '-' : `${found}/${wanted}` };
    });
    const isRight = columns.every(({ found, wanted }) => found === wanted);
    const names = [wso2, ssf].map((profile) => (profile === undefined ? 'none' : shortNameOf(profile.eventTypeUri)));
    return [type, from, ...names, ...columns.map(({ text }) => text), isRight ? 'yes' : 'NO'];
  });
  const notes = Object.entries(untold).map(([type, why]) => [type, 'neither', why]);
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line), ...notes.map(line)];
}
