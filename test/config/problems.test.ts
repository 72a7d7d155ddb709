import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { formatProblems, loadConfig } from '../../src/config/load.js';
import type { Settings } from '../../src/config/settings.js';
import { ConfigError } from '../../src/errors.js';
import { checkQuery } from '../../src/transmitter/select.js';

const fixtures = fileURLToPath(new URL('../fixtures/config/', import.meta.url));
const files = readdirSync(fixtures).filter((name) => /\.(yaml|json|conf)$/.test(name));
const env = { HTTP_URL: 'http://hunter2.example/', WORDS: 'hunter2', DAYS: '30d' };

function answerOf(path: string, others: NodeJS.ProcessEnv): Settings | ConfigError {
  try {
    return loadConfig(path, { env: others, checkQuery });
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}

/** The code, then what `setwire check` prints. */
const toldOf = (error: ConfigError, file: string): string =>
  `${error.code}\n${formatProblems(error.problems.map((problem) => ({ ...problem, file })))}\n`;

describe('what a config file is told', () => {
  // In the fixtures `hunter2` stands where secrets do.
  for (const name of files.filter((file) => file.startsWith('bad-'))) {
    it(name, () => {
      const error = answerOf(join(fixtures, name), env);
      if (!(error instanceof ConfigError)) throw new Error('it was accepted');
      expect(toldOf(error, name)).to.equal(readFileSync(join(fixtures, `${name}.txt`), 'utf8'));
      expect(error.message + inspect(error, { depth: 10, showHidden: true })).to.not.include('hunter2');
    });
  }

  for (const name of files.filter((file) => file.startsWith('good-'))) {
    it(`nothing: ${name}`, () => expect(answerOf(join(fixtures, name), env)).to.have.property('endpoints'));
  }

  it('has no expectation without its file', () => {
    const expected = readdirSync(fixtures).filter((name) => name.endsWith('.txt'));
    const bad = files.filter((name) => name.startsWith('bad-'));
    expect(expected).to.have.members(bad.map((name) => `${name}.txt`));
  });
});

type Part = string | number | boolean | null | Part[] | { [name: string]: Part };

/** Each way of putting something else into one place of a value. */
function* changed(part: Part, other: Part, path: readonly string[] = []): Generator<{ path: string; value: Part }> {
  yield { path: path.join('.'), value: other };
  if (typeof part !== 'object' || part === null) return;
  for (const [name, member] of Object.entries(part)) {
    for (const { path: place, value } of changed(member, other, [...path, name])) {
      const whole = Array.isArray(part)
        ? part.map((entry, index) => (String(index) === name ? value : entry))
        : { ...part, [name]: value };
      yield { path: place, value: whole };
    }
  }
}

const duration = '1s';
const full: Part = {
  issuer: 'https://id.example.com',
  defaults: { tenant: { id: '1', name: 'a' }, organization: { id: '1', depth: 0 }, userStore: { name: 'A' } },
  flows: {
    login: { suspicious: { failures: 5, window: duration, by: ['user'], maxTracked: 1 } },
    session: { presentedEvery: duration, maxSessions: 1 },
  },
  journal: 'embedded',
  dataDir: 'data',
  durability: 'commit',
  transmitter: 'none',
  retention: { maxAge: duration, maxSize: '1MB', hardLimit: '1MB', removedEndpoint: duration },
  buffer: { maxEvents: 1, maxBytes: '1MB' },
  deadLetters: { maxAge: duration, maxCount: 1 },
  log: { file: 'a.log', maxSize: '1MB', keep: 1, userKey: 'hunter2-hunter2-hunter2', level: 'info' },
  stopTimeout: duration,
  endpoints: {
    crm: {
      url: 'https://crm.example.com/',
      allowInsecure: false,
      enabled: true,
      from: 'beginning',
      profile: 'wso2',
      events: ['login.*'],
      where: { 'user.id': '1' },
      claims: ['email'],
      headers: { 'X-Key': 'hunter2' },
      auth: {
        type: 'oauth2',
        tokenUrl: 'https://id.example.com/',
        clientId: 'a',
        clientSecret: 'hunter2',
        scope: 'a',
        audience: 'b',
        clientAuth: 'basic',
      },
      tls: {
        ca: '-----BEGIN CERTIFICATE-----',
        cert: '-----BEGIN CERTIFICATE-----',
        key: 'hunter2',
        passphrase: 'hunter2',
      },
      signature: { scheme: 'hub', secret: 'hunter2-hunter2-hunter2' },
      timeout: duration,
      concurrency: 1,
      order: 'none',
      batch: { format: 'array', maxEvents: 1, maxBytes: '1MB', maxWait: duration },
      retry: { initial: duration, max: duration, maxAge: duration, maxAttempts: 0, maxRetryAfter: duration },
      circuit: { failureRate: 0.1, window: duration, minAttempts: 0, probe: duration, maxProbe: duration },
    },
    siem: {
      url: 'https://siem.example.com/',
      auth: { type: 'basic', username: 'me', password: 'hunter2' },
      headers: { 'X-Key': 'hunter2' },
    },
  },
};

describe('a config with anything anywhere', () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'setwire-config-'));
  });

  after(() => rmSync(folder, { recursive: true }));

  function load(value: Part, others: NodeJS.ProcessEnv = {}): Settings | ConfigError {
    const path = join(folder, 'setwire.json');
    writeFileSync(path, JSON.stringify(value));
    return answerOf(path, others);
  }

  it('is right as it stands', () => expect(load(full)).to.have.property('endpoints'));

  const others: readonly Part[] = [null, true, 42, -1, 1.5, '', 'x', [], ['x'], [[]], {}, { x: 'x' }, { x: {} }, 1e300];
  for (const other of others) {
    it(`is accepted or told of it in words of ours: ${JSON.stringify(other)}`, () => {
      let refused = 0;
      for (const { path, value } of changed(full, other)) {
        const answer = load(value);
        if (!(answer instanceof ConfigError)) continue;
        refused += 1;
        for (const { found, allowed, line } of answer.problems) {
          expect(`${found} ${allowed}`, path).to.not.match(/must |undefined|\[object|NaN/);
          expect(found, path).to.not.equal('');
          expect(line, path).to.equal(1);
        }
        // However wrong the rest is, a secret that stands somewhere else is not shown.
        expect(answer.message, path).to.not.include('hunter2');
      }
      expect(refused).to.be.greaterThan(20);
    });
  }

  /** Where a text may be quoted: a setting of its own that holds a plain value and no secret. */
  const open =
    /^(issuer|stopTimeout|defaults\.\w+\.\w+|flows\..*|journal|dataDir|durability|transmitter|(retention|buffer|deadLetters)\.\w+|log\.(maxSize|keep|level|file)|endpoints\.\w+\.(url|allowInsecure|enabled|from|profile|timeout|concurrency|order|(events|claims)\.\d|(batch|retry|circuit)\.\w+|auth\.(type|tokenUrl|clientId|scope|audience|clientAuth)|signature\.scheme))$/;

  it('shows no text that stands where a secret, or what holds one, belongs', () => {
    const shown: string[] = [];
    for (const { path, value } of changed(full, 'swordfish')) {
      const answer = load(value);
      if (answer instanceof ConfigError && answer.message.includes('swordfish') && !open.test(path)) shown.push(path);
    }
    expect(shown).to.deep.equal([]);
  });

  for (const [name, other] of Object.entries<Part>({
    'a text': '${env:FISH}',
    'a piece of one': 'a ${env:FISH} b',
    'a list': ['${env:FISH}'],
    'a map': { a: '${env:FISH}' },
    'a query': { $regex: '(${env:FISH}' },
    'a URL': 'http://${env:FISH}.example/${env:FISH}',
  })) {
    it(`shows nothing that came from outside the file, in ${name}`, () => {
      for (const { path, value } of changed(full, other)) {
        const answer = load(value, { FISH: 'swordfish' });
        if (answer instanceof ConfigError)
          expect(answer.message + inspect(answer, { depth: 10 }), path).to.not.include('swordfish');
      }
    });
  }

  it('is told of a variable that is missing, anywhere, and does not fall over it', () => {
    for (const { path, value } of changed(full, '${env:FISH}')) {
      const answer = load(value);
      const found = answer instanceof ConfigError ? answer.problems.map((problem) => problem.found) : [];
      expect(found, path).to.include('${env:FISH}');
    }
  });
});
