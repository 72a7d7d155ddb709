import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '../errors.js';
import { type Io, onlyFile } from './io.js';

const usage = `Usage: setwire init [file]

Writes a first config (setwire.yaml).

      --force   overwrite a file that is there
`;

const firstConfig = `# Setwire: which events go where. Every setting: config/setwire.yaml in the package.

# Public base URL of your identity server; left out: what the server calls itself.
# issuer: https://id.example.com

endpoints:
  crm:
    # https, except to this machine.
    url: http://localhost:3000/webhooks/identity
    # Which events: a type (login.failure), a flow (login.*), or all (*).
    events: [registration.*, account.*]
    # Which claims of the user leave.
    claims: [username, email]
    # x-wso2-event-signature: sha256=<hex HMAC-SHA256 of the body>
    signature:
      scheme: wso2
      secret: \${env:CRM_WEBHOOK_SECRET}

  # siem:
  #   url: https://siem.example.com/ingest
  #   events: [login.*, session.*, token.*]
  #   auth: { type: bearer, token: "\${env:SIEM_TOKEN}" }
  #   batch: { format: ndjson, maxEvents: 500, maxWait: 2s }

log:
  file: setwire-delivery.log
`;

/** `setwire init`: a first config that passes `setwire check` once its one secret is set. */
export function init(argv: readonly string[], { stdout, stderr, cwd }: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { force: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) {
    stdout.write(usage);
    return Promise.resolve(0);
  }
  const file = onlyFile(positionals);
  try {
    writeFileSync(resolve(cwd, file), firstConfig, { flag: values.force ? 'w' : 'wx', mode: 0o640 });
  } catch (error) {
    const there = (error as NodeJS.ErrnoException).code === 'EEXIST';
    stderr.write(
      there ? `${file} is there already: --force overwrites it\n` : `${file} cannot be written: ${messageOf(error)}\n`,
    );
    return Promise.resolve(1);
  }
  stdout.write(`${file} is written. Next:

  1. put your receiver's URL into it
  2. export CRM_WEBHOOK_SECRET=$(openssl rand -hex 32), and give the receiver the same
  3. setwire check ${file}
  4. setwire check ${file} --ping
`);
  return Promise.resolve(0);
}
