// Reads every entry of an LMDB environment, in a process of its own: if the file is damaged, that may end it.
import { dirname } from 'node:path';
import { open } from 'lmdb';

const file = process.argv[2] ?? '';
const root = open({ path: dirname(file), maxDbs: 16, readOnly: true });
// Its values are LMDB's own records of the tables. All names before the first table is opened: opening one ends the
// transaction that a cursor reads in.
for (const key of [...root.getKeys({})]) {
  const table = root.openDB(String(key), { encoding: 'binary', create: false } as Parameters<typeof root.openDB>[1]);
  for (const { value } of table.getRange({})) (value as Buffer).at(-1);
}
await root.close();
