// What the oracle runs, each in a process of its own: `tsx processes.ts <role> <config> ...`.

import { appendFileSync, openSync, writeSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { createAdapter } from '../../src/adapter.js';
import { loadConfig } from '../../src/config/load.js';
import { seeded } from '../transmitter/seeded.js';
import { subjects } from './roles.js';
import { variants } from './variants.js';

const [role, file = '', ...rest] = process.argv.slice(2);

/** At once: what is said is said, whatever happens to the process in the next moment. */
function say(line: string): void {
  for (let rest = Buffer.from(`${line}\n`); rest.length > 0; ) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      // Whoever reads it is behind.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}

/** Emits events of random subjects, numbered for each, and says which the journal has. */
async function host(seed: number, numbers: number[]): Promise<void> {
  const random = seeded(seed);
  const adapter = createAdapter(loadConfig(file, { env: {} }));
  process.once('SIGTERM', () => void adapter.detach().then(() => process.exit(0)));
  await adapter.ready;
  say('ready');
  for (;;) {
    for (let burst = Math.ceil(random() * 8); burst > 0; burst -= 1) {
      const subject = Math.floor(random() * subjects);
      const number = (numbers[subject] ?? 0) + 1;
      numbers[subject] = number;
      // Before it is emitted: a later process must not give the number again.
      say(`emit ${subject} ${number}`);
      adapter
        .emit({
          type: 'login.failure',
          correlationId: `${subject}-${number}`,
          user: { id: `subject-${subject}` },
          application: { clientId: 'shop' },
        })
        .then(
          () => say(`kept ${subject} ${number}`),
          () => undefined,
        );
    }
    await pause(random() * 6);
  }
}

async function transmitter(): Promise<void> {
  const adapter = createAdapter(loadConfig(file, { env: {} }));
  process.once('SIGTERM', () => void adapter.detach().then(() => process.exit(0)));
  await adapter.ready;
  say('ready');
  setInterval(() => undefined, 1000);
}

/** Fails at random, and writes down every SET that reaches it: endpoint, whether it was taken, whether its signature is right, rci, jti. */
function receiver(seed: number): void {
  const random = seeded(seed);
  const log = openSync(file, 'a');
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      const body = Buffer.concat(chunks);
      const variant = variants[request.url?.slice(1) ?? ''];
      // A path that nobody has: the sender tries again, and the oracle finds what is missing.
      if (variant === undefined) return void response.writeHead(404).end();
      const { taken, refused } = variant;
      const isSigned = variant.isSigned(request.headers, body);
      const sets = variant.setsIn(body);
      if (random() < 0.2) await pause(random() * 30);
      const chance = random();
      const answer =
        chance < 0.08
          ? { status: 503, body: '' }
          : chance < 0.12
            ? { status: 0, body: '' }
            : chance < 0.13
              ? refused
              : taken;
      const { status } = answer;
      const fate = answer === taken ? 'taken' : 'not-taken';
      appendFileSync(log, sets.map(({ jti, rci }) => `${request.url} ${fate} ${isSigned} ${rci} ${jti}\n`).join(''));
      if (status === 0) return void response.socket?.resetAndDestroy();
      response.writeHead(status).end(answer.body);
    });
  });
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    say(`port ${typeof address === 'object' ? address?.port : ''}`);
  });
}

if (role === 'host') await host(Number(rest[0]), JSON.parse(rest[1] ?? '[]') as number[]);
else if (role === 'transmitter') await transmitter();
else if (role === 'receiver') receiver(Number(rest[0]));
