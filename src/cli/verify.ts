import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { checkQuery } from '../adapter.js';
import { loadConfig } from '../config/load.js';
import type { verifyEndpoint } from '../endpoint-check.js';
import { visible } from '../log/visible.js';
import { answerWords } from './check.js';
import { type Io, UsageError } from './io.js';

const usage = `Usage: setwire verify <endpoint> [--state <text>] [--config <path>]

Sends the endpoint the verification event of Shared Signals (SSF 1.0, section 8.1.4.1) with a state, once, and shows the
answer. The receiver shows that state among what it has got: then SETs come through to it.

      --state <text>   what the receiver is to know it by (a random UUID)
      --config <path>  the config (setwire.yaml)

Exit code 0 if it was taken, 1 if not, 2 for a command line that cannot be understood.
`;

/** What the command asks of the adapter. */
export interface VerifyDeps {
  readonly checkQuery: typeof checkQuery;
  readonly verifyEndpoint: typeof verifyEndpoint;
}

/** `setwire verify`. */
export async function verify(argv: readonly string[], io: Io, deps: VerifyDeps): Promise<number> {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { state: text, config: text, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) {
    io.stdout.write(usage);
    return 0;
  }
  const [name, ...more] = positionals;
  if (name === undefined || more.length > 0) throw new UsageError('one endpoint is wanted: setwire verify <endpoint>');
  const { state = randomUUID(), config = 'setwire.yaml' } = values;
  if (state === '' || state.length > 1024) throw new UsageError('--state: 1 to 1024 characters');
  const settings = loadConfig(resolve(io.cwd, config), { env: io.env, checkQuery: deps.checkQuery });
  const endpoint = settings.endpoints.find((each) => each.name === name);
  if (endpoint === undefined) {
    const names = settings.endpoints.map((each) => each.name).join(', ');
    throw new Error(`there is no endpoint ${visible(JSON.stringify(name))}; there are: ${names || 'none'}`);
  }
  const verification = await deps.verifyEndpoint(settings, endpoint, state);
  const { ok, words } = answerWords(verification, io);
  io.stdout.write(`verify ${name}: state ${visible(state)}, jti ${verification.jti}\n${words}\n`);
  return ok ? 0 : 1;
}
