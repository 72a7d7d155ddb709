// A process with an adapter of its own: `tsx emitting.ts <config> <name>`. It emits for ever, and says what the journal has.
import { writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { createAdapter } from '../../src/adapter.js';
import { loadConfig } from '../../src/config/load.js';

const [file = '', name = ''] = process.argv.slice(2);
const say = (line: string): void => void writeSync(1, `${line}\n`);

const adapter = createAdapter(loadConfig(file, { env: {} }));
await adapter.ready;
say('ready');
let isTransmitting = false;
for (let number = 1; ; number += 1) {
  const rci = `${name}-${number}`;
  await adapter.emit({ type: 'account.locked', correlationId: rci, user: { id: name }, initiator: { type: 'admin' } });
  say(`kept ${rci}`);
  if (!isTransmitting && adapter.status().isTransmitting === true) {
    isTransmitting = true;
    say('transmits');
  }
  await pause(10);
}
