// A process with a journal of its own, which does what it is told: `tsx keeper.ts <data directory> [<user id>]`.
import { embeddedJournal } from '../../src/journal/embedded.js';
import { appendEvent } from '../support/append-event.js';
import { identityEvent } from '../support/events.js';
import type { Message, Order } from './keepers.js';

const [dataDir = '', userId] = process.argv.slice(2);
if (userId !== undefined) process.setuid?.(Number(userId));

const say = (message: Message): void => void process.send?.(message);
const journal = embeddedJournal({
  dataDir,
  durability: 'flush',
  report: (level, message, fields = {}) => say({ kind: 'report', level, message, code: String(fields.code ?? '') }),
});
const never = new AbortController().signal;

async function append(id: string): Promise<void> {
  const offset = await appendEvent(journal, identityEvent('login.success', { id }));
  say({ kind: 'kept', id, offset });
}

async function flood(prefix: string): Promise<never> {
  for (let round = 0; ; round += 1) {
    await Promise.all(Array.from({ length: 8 }, (_, place) => append(`${prefix}-${round * 8 + place}`)));
  }
}

async function follow(order: Order): Promise<unknown> {
  switch (order.kind) {
    case 'append':
      return void (await Promise.all(Array.from({ length: order.count }, (_, n) => append(`${order.prefix}-${n}`))));
    case 'flood':
      return await flood(order.prefix);
    case 'ids':
      return (await journal.read(1, Number.MAX_SAFE_INTEGER)).map(({ event }) => event.id);
    case 'lead': {
      const lead = await journal.lead(never);
      lead?.lost.addEventListener('abort', () => say({ kind: 'lost' }));
      return undefined;
    }
    case 'close':
      await journal.close();
      // What still stands in the way of its end would be a fault.
      return process.disconnect();
  }
}

process.on('message', async ({ number, order }: { number: number; order: Order }) => {
  const result = await follow(order);
  if (process.connected) say({ kind: 'done', number, result });
});
say({ kind: 'begun' });
