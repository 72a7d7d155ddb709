// One contender in a process of its own: `tsx contender.ts <module> <options as JSON>`. It gets ready, and sends as many
// events as it is told to, again and again; asked for `cpu`, it says how many milliseconds of it went by since.
import { createHmac } from 'node:crypto';
import { secret } from './event.js';

/** What is measured. Modules of peers are JavaScript: what they import is installed by the bench only. */
export interface Contender {
  /** Sends so many events, from the first on; resolves when nothing more is begun. */
  run(count: number, from: number): Promise<unknown>;
  end(): Promise<unknown>;
}

export interface ContenderOptions {
  readonly url: string;
  readonly batch: number;
  readonly [other: string]: unknown;
}

/** Handed to peers: SETs as long as Setwire's, and its signature. */
export interface Tools {
  readonly textOf: (n: number) => string;
  readonly signed: (body: string) => Record<string, string>;
}

const padding = 'x'.repeat(760);
const tools: Tools = {
  textOf: (n) =>
    `{"iss":"https://id.example.com/t/example.com","jti":"${n}","iat":1795629819000,"rci":"r-${n}","events":{"login":{"user":"user-${n % 50_000}","padding":"${padding}"}}}`,
  signed: (body) => ({
    'content-type': 'application/json',
    'x-wso2-event-signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
  }),
};

const [file = '', text = '{}'] = process.argv.slice(2);
const { begin } = (await import(file)) as {
  begin(options: ContenderOptions, tools: Tools): Promise<Contender>;
};
const contender = await begin(JSON.parse(text) as ContenderOptions, tools);
let sent = 0;
let cpuBefore = process.cpuUsage();
process.on('message', async (order: number | 'cpu' | 'end') => {
  if (order === 'end') {
    await contender.end();
    process.exit();
  }
  if (order === 'cpu') {
    const { user, system } = process.cpuUsage(cpuBefore);
    process.send?.((user + system) / 1000);
    return;
  }
  const beganAt = String(process.hrtime.bigint());
  cpuBefore = process.cpuUsage();
  await contender.run(order, sent);
  sent += order;
  process.send?.(beganAt);
});
process.send?.('ready');
process.on('disconnect', () => process.exit());
