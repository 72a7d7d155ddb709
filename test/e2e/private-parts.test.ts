import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, relative } from 'node:path';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { type Adapter, keyRingFor } from '../../src/adapter.js';
import { loadConfig } from '../../src/config/load.js';
import { foundIn, keyIn, needlesOf, needlesOfKey } from '../support/needles.js';
import { openJwe } from '../support/open-jwe.js';
import { eventOf, type Operated, operated, refused } from '../support/operated.js';
import { jwkOf, jwksOf, pairOf } from '../support/receiver-keys.js';
import { until } from '../support/until.js';

const receiverPair = pairOf('rsa');
const printed = (value: unknown): string => inspect(value, { depth: 12, showHidden: true, maxStringLength: null });

/** A SET as it came, and what is inside it: of the JWE the JWS, of the JWS header and claims. */
function unwrapped(sent: string): string[] {
  const jws = sent.split('.').length === 5 ? openJwe(sent, receiverPair.privateKey).text : sent;
  return [sent, jws, ...jws.split('.').map((part) => Buffer.from(part, 'base64url').toString('latin1'))];
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());

/** Every answer of a JWKS handler. */
async function answersOf({ jwksHandler }: Adapter): Promise<string[]> {
  const server = createServer((request, response) => void jwksHandler(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const texts: string[] = [];
  for (const method of ['GET', 'HEAD', 'POST']) {
    const answer = await fetch(url, { method, headers: { connection: 'close' } });
    texts.push(printed([...answer.headers]), await answer.text());
  }
  await new Promise((resolve) => server.close(resolve));
  return texts;
}

const brought = {
  'a brought RSA key in PEM': () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  'a brought EC key as JWK': () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
} as const;
const cases = [
  { name: 'keys of its own, ES256', signing: { alg: 'ES256' } },
  { name: 'keys of its own, RS256', signing: { alg: 'RS256' } },
  { name: 'a brought RSA key in PEM', signing: { alg: 'RS256', key: '$' + '{file:own.key}' } },
  { name: 'a brought EC key as JWK', signing: { alg: 'ES256', key: '$' + '{file:own.key}' } },
] as const;

describe('private parts', function () {
  this.timeout(20_000);

  let place: Operated;
  let surfaces: Map<string, Buffer>;

  beforeEach(() => {
    place = operated();
    surfaces = new Map();
  });

  afterEach(() => place.end());

  function see(where: string, what: string | Buffer): void {
    surfaces.set(where, Buffer.concat([surfaces.get(where) ?? Buffer.alloc(0), Buffer.from(what), Buffer.from('\n')]));
  }

  const isSecretFile = (path: string): boolean => /(^|\/)(own\.key|setwire-keys\/[^/]*)$/.test(path);

  /** What is written where it belongs: the control that the search finds it. */
  function secretsOf(): ReturnType<typeof needlesOf> {
    const folder = place.path('.');
    const needles = filesIn(folder)
      .filter(isSecretFile)
      .flatMap((path) => {
        const text = readFileSync(path, 'utf8');
        const own = path.endsWith('.secret')
          ? needlesOf('the pairwise secret', Buffer.from(text, 'base64url'))
          : needlesOfKey(keyIn(path.endsWith('.json') ? JSON.stringify(JSON.parse(text).jwk) : text));
        expect(foundIn(Buffer.from(text), own), `the secret of ${relative(folder, path)}`).to.be.a('string');
        return own;
      });
    return needles;
  }

  async function endpoints(): Promise<Record<string, unknown>> {
    const jwks = await place.receiver({
      always: { status: 200, body: jwksOf(jwkOf(receiverPair, { kid: 'r', use: 'enc' })) },
    });
    const answers = { good: {}, refusing: refused, failing: { status: 503 } };
    const made: Record<string, unknown> = {};
    for (const [name, always] of Object.entries(answers)) {
      const receiver = await place.receiver({
        always: ({ headers, body }) => {
          see(`headers sent to ${name}`, printed(headers));
          for (const text of unwrapped(body.toString('latin1'))) see(`SETs sent to ${name}`, text);
          return always;
        },
      });
      made[name] = {
        url: receiver.url,
        profile: 'ssf',
        delivery: 'push',
        audience: name,
        claims: [],
        subject: { format: 'pairwise' },
        ...(name !== 'failing' && { encryption: { jwks: jwks.url } }),
      };
    }
    return made;
  }

  async function command(...args: string[]): Promise<void> {
    const { out, err } = await place.setwire(args);
    see(`setwire ${args.join(' ')}`, out + err);
  }

  /** Every way in which keys are unusable, and what is said of it. */
  async function breakKeys(config: Record<string, unknown>): Promise<void> {
    for (const path of filesIn(place.path('setwire-keys'))) {
      const text = readFileSync(path, 'utf8');
      const settings = loadConfig(place.path('setwire.yaml'), { env: {} });
      for (const damage of [
        () => chmodSync(path, 0o644),
        () => writeFileSync(path, text.slice(0, -20)),
        () => writeFileSync(path, text.replace(/"(d|alg)": "/g, '"$1": "X')),
        () => writeFileSync(path, `${text}\n${text}`),
      ]) {
        damage();
        const error = await keyRingFor(settings.signing, Date.now)
          .current()
          .catch((reason: unknown) => reason);
        if (path.endsWith('.json')) see('errors of the key ring', printed(error));
        await command('keys', 'list');
        writeFileSync(path, text, { mode: 0o600 });
        chmodSync(path, 0o600);
      }
    }
    for (const path of filesIn(place.path('setwire-keys'))) writeFileSync(path, readFileSync(path, 'utf8').slice(1));
    const adapter = await place.start(config);
    await until(() => place.report.called);
    await adapter.detach();
  }

  /** Configs with a private key where none belongs, and with a broken one; what is made of those that are accepted. */
  async function misuse(config: Record<string, unknown>): Promise<void> {
    const text = readFileSync(place.path('own.key'), 'utf8');
    const partner = { url: 'https://a.example', profile: 'ssf', audience: 'a', encryption: { key: text } };
    for (const changed of [
      { signing: { alg: 'EdDSA', key: text } },
      { signing: { alg: 'ES256', key: text.slice(0, -40) } },
      { signing: { alg: 'RS256', key: `${text}${text}`, published: [text.slice(5)] } },
      { signing: { alg: 'RS256', key: [text] } },
      { signing: { ...(config.signing as object), published: [text] } },
      { endpoints: { partner } },
    ]) {
      place.write({ ...config, ...changed });
      try {
        const { signing } = loadConfig(place.path('setwire.yaml'), { env: {} });
        see('a private key among the published', JSON.stringify(await keyRingFor(signing, Date.now).jwks()));
      } catch (error) {
        see('errors of the config', printed(error));
      }
      await command('check');
    }
  }

  for (const { name, signing } of cases) {
    it(`are found nowhere but where they are kept, with ${name}`, async () => {
      if (name in brought) {
        const key = brought[name as keyof typeof brought]();
        const jwk = JSON.stringify(key.export({ format: 'jwk' }));
        writeFileSync(place.path('own.key'), name.endsWith('PEM') ? key.export({ type: 'pkcs8', format: 'pem' }) : jwk);
      }
      // A brought key goes over to the thread: nothing of it may come back.
      const config = { issuer: 'https://id.example.com', transmitter: 'worker', signing, endpoints: await endpoints() };
      const adapter = await place.start(config);
      for (const rci of ['a', 'b', 'c']) await adapter.emit(eventOf(rci));
      await until(() => {
        const { good, refusing, failing } = adapter.status().endpoints ?? {};
        return good?.delivered === 3 && refusing?.deadLetters === 3 && (failing?.retries ?? 0) > 0;
      });
      for (const text of await answersOf(adapter)) see('the JWKS handler', text);
      await command('keys', 'list');
      await command('keys', 'rotate', '--now');
      for (const text of await answersOf(adapter)) see('the JWKS handler', text);
      await command('keys', 'export');
      await command('keys', 'export', '--out', 'jwks.json');
      await command('check', '--ping');
      await command('verify', 'good');
      await command('endpoint', 'list');
      await command('dead', 'list', 'refusing');
      await command('tail', '--since', '1h');
      see('the status', printed(adapter.status()));
      await until(() => filesIn(place.path('.')).some((path) => path.endsWith('state.json')));
      await adapter.detach();
      const settings = loadConfig(place.path('setwire.yaml'), { env: {} });
      see('printed settings', printed(settings.signing) + JSON.stringify(settings));
      const current = await keyRingFor(settings.signing, Date.now).current();
      see('a printed key', printed(current) + JSON.stringify(current));
      const secrets = secretsOf();
      for (const path of filesIn(place.path('.')))
        if (!isSecretFile(path)) see(`file ${relative(place.path('.'), path)}`, readFileSync(path));
      if ('key' in signing) await misuse(config);
      else await breakKeys(config);
      see('the operator log', printed(place.report.args));

      expect([...surfaces.keys()]).to.include.members([
        'SETs sent to good',
        'the JWKS handler',
        'setwire keys export',
        'file jwks.json',
        'file setwire-delivery.log',
        'the status',
        'file setwire-data/state.json',
        ...('key' in signing
          ? ['errors of the config', 'a private key among the published']
          : ['errors of the key ring']),
      ]);
      for (const [where, bytes] of surfaces) expect(foundIn(bytes, secrets), where).to.equal(undefined);
    });
  }
});
