import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type KeptKeyRing, keyRingFor, keyRingIn } from '../adapter.js';
import { loadConfig } from '../config/load.js';
import type { Settings } from '../config/settings.js';
import { type Io, UsageError } from './io.js';

const usage = `Usage: setwire keys list
       setwire keys rotate [--now]
       setwire keys export [--out <file>]

Shows the keys that SETs are signed with, lets the next one sign, or writes the JWK Set that receivers verify with.
A running setwire notices within a second or two. The next key has been published all the time; one that is younger than
ten minutes signs only then, unless --now says that the old key is no longer to be trusted.

      --now            the next key signs at once, however short a time receivers have known it
      --out <file>     where the JWK Set is written (standard output)
      --config <path>  the config (setwire.yaml)
`;

const timeOf = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace('T', ' ');

/** The keys that setwire made itself: those that an operator brought are not its to rotate. */
function ownRing({ key, directory, ...schedule }: Settings['signing']): KeptKeyRing {
  if (key === undefined) return keyRingIn(directory, schedule, Date.now);
  throw new UsageError('the config has a `signing.key` of your own: change that and `signing.published` to rotate it');
}

async function list(signing: Settings['signing'], io: Io): Promise<number> {
  for (const { kid, alg, state, createdAt, signsFrom } of await ownRing(signing).list()) {
    const from = Number.isFinite(signsFrom) ? `signs from ${timeOf(signsFrom)}` : 'signs when it is told to';
    io.stdout.write(`${kid}  ${alg.padEnd(5)}  ${state.padEnd(7)}  made ${timeOf(createdAt)}  ${from}\n`);
  }
  return 0;
}

async function rotate(signing: Settings['signing'], atOnce: boolean, io: Io): Promise<number> {
  const { kid, signsFrom } = await ownRing(signing).rotate({ atOnce });
  const when = signsFrom <= Date.now() ? 'now' : `from ${timeOf(signsFrom)} UTC`;
  io.stdout.write(`${kid} signs ${when}\n`);
  return 0;
}

async function exportTo(out: string | undefined, signing: Settings['signing'], io: Io): Promise<number> {
  const text = `${JSON.stringify(await keyRingFor(signing, Date.now).jwks(), null, 2)}\n`;
  if (out === undefined) io.stdout.write(text);
  else writeFileSync(resolve(io.cwd, out), text);
  return 0;
}

/** `setwire keys`. */
export async function keys(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      now: { type: 'boolean', default: false },
      out: { type: 'string' },
      config: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    io.stdout.write(usage);
    return 0;
  }
  const [action, ...more] = positionals;
  if (more.length > 0) throw new UsageError(`what is ${JSON.stringify(more[0])}?`);
  const file = resolve(io.cwd, values.config ?? 'setwire.yaml');
  const { signing } = loadConfig(file, { env: io.env, only: ['signing'] });
  switch (action) {
    case 'list':
      return await list(signing, io);
    case 'rotate':
      return await rotate(signing, values.now, io);
    case 'export':
      return await exportTo(values.out, signing, io);
    default:
      throw new UsageError('list, rotate or export is wanted');
  }
}
