// The two halves of a drain: `tsx drain.ts load|send <folder> <url> <events>`.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAdapter, loadConfig } from './built.js';
import { eventOf, secret } from './event.js';

const [what, folder = '', url, count = '0'] = process.argv.slice(2);
const inFlight = 2000;
const file = join(folder, `${what}.json`);
const crm = {
  url,
  signature: { scheme: 'wso2', secret },
  concurrency: 8,
  batch: { format: 'array', maxEvents: 100, maxWait: '20ms', maxBytes: '10MB' },
};
const config = {
  issuer: 'https://id.example.com',
  log: { level: 'error' },
  transmitter: what === 'load' ? 'none' : 'worker',
  flows: { login: { suspicious: { failures: 0 } } },
  endpoints: { crm },
};
writeFileSync(file, JSON.stringify(config));
const adapter = createAdapter(loadConfig(file, { env: {} }));
await adapter.ready;
if (what === 'load') {
  for (let n = 0; n < Number(count); n += inFlight) {
    const some = Math.min(inFlight, Number(count) - n);
    await Promise.all(Array.from({ length: some }, (_, m) => adapter.emit(eventOf(n + m))));
  }
  await adapter.detach();
  process.send?.('loaded', () => process.exit());
} else {
  process.send?.(String(process.hrtime.bigint()));
  process.once('message', async () => {
    await adapter.detach();
    process.send?.('ended', () => process.exit());
  });
}
process.on('disconnect', () => process.exit());
