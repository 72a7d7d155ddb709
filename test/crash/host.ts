// A host with Setwire in a process of its own, which emits what it is told: `tsx host.ts <config>`.
import { createAdapter } from '../../src/adapter.js';
import { loadConfig } from '../../src/config/load.js';
import type { HostMessage } from './hosts.js';

const say = (message: HostMessage): void => void process.send?.(message);
const adapter = createAdapter(loadConfig(process.argv[2] ?? '', { env: {} }), {
  report: (_level, message, fields = {}) =>
    say({ kind: 'report', message, code: String(fields.code ?? ''), fields: JSON.stringify(fields) }),
});

/** As a login does it: nobody waits for it. */
function emit(count: number): void {
  for (let n = 0; n < count; n += 1) {
    emitted += 1;
    const number = emitted;
    const user = { id: `user-${number}` };
    adapter.emit({ type: 'account.deleted', correlationId: String(number), user }).then(
      () => say({ kind: 'kept', number }),
      () => undefined,
    );
  }
}

async function detach(): Promise<void> {
  await adapter.detach();
  say({ kind: 'status', status: adapter.status() });
  process.disconnect();
}

let emitted = 0;
process.once('SIGTERM', () => void detach());
process.on('message', async (order: number | 'status' | 'detach' | { readonly leaving: number }) => {
  if (typeof order === 'number') emit(order);
  if (typeof order === 'object') {
    emit(order.leaving);
    process.exit(0);
  }
  if (order === 'status') say({ kind: 'status', status: adapter.status() });
  if (order === 'detach') await detach();
});
await adapter.ready;
say({ kind: 'begun' });
