import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { formatProblems, loadConfig } from '../../src/config/load.js';
import type { Settings } from '../../src/config/settings.js';
import { ConfigError } from '../../src/errors.js';
import { checkQuery } from '../../src/transmitter/select.js';

const whsec = (bytes: number): string => `whsec_${Buffer.alloc(bytes, 7).toString('base64')}`;
const crm = (rest: string): string => `endpoints:\n  crm:\n    url: https://crm.example.com/\n    ${rest}\n`;

describe('a config file', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'setwire-config-'));
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  function load(text: string, env: NodeJS.ProcessEnv = {}, name = 'setwire.yaml'): Settings {
    writeFileSync(join(folder, name), text);
    return loadConfig(join(folder, name), { env, checkQuery });
  }

  function refused(text: string, env: NodeJS.ProcessEnv = {}, name = 'setwire.yaml'): ConfigError {
    try {
      load(text, env, name);
    } catch (error) {
      expect(error).to.be.instanceOf(ConfigError);
      return error as ConfigError;
    }
    throw new Error('it was accepted');
  }

  /** As `setwire check` prints it. */
  const linesOf = (error: ConfigError): string[] =>
    formatProblems(error.problems.map((problem) => ({ ...problem, file: 'setwire.yaml' }))).split('\n');

  describe('that is right', () => {
    it('needs no more than an endpoint with a URL: the rest are defaults', () => {
      const settings = load('endpoints: { crm: { url: "https://crm.example.com/" } }');
      expect(settings).to.deep.include({
        stopTimeoutMs: 10_000,
        defaults: {},
        flows: {
          login: { suspicious: { failures: 5, windowMs: 60_000, by: ['user', 'ip'], maxTracked: 10_000 } },
          session: { presentedEveryMs: 900_000, maxSessions: 100_000 },
        },
        journal: { kind: 'memory', maxEvents: 100_000, maxBytes: 64 * 1024 ** 2 },
        log: { file: join(folder, 'setwire-delivery.log'), maxBytes: 50 * 1024 ** 2, keep: 5, level: 'info' },
      });
      expect(settings.endpoints).to.deep.equal([
        {
          name: 'crm',
          url: 'https://crm.example.com/',
          enabled: true,
          profile: 'wso2',
          events: ['*'],
          where: {},
          claims: ['username'],
          headers: {},
          timeoutMs: 10_000,
          concurrency: 4,
          batch: { format: 'single', maxEvents: 1, maxBytes: 1024 ** 2, maxWaitMs: 1000 },
          retry: {
            initialMs: 1000,
            maxMs: 900_000,
            maxAgeMs: 259_200_000,
            maxAttempts: 0,
            maxRetryAfterMs: 86_400_000,
          },
        },
      ]);
    });

    it('may be JSON', () => {
      const json = JSON.stringify({ endpoints: { crm: { url: 'https://crm.example.com/', timeout: '250ms' } } });
      expect(load(json, {}, 'setwire.json').endpoints[0]?.timeoutMs).to.equal(250);
    });

    it('is frozen to its depths', () => {
      const settings = load(crm('batch: { format: array }'));
      expect(() => Object.assign(settings.endpoints[0]?.batch ?? {}, { maxEvents: 1 })).to.throw(TypeError);
    });

    it('takes secrets from the environment and from files, wherever a text stands', () => {
      writeFileSync(join(folder, 'token'), 'from-a-file\n');
      const settings = load(
        crm(
          'auth: { type: bearer, token: "${file:token}" }\n    headers: { X-Key: "a-${env:ONE}-${env:TWO}", X-Plain: "$${env:ONE}" }',
        ),
        { ONE: '1', TWO: '2' },
      );
      const [endpoint] = settings.endpoints;
      expect(endpoint?.auth?.type === 'bearer' && endpoint.auth.token.reveal()).to.equal('from-a-file');
      expect(endpoint?.headers['X-Key']?.reveal()).to.equal('a-1-2');
      expect(endpoint?.headers['X-Plain']?.reveal()).to.equal('${env:ONE}');
    });

    it('shows no secret, however it is printed', () => {
      const settings = load(
        `${crm(`auth: { type: oauth2, tokenUrl: "https://x.example/", clientId: me, clientSecret: hunter2-hunter2 }
    headers: { X-Key: hunter2-hunter2 }
    signature: { scheme: wso2, secret: hunter2-hunter2-hunter2 }`)}log: { userKey: hunter2-hunter2-hunter2 }\n`,
      );
      expect(JSON.stringify(settings) + inspect(settings, { depth: 20, showHidden: true })).to.not.include('hunter2');
    });

    it('may send to this machine without TLS, and elsewhere only if it says so', () => {
      for (const host of ['localhost:3000', '127.0.0.1', '[::1]:80'])
        load(`endpoints: { a: { url: "http://${host}/" } }`);
      load('endpoints: { a: { url: "http://crm.example.com/", allowInsecure: true } }');
    });
  });

  describe('with a mistake', () => {
    const secretOf16 = 'signature: { scheme: wso2, secret: 0123456789abcdef }';
    const mistakes: [name: string, text: string, lines: string[]][] = [
      [
        'a misspelt setting',
        'isuer: https://a.example\nendpoints: {}',
        ['setwire.yaml:1:1 isuer: found a setting `isuer` that does not exist, allowed: did you mean `issuer`?'],
      ],
      [
        'a misspelt setting, deeper',
        crm('batch: { maxEvnts: 3 }'),
        [
          'setwire.yaml:4:14 endpoints.crm.batch.maxEvnts: found a setting `maxEvnts` that does not exist, allowed: did you mean `maxEvents`?',
        ],
      ],
      [
        'a setting like no other',
        crm('xyz: 3'),
        [
          'setwire.yaml:4:5 endpoints.crm.xyz: found a setting `xyz` that does not exist, allowed: one of url, allowInsecure, enabled, profile, events, where, claims, headers, auth, tls, signature, timeout, concurrency, batch, retry',
        ],
      ],
      [
        'no endpoints',
        'issuer: https://a.example',
        [
          'setwire.yaml:1:1 endpoints: found nothing, allowed: `endpoints`: The receivers, by name. The name is what the log, the status and the command line call it',
        ],
      ],
      [
        'a duration in words',
        crm('timeout: 10 seconds'),
        [
          'setwire.yaml:4:14 endpoints.crm.timeout: found "10 seconds", allowed: A whole number and a unit: ms, s, m, h or d (500ms, 30s, 5m, 24h, 3d)',
        ],
      ],
      [
        'a duration without a unit',
        crm('timeout: 10'),
        [
          'setwire.yaml:4:14 endpoints.crm.timeout: found 10, allowed: A whole number and a unit: ms, s, m, h or d (500ms, 30s, 5m, 24h, 3d)',
        ],
      ],
      [
        'a duration longer than a timer',
        crm('retry: { max: 30d }'),
        ['setwire.yaml:4:19 endpoints.crm.retry.max: found 30d, allowed: at most 24d'],
      ],
      [
        'no time at all',
        crm('timeout: 0ms'),
        ['setwire.yaml:4:14 endpoints.crm.timeout: found 0ms, allowed: more than 0ms'],
      ],
      [
        'a size of another kind',
        crm('batch: { maxBytes: 1MiB }'),
        [
          'setwire.yaml:4:24 endpoints.crm.batch.maxBytes: found "1MiB", allowed: A whole number and a unit: B, KB, MB or GB (powers of 1024) (256KB, 1MB)',
        ],
      ],
      [
        'a number out of bounds',
        crm('concurrency: 0'),
        ['setwire.yaml:4:18 endpoints.crm.concurrency: found 0, allowed: 1 or more'],
      ],
      [
        'a word that is no choice',
        crm('batch: { format: lines }'),
        ['setwire.yaml:4:22 endpoints.crm.batch.format: found "lines", allowed: one of single, array, ndjson'],
      ],
      [
        'a text for a yes or no',
        crm('enabled: "yes"'),
        ['setwire.yaml:4:14 endpoints.crm.enabled: found "yes", allowed: false: nothing is sent to it'],
      ],
      [
        'an event type that does not exist',
        crm('events: [login.failed]'),
        [
          'setwire.yaml:4:14 endpoints.crm.events.0: found "login.failed", allowed: An event type, all of a flow, a host\'s own type, or everything (login.failure, login.*, x-acme.consent.granted, *); did you mean `login.failure`?',
        ],
      ],
      [
        'no events',
        crm('events: []'),
        ['setwire.yaml:4:13 endpoints.crm.events: found [], allowed: at least 1 of them'],
      ],
      [
        'a kind of auth that does not exist',
        crm('auth: { type: baerer, token: x }'),
        ['setwire.yaml:4:19 endpoints.crm.auth.type: found "baerer", allowed: one of bearer, basic, oauth2'],
      ],
      [
        'auth without its secret',
        crm('auth: { type: bearer }'),
        ['setwire.yaml:4:11 endpoints.crm.auth.token: found nothing, allowed: `token`'],
      ],
      [
        'a name with a blank',
        'endpoints: { "the crm": { url: "https://a.example" } }',
        [
          'setwire.yaml:1:14 endpoints.the crm: found the name `the crm`, allowed: lower-case letters, digits, - and _, at most 63',
        ],
      ],
      [
        'no URL',
        'endpoints: { crm: { url: crm.example.com } }',
        [
          'setwire.yaml:1:26 endpoints.crm.url: found "crm.example.com", allowed: Where SETs are sent. https, except to this machine or with `allowInsecure`. No user name or password in it: use `auth`',
        ],
      ],
      [
        'http to another machine',
        'endpoints: { crm: { url: "http://crm.example.com/" } }',
        [
          'setwire.yaml:1:26 endpoints.crm.url: found http to crm.example.com, allowed: https, or `allowInsecure: true` beside it to send events unprotected',
        ],
      ],
      [
        'a password in the URL',
        'endpoints: { crm: { url: "https://me:hunter2@crm.example.com/" } }',
        [
          'setwire.yaml:1:26 endpoints.crm.url: found a URL with a user name or a password in it, allowed: a URL without; use `auth: { type: basic, ... }`',
        ],
      ],
      [
        'a secret that is too short',
        crm('signature: { scheme: hub, secret: hunter2 }'),
        [
          'setwire.yaml:4:39 endpoints.crm.signature.secret: found [secret] that is too short, allowed: at least 16 characters',
        ],
      ],
      [
        'a standard-webhooks secret of another form',
        crm('signature: { scheme: standard-webhooks, secret: hunter2-hunter2-hunter2 }'),
        [
          'setwire.yaml:4:53 endpoints.crm.signature.secret: found [secret] of another form, allowed: `whsec_` and 24 to 64 bytes in base64',
        ],
      ],
      [
        'a standard-webhooks secret that is too short',
        crm(`signature: { scheme: standard-webhooks, secret: ${whsec(23)} }`),
        [
          'setwire.yaml:4:53 endpoints.crm.signature.secret: found [secret] of another form, allowed: `whsec_` and 24 to 64 bytes in base64',
        ],
      ],
      [
        'two secrets where one signature has room',
        crm('signature: { scheme: wso2, secret: 0123456789abcdef, previousSecret: fedcba9876543210 }'),
        [
          'setwire.yaml:4:58 endpoints.crm.signature.previousSecret: found a second secret, allowed: it with `standard-webhooks` only: the header of `wso2` holds one signature',
        ],
      ],
      [
        'a header of our own',
        crm(`headers: { Content-Type: text/plain }\n    ${secretOf16}`),
        [
          'setwire.yaml:4:16 endpoints.crm.headers.Content-Type: found the header Content-Type, allowed: headers that Setwire does not write itself',
        ],
      ],
      [
        'a header that breaks the line',
        crm('headers: { X-A: "a\\r\\nX-B: hunter2" }'),
        ["setwire.yaml:4:21 endpoints.crm.headers.X-A: found [secret], allowed: A header's value: printable ASCII"],
      ],
      [
        'a query that runs code',
        crm('where: { $where: "1" }'),
        [
          'setwire.yaml:4:12 endpoints.crm.where: found $where is not allowed: a query runs no code, allowed: a query in the language of MongoDB, as sift has it',
        ],
      ],
      [
        'a certificate without its key',
        crm('tls: { cert: "-----BEGIN CERTIFICATE-----" }'),
        ['setwire.yaml:4:10 endpoints.crm.tls: found no `key`, allowed: `cert` and `key` together'],
      ],
      [
        'a short key for the log',
        `${crm('enabled: true')}log: { userKey: hunter2 }`,
        ['setwire.yaml:5:17 log.userKey: found [secret] that is too short, allowed: at least 16 characters'],
      ],
      [
        'a prototype for a setting',
        'endpoints: {}\n__proto__: { issuer: x }',
        [
          'setwire.yaml:2:1 __proto__: found a setting `__proto__` that does not exist, allowed: one of issuer, defaults, flows, journal, log, stopTimeout, endpoints',
        ],
      ],
    ];
    for (const [name, text, lines] of mistakes) {
      it(`is told of ${name}`, () => {
        const error = refused(text);
        expect(linesOf(error)).to.deep.equal(lines);
        expect(error.code).to.equal('SETWIRE_CONFIG_INVALID');
        expect(error.message + inspect(error)).to.not.include('hunter2');
      });
    }

    it('is told of all of them at once, in the order of the file', () => {
      const error = refused(
        'isuer: x\nendpoints:\n  a: { url: 1, timeout: 5 }\n  b: { concurrency: -1, auth: { type: basic, username: me } }\nstopTimeout: never\n',
      );
      expect(linesOf(error).map((line) => line.split(': ')[0])).to.deep.equal([
        'setwire.yaml:1:1 isuer',
        'setwire.yaml:3:13 endpoints.a.url',
        'setwire.yaml:3:25 endpoints.a.timeout',
        'setwire.yaml:4:6 endpoints.b.url',
        'setwire.yaml:4:21 endpoints.b.concurrency',
        'setwire.yaml:4:31 endpoints.b.auth.password',
        'setwire.yaml:5:14 stopTimeout',
      ]);
    });

    it('never shows a value that came from outside the file', () => {
      const error = refused(crm('timeout: "${env:TIMEOUT}"'), { TIMEOUT: 'hunter2' });
      expect(linesOf(error)).to.deep.equal([
        'setwire.yaml:4:14 endpoints.crm.timeout: found [secret], allowed: A whole number and a unit: ms, s, m, h or d (500ms, 30s, 5m, 24h, 3d)',
      ]);
    });
  });

  describe('with a secret that is not there', () => {
    const missing: [name: string, text: string, line: string][] = [
      [
        'a variable',
        crm('auth: { type: bearer, token: "${env:NOWHERE}" }'),
        'setwire.yaml:4:34 endpoints.crm.auth.token: found ${env:NOWHERE}, allowed: an environment variable NOWHERE that is set',
      ],
      [
        'a file',
        crm('auth: { type: bearer, token: "${file:nowhere}" }'),
        'setwire.yaml:4:34 endpoints.crm.auth.token: found ${file:nowhere}, allowed: a file nowhere that can be read (ENOENT)',
      ],
      [
        'another kind',
        crm('auth: { type: bearer, token: "${vault:x}" }'),
        'setwire.yaml:4:34 endpoints.crm.auth.token: found ${vault:x}, allowed: ${env:NAME} or ${file:path}; write $${ for the characters themselves',
      ],
      [
        'an end',
        crm('auth: { type: bearer, token: "${env:X" }'),
        'setwire.yaml:4:34 endpoints.crm.auth.token: found ${env:X, allowed: a closing }',
      ],
    ];
    for (const [name, text, line] of missing) {
      it(`names it: ${name}`, () => {
        const error = refused(text);
        expect(linesOf(error)).to.deep.equal([line]);
        expect(error.code).to.equal('SETWIRE_SECRET_MISSING');
      });
    }

    it('is told of its other mistakes as well', () => {
      const error = refused(crm('timeout: 5\n    tls: { ca: "${file:nowhere.pem}" }'));
      expect(error.code).to.equal('SETWIRE_CONFIG_INVALID');
      expect(linesOf(error)).to.have.length(2);
    });
  });

  describe('that cannot be read', () => {
    const files: [name: string, prepare: (path: string) => void, code: string, words: RegExp][] = [
      [
        'is not there',
        () => undefined,
        'SETWIRE_CONFIG_UNREADABLE',
        /found no such file, allowed: a config file; `setwire init`/,
      ],
      ['is a folder', (path) => mkdirSync(path), 'SETWIRE_CONFIG_UNREADABLE', /found a folder/],
      [
        'is huge',
        (path) => writeFileSync(path, '#'.repeat(1024 ** 2 + 1)),
        'SETWIRE_CONFIG_UNREADABLE',
        /at most 1 MB/,
      ],
      ['is empty', (path) => writeFileSync(path, ''), 'SETWIRE_CONFIG_INVALID', /found nothing, allowed: settings/],
      [
        'is no YAML',
        (path) => writeFileSync(path, 'endpoints: {\n  a: [}\n'),
        'SETWIRE_CONFIG_INVALID',
        /:2:\d+: found .*allowed: valid YAML/,
      ],
      [
        'says a thing twice',
        (path) => writeFileSync(path, 'endpoints: {}\nendpoints: {}\n'),
        'SETWIRE_CONFIG_INVALID',
        /:2:1: found Map keys must be unique/,
      ],
      ['is a list', (path) => writeFileSync(path, '- a\n- b\n'), 'SETWIRE_CONFIG_INVALID', /found \["a","b"\]/],
      [
        'multiplies itself',
        (path) =>
          writeFileSync(
            path,
            `a: &a [1,1,1,1,1,1,1,1,1]\nb: &b [${'*a,'.repeat(9)}]\nc: &c [${'*b,'.repeat(9)}]\nendpoints: [${'*c,'.repeat(9)}]`,
          ),
        'SETWIRE_CONFIG_INVALID',
        /alias/i,
      ],
    ];
    for (const [name, prepare, code, words] of files) {
      it(`because it ${name}`, () => {
        const path = join(folder, 'odd.yaml');
        prepare(path);
        const error = (() => {
          try {
            return loadConfig(path, { env: {} });
          } catch (thrown) {
            return thrown;
          }
        })();
        expect(error).to.be.instanceOf(ConfigError).and.to.include({ code });
        expect(formatProblems((error as ConfigError).problems)).to.match(words);
      });
    }

    it('because it is called JSON and is none', () => {
      const error = refused('{"endpoints": {},}', {}, 'setwire.json');
      expect(error.problems[0]).to.include({ allowed: 'valid JSON', line: 1 });
    });
  });

  describe('the one in config/', () => {
    const path = fileURLToPath(new URL('../../config/setwire.yaml', import.meta.url));
    const env = {
      CRM_WEBHOOK_SECRET: '0123456789abcdef',
      SIEM_TOKEN: 't',
      PARTNER_CLIENT_SECRET: 's',
      PARTNER_SIGNING_SECRET: whsec(32),
    };
    const text = readFileSync(path, 'utf8');

    it('loads as it is', () => {
      expect(loadConfig(path, { env, checkQuery }).endpoints.map(({ name }) => name)).to.deep.equal([
        'crm',
        'siem',
        'partner',
      ]);
    });

    it('says each default as it is', () => {
      const bare = load('endpoints: { crm: { url: "https://crm.example.com/" } }');
      const shown = loadConfig(path, { env, checkQuery });
      const { file: _, ...log } = shown.log;
      const { file: __, ...bareLog } = bare.log;
      expect({ flows: shown.flows, journal: shown.journal, stop: shown.stopTimeoutMs, log }).to.deep.equal({
        flows: bare.flows,
        journal: bare.journal,
        stop: bare.stopTimeoutMs,
        log: bareLog,
      });
      // What stands behind a # in the crm endpoint is switched on, and must change nothing.
      const commented = text.slice(
        text.indexOf('    # allowInsecure'),
        text.indexOf('\n\n', text.indexOf('    # allowInsecure')),
      );
      const on = load(
        `endpoints:\n  crm:\n    url: https://crm.example.com/\n${commented.replace(/^ {4}# /gm, '    ')}\n`,
      );
      expect(on.endpoints[0]?.retry).to.deep.equal(bare.endpoints[0]?.retry);
      expect(on.endpoints).to.deep.equal(bare.endpoints);
    });

    it('names every setting that there is', () => {
      const schema = JSON.parse(readFileSync(new URL('../../schemas/config.schema.json', import.meta.url), 'utf8'));
      const names = new Set<string>();
      const collect = (node: unknown): void => {
        if (typeof node !== 'object' || node === null) return;
        const { properties } = node as { properties?: Record<string, unknown> };
        for (const name of Object.keys(properties ?? {})) names.add(name);
        for (const member of Object.values(node)) collect(member);
      };
      collect(schema);
      expect([...names].filter((name) => !new RegExp(`\\b${name}\\b`).test(text))).to.deep.equal([]);
    });
  });
});
