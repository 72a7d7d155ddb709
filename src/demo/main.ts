import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import type { Report } from '../index.js';
import { describeDifference, differences, expectations, isComplete } from './expected.js';
import { playAdministrator, playClient, playPerson } from './person.js';
import { type Receiver, startCrm, startSiem } from './receivers.js';
import { type IdentityServer, type ServerConfig, startIdentityServer } from './server.js';
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

/** Setwire's config: two receivers, each in its own way. */
const setwireYaml = (
  crm: Receiver,
  siem: Receiver,
): string => `# What each setting means: config/setwire.yaml of the package.
defaults:
  tenant: { id: "1", name: example.com }
  organization: { id: 10084a8d-113f-4211-a0d5-efe36b082211, name: Example, handle: example.com, depth: 0 }
  userStore: { name: PRIMARY }
flows:
  session: { presentedEvery: 0s }
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
`;

async function start(): Promise<{ server: IdentityServer; crm: Receiver; siem: Receiver }> {
  const secrets = {
    CRM_SECRET: randomBytes(32).toString('base64url'),
    SIEM_TOKEN: randomBytes(32).toString('base64url'),
    SIEM_SECRET: `whsec_${randomBytes(32).toString('base64')}`,
  };
  Object.assign(process.env, secrets);
  const crm = await startCrm(secrets.CRM_SECRET);
  const siem = await startSiem({ secret: secrets.SIEM_SECRET, token: secrets.SIEM_TOKEN, seed: 7 });
  writeFileSync('server.yaml', serverYaml(Number(process.env.DEMO_PORT ?? 0)));
  writeFileSync('setwire.yaml', setwireYaml(crm, siem));
  const config = parse(readFileSync('server.yaml', 'utf8')) as ServerConfig;
  return { server: await startIdentityServer(config, report), crm, siem };
}

/** Plays everything, waits until each expected SET is there, and says what is not. */
async function playOnce(): Promise<number> {
  const { server, crm, siem } = await start();
  const found = () => differences(expectations, { crm: crm.received, siem: siem.received });
  const tell = (step: string): void => print(`  ${step}`);
  try {
    if (server.extensions.failed.length > 0) return 1;
    await playPerson(server.origin, tell);
    await playClient(server.origin, server.clients.machine, tell);
    await playAdministrator(server.origin, tell);
    const deadline = Date.now() + deadlineMs;
    while (!isComplete(found()) && Date.now() < deadline) await sleep(50);
  } finally {
    // Whatever is still under way is delivered before the extension has stopped: too much would show now.
    await server.close();
    await Promise.all([crm.close(), siem.close()]);
  }
  print('');
  for (const line of tableOf(expectations, crm.received, siem.received)) print(line);
  print('');
  const refused = crm.refused() + siem.refused();
  const problems = found().map(describeDifference);
  if (refused > 0) problems.push(`${refused} requests could not be verified`);
  for (const problem of problems) print(problem);
  const total = crm.received.length + siem.received.length;
  if (problems.length === 0)
    print(`All ${total} SETs were received and verified; ${siem.repeated()} came twice after a failure.`);
  return problems.length === 0 ? 0 : 1;
}

/** Runs until Ctrl-C, with the delivery log on the terminal. */
async function runLive(): Promise<number> {
  const { server, crm, siem } = await start();
  print(`\nThe identity server is at ${server.origin}/ : log in as alice / wonderland or bob / builder.`);
  print(`crm listens at ${crm.url}, siem (which fails now and then) at ${siem.url}. Ctrl-C ends the demo.\n`);
  const tail = spawn(
    process.execPath,
    ['extensions/setwire/dist/cli/main.js', 'tail', '-f', '--config', 'setwire.yaml'],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  );
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  print('\nStopping.');
  await server.close();
  await Promise.all([crm.close(), siem.close()]);
  tail.kill();
  return 0;
}

process.exitCode = await (process.argv.includes('--once') ? playOnce() : runLive());
