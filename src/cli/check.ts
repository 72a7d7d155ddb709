import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { checkQuery } from '../adapter.js';
import { formatProblems, loadConfig } from '../config/load.js';
import type { EndpointSettings, IntakeSettings, Settings } from '../config/settings.js';
import type { eventTypesOf, Verification, verifyEndpoint } from '../endpoint-check.js';
import { ConfigError } from '../errors.js';
import { visible } from '../log/visible.js';
import { coloured, type Io, onlyFile } from './io.js';

const usage = `Usage: setwire check [file] [--ping]

Says everything that is wrong in a config (setwire.yaml), or which endpoint gets which events.

      --ping   send each endpoint one test SET and show the answer

Exit code 1 on any error, 2 for a command line that cannot be understood, 130 after Ctrl-C.
`;

/** What the check asks of the adapter. */
export interface CheckDeps {
  readonly checkQuery: typeof checkQuery;
  readonly eventTypesOf: typeof eventTypesOf;
  readonly verifyEndpoint: typeof verifyEndpoint;
}

const paint =
  (code: number) =>
  (text: string, io: Io): string =>
    coloured(io) ? `\u001b[${code}m${text}\u001b[0m` : text;
const good = paint(32);
const bad = paint(31);
const bold = paint(1);

/** Where it goes, without the query, which may hold a key. */
function placeOf(url: string): string {
  const { origin, pathname, search } = new URL(url);
  return `${origin}${pathname}${search === '' ? '' : '?...'}`;
}

/** The largest unit that says it without a fraction. */
function withUnit(amount: number, units: readonly (readonly [unit: string, size: number])[]): string {
  const [unit, size] = units.find(([, each]) => amount >= each && amount % each === 0) ?? units.at(-1) ?? ['', 1];
  return `${amount / size}${unit}`;
}

const bytes = [
  ['GB', 1024 ** 3],
  ['MB', 1024 ** 2],
  ['KB', 1024],
  ['B', 1],
] as const;
const ms = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const;

const methods = {
  webhook: () => 'webhook',
  push: () => 'push (RFC 8935)',
  'multi-push': ({ wire }) => `multi-push (${wire})`,
} as const satisfies Record<EndpointSettings['delivery'], (endpoint: EndpointSettings) => string>;

function batchOf({ batch, delivery }: EndpointSettings): string {
  const { format, maxEvents, maxBytes, maxWaitMs } = batch;
  const isMulti = delivery === 'multi-push';
  if (format === 'single' && !isMulti) return 'one SET per request';
  const sets = maxEvents === 1 ? '1 SET' : `${maxEvents} SETs`;
  const limits = `up to ${sets} or ${withUnit(maxBytes, bytes)}, or what ${withUnit(maxWaitMs, ms)} bring`;
  return isMulti ? limits : `${format}, ${limits}`;
}

/** The members that a query looks at. Not what it compares them with: that may have come from `${env:NAME}`. */
function membersOf(query: unknown): string[] {
  if (Array.isArray(query)) return query.flatMap(membersOf);
  if (typeof query !== 'object' || query === null) return [];
  return Object.entries(query).flatMap(([name, value]) => (name.startsWith('$') ? membersOf(value) : [name]));
}

/** The ssf profile's event types are not those of one vendor, so each is shown with its URIs. */
function getsOf({ profile }: EndpointSettings, sent: readonly { type: string; uris: readonly string[] }[]): string {
  if (profile !== 'ssf') return sent.map(({ type }) => type).join(', ');
  const width = Math.max(...sent.map(({ type }) => type.length));
  return sent
    .flatMap(({ type, uris }) =>
      uris.map((uri, place) => `${(place === 0 ? type : '').padEnd(width)}  ${visible(uri)}`),
    )
    .join(`\n${' '.repeat(9)}`);
}

function subjectOf({ subject: { format, user, formats } }: EndpointSettings): string {
  if (format === 'complex') return `complex, user: ${user}`;
  return format === 'aliases' ? `aliases: ${formats.join(', ')}` : format;
}

function describe(settings: Settings, endpoint: EndpointSettings, deps: CheckDeps, io: Io): string {
  const types = deps.eventTypesOf(settings, endpoint);
  const sent = types.filter(({ uris }) => uris.length > 0);
  const without = types.filter(({ uris }) => uris.length === 0).map(({ type }) => type);
  const isSsf = endpoint.profile === 'ssf';
  const own = isSsf ? [] : endpoint.events.filter((pattern) => pattern.startsWith('x-'));
  const none = [...new Set([...without, ...own])];
  const rows: [name: string, text: string][] = [
    ['to', `${placeOf(endpoint.url)}${endpoint.enabled ? '' : '  (enabled: false, nothing is sent)'}`],
    ['as', `${endpoint.profile}, ${methods[endpoint.delivery](endpoint)}, ${batchOf(endpoint)}`],
    ['aud', isSsf ? visible([endpoint.audience ?? []].flat().join(', ')) : ''],
    ['about', isSsf ? subjectOf(endpoint) : ''],
    ['gets', sent.length === 0 ? bad('nothing', io) : getsOf(endpoint, sent)],
    ['not', none.length === 0 ? '' : `${none.join(', ')}: the ${endpoint.profile} profile has no event for it`],
    ['where', visible([...new Set(membersOf(endpoint.where))].join(', '))],
    ['claims', visible(endpoint.claims.join(', '))],
    [
      'shows',
      [
        endpoint.auth?.type,
        endpoint.tls?.cert === undefined ? undefined : 'client certificate',
        endpoint.signature && `${endpoint.signature.scheme} signature`,
      ]
        .filter(Boolean)
        .join(', ') || 'nothing of who it is',
    ],
  ];
  const lines = rows.filter(([, text]) => text !== '').map(([name, text]) => `  ${name.padEnd(7)}${text}`);
  return `${bold(endpoint.name, io)}\n${lines.join('\n')}\n`;
}

