import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import type { Report } from '../index.js';
import {
  describeDifference,
  differences,
  expectationsOf,
  isComplete,
  type ReceiverName,
  receiverNames,
  shortNameOf,
} from './expected.js';
import type { Arrival } from './pages.js';
import { playAccount, playBurglar, playClient, playPerson } from './play.js';
import { type ReceivedSet, type Receiver, startCrm, startSiem } from './receivers.js';
import { type IdentityServer, type ServerConfig, startIdentityServer } from './server.js';
import { startMulti, startSsf } from './ssf-receivers.js';
import { tableOf } from './table.js';

// Runs in `.demo/`, which .ci/demo.mjs has made: extensions/setwire/ is the unpacked package.

const deadlineMs = 60_000;

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const report: Report = (level, message) => print(`[${level}] ${message}`);

/** The identity server's config. Lying in `extensions/` runs nothing: `enabled` does. */
const serverYaml = (port: number): string => `port: ${port}
extensions:
  directory: ./extensions
  enabled:
    setwire:
      config: ./setwire.yaml
`;

const audience = 'https://receiver.example.com';

type Receivers = Readonly<Record<ReceiverName, Receiver>>;

/** Setwire's config: four receivers, each in its own way. */
const setwireYaml = (
  { crm, siem, ssf, multi }: Receivers,
  presentedEvery: string,
): string => `# What each setting means: config/setwire.yaml of the package.
defaults:
  tenant: { id: "1", name: example.com }
  organization: { id: 10084a8d-113f-4211-a0d5-efe36b082211, name: Example, handle: example.com, depth: 0 }
  userStore: { name: PRIMARY }
flows:
  login: { suspicious: { failures: 3, by: [user] } }
  session: { presentedEvery: ${presentedEvery} }
endpoints:
  crm:
    url: ${crm.url}
    events: [login.*, session.*, registration.*, credential.*, account.*]
    claims: [username, email, name]
    signature: { scheme: wso2, secret: "\${env:CRM_SECRET}" }
  siem:
    url: ${siem.url}
    auth: { type: bearer, token: "\${env:SIEM_TOKEN}" }
    signature: { scheme: standard-webhooks, secret: "\${env:SIEM_SECRET}" }
    batch: { format: ndjson, maxEvents: 20, maxWait: 250ms }
    retry: { initial: 200ms, max: 2s }
  ssf:
    url: ${ssf.url}
    profile: ssf
    delivery: push
    audience: ${audience}
    subject: { format: iss_sub }
  multi:
    url: ${multi.url}
    profile: ssf
    delivery: multi-push
    audience: ${audience}
    subject: { format: complex }
    batch: { maxEvents: 20, maxWait: 20ms }
`;

interface Demo {
  readonly server: IdentityServer;
  readonly receivers: Receivers;
  /** Stops the server, and then the receivers: whatever is still under way is delivered before. */
  stop(): Promise<void>;
}

async function start(presentedEvery: string): Promise<Demo> {
  const secrets = {
    CRM_SECRET: randomBytes(32).toString('base64url'),
    SIEM_TOKEN: randomBytes(32).toString('base64url'),
    SIEM_SECRET: `whsec_${randomBytes(32).toString('base64')}`,
    BETTER_AUTH_SECRET: randomBytes(32).toString('base64url'),
  };
  const port = process.env.DEMO_PORT ?? '0';
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    throw new Error(`DEMO_PORT: found ${JSON.stringify(port)}, allowed: a port number, or 0 for any that is free`);
  Object.assign(process.env, secrets, { BETTER_AUTH_TELEMETRY: '0' });
  let issuer = '';
  const trust = { issuer: () => issuer, audience };
  const receivers: Receivers = {
    crm: await startCrm(secrets.CRM_SECRET),
    siem: await startSiem({ secret: secrets.SIEM_SECRET, token: secrets.SIEM_TOKEN, seed: 7 }),
    ssf: await startSsf(trust),
    multi: await startMulti(trust),
  };
  const arrivals = (): Arrival[] =>
    receiverNames
      .flatMap((receiver) => receivers[receiver].received.map((set) => ({ receiver, ...set })))
      .sort((one, other) => other.at - one.at)
      .slice(0, 40)
      .map(({ receiver, jti, eventTypeUri }) => ({ receiver, jti, event: shortNameOf(eventTypeUri) }));
  writeFileSync('server.yaml', serverYaml(Number(port)));
  writeFileSync('setwire.yaml', setwireYaml(receivers, presentedEvery));
  const config = parse(readFileSync('server.yaml', 'utf8')) as ServerConfig;
  const server = await startIdentityServer(config, report, arrivals);
  issuer = server.origin;
  return {
    server,
    receivers,
    async stop() {
      await server.close();
      await Promise.all(Object.values(receivers).map((receiver) => receiver.close()));
    },
  };
}

const receivedBy = ({ crm, siem, ssf, multi }: Receivers): Record<ReceiverName, readonly ReceivedSet[]> => ({
  crm: crm.received,
  siem: siem.received,
  ssf: ssf.received,
  multi: multi.received,
});

/** Plays everything, waits until each expected SET is there, and says what is not. */
async function playOnce(): Promise<number> {
  const { server, receivers, stop } = await start('0s');
  const expectations = expectationsOf(server.origin);
  const found = () => differences(expectations, receivedBy(receivers));
  const tell = (step: string): void => print(`  ${step}`);
  try {
    if (server.extensions.failed.length > 0) return 1;
    await playPerson(server.origin, tell);
    await playBurglar(server.origin, tell);
    await playClient(server.origin, server.clients.machine, tell);
    await playAccount(server.origin, tell);
    const deadline = Date.now() + deadlineMs;
    while (!isComplete(found()) && Date.now() < deadline) await sleep(50);
  } finally {
    // Too much would show now.
    await stop();
  }
  print('');
  for (const line of tableOf(expectations, receivedBy(receivers))) print(line);
  print('');
  const problems = found().map(describeDifference);
  const all = Object.values(receivers);
  const refused = all.reduce((sum, receiver) => sum + receiver.refused(), 0);
  if (refused > 0) problems.push(`${refused} requests could not be verified`);
  for (const problem of problems) print(problem);
  if (problems.length > 0) return 1;
  const total = all.reduce((sum, { received }) => sum + received.length, 0);
  const repeated = all.reduce((sum, receiver) => sum + receiver.repeated(), 0);
  print(`All ${total} SETs were received and verified, in both profiles; ${repeated} came twice after a failure.`);
  return 0;
}

/** Runs until Ctrl-C, with the delivery log on the terminal. */
async function runLive(): Promise<number> {
  const { server, stop } = await start('1m');
  print(`\nThe identity server is at ${server.origin}/ : register, or log in as alice / wonderland.`);
  print('Four receivers listen: crm, siem (which fails now and then), ssf and multi. Ctrl-C ends the demo.\n');
  const tail = spawn(
    process.execPath,
    ['extensions/setwire/dist/cli/main.js', 'tail', '-f', '--config', 'setwire.yaml'],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  );
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  print('\nStopping.');
  await stop();
  tail.kill();
  return 0;
}

try {
  process.exitCode = await (process.argv.includes('--once') ? playOnce() : runLive());
} catch (error) {
  print(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`);
  // What has started by then, a receiver for one, would keep the process alive.
  process.exit(1);
}