/** Where events come in, and how each source is checked. */
function describeIntake({ listen, sources }: IntakeSettings, io: Io): string {
  const hostOf = (host: string): string => (host.includes(':') ? `[${host}]` : host);
  const place = 'socket' in listen ? `unix:${listen.socket}` : `http://${hostOf(listen.host)}:${listen.port}`;
  const rows = sources.map((source): string => {
    if (source.type === 'keycloak-log') return `${source.type}, ${visible(source.file)}, from ${source.from}`;
    const checks = [
      'secrets' in source && source.secrets.length > 0 && 'signature',
      'token' in source && source.token !== undefined && 'token',
    ].filter(Boolean);
    return `${source.type}, ${place}${source.path}, ${checks.length > 0 ? checks.join(' or ') : bad('unsigned', io)}`;
  });
  const lines = sources.map(({ name }, index) => `  ${name.padEnd(7)}${rows[index]}`);
  return `${bold('intake', io)}, by setwire serve\n${lines.join('\n')}\n`;
}

/** An answer in words, and whether the SET was taken. */
export function answerWords(
  { answer, verdict: { isTaken, says } }: Verification,
  io: Io,
): { readonly ok: boolean; readonly words: string } {
  const took = `${Math.round(answer.durationMs)} ms`;
  if (answer.kind === 'failure')
    return { ok: isTaken, words: `${bad('failed', io)} ${answer.code}: ${answer.detail} (${took})` };
  const answered = `${(isTaken ? good : bad)('answered', io)} ${answer.status} (${took})`;
  const body = visible(answer.body.trim().slice(0, 200));
  const words = [says === undefined ? answered : `${answered}, ${visible(says)}:`, body].filter(Boolean).join(' ');
  return { ok: isTaken, words };
}

/** Resolves when the operator has had enough. */
const interrupted = ({ signal }: Io): Promise<undefined> =>
  new Promise((resolve) => {
    const stop = (): void => resolve(undefined);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });

/** Each answer is shown when it comes: one endpoint that hangs hides no other. */
async function ping(settings: Settings, deps: CheckDeps, io: Io): Promise<number> {
  const endpoints = settings.endpoints.filter(({ enabled }) => enabled);
  if (endpoints.length === 0) io.stdout.write('no endpoint to ping\n');
  const pings = endpoints.map(async (endpoint) => {
    const { ok, words } = answerWords(await deps.verifyEndpoint(settings, endpoint), io);
    if (!io.signal.aborted) io.stdout.write(`ping ${endpoint.name}: ${words}\n`);
    return ok;
  });
  const answers = await Promise.race([Promise.all(pings), interrupted(io)]);
  if (answers !== undefined) return answers.every(Boolean) ? 0 : 1;
  io.stderr.write('interrupted\n');
  return 130;
}

/** `setwire check`: what is wrong in a config, or what it means. */
export async function check(argv: readonly string[], io: Io, deps: CheckDeps): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { ping: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) {
    io.stdout.write(usage);
    return 0;
  }
  const file = onlyFile(positionals);
  let settings: Settings;
  try {
    settings = loadConfig(resolve(io.cwd, file), { env: io.env, checkQuery: deps.checkQuery });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const count = `${error.problems.length} problem${error.problems.length === 1 ? '' : 's'}`;
    // As the operator named it: shorter, and an editor opens it from the terminal.
    io.stderr.write(`${formatProblems(error.problems.map((problem) => ({ ...problem, file })))}\n${bad(count, io)}\n`);
    return 1;
  }
  if (settings.intake !== undefined) io.stdout.write(`${describeIntake(settings.intake, io)}\n`);
  for (const endpoint of settings.endpoints) io.stdout.write(`${describe(settings, endpoint, deps, io)}\n`);
  io.stdout.write(
    `${good('ok', io)}: ${settings.endpoints.length} endpoint${settings.endpoints.length === 1 ? '' : 's'}, delivery log in ${settings.log.file}\n`,
  );
  if (!values.ping) return 0;
  return ping(settings, deps, io);
}
