import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { formatProblems, loadConfig } from '../../src/config/load.js';
import type { Settings } from '../../src/config/settings.js';
import { ConfigError } from '../../src/errors.js';
import { checkQuery } from '../../src/transmitter/select.js';

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

  function refusalOf(path: string): ConfigError {
    try {
      loadConfig(path, { env: {} });
    } catch (error) {
      expect(error).to.be.instanceOf(ConfigError);
      return error as ConfigError;
    }
    throw new Error('it was accepted');
  }

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
        journal: 'embedded',
        dataDir: join(folder, 'setwire-data'),
        durability: 'flush',
        transmitter: 'worker',
        retention: {
          maxAgeMs: 7 * 86_400_000,
          maxBytes: 1024 ** 3,
          hardLimitBytes: 10 * 1024 ** 3,
          removedEndpointMs: 7 * 86_400_000,
        },
        buffer: { maxEvents: 100_000, maxBytes: 64 * 1024 ** 2 },
        deadLetters: { maxAgeMs: 30 * 86_400_000, maxCount: 100_000 },
        log: { file: join(folder, 'setwire-delivery.log'), maxBytes: 50 * 1024 ** 2, keep: 5, level: 'info' },
      });
      expect(settings.endpoints).to.deep.equal([
        {
          name: 'crm',
          url: 'https://crm.example.com/',
          enabled: true,
          from: 'now',
          profile: 'wso2',
          delivery: 'webhook',
          wire: 'draft-02',
          events: ['*'],
          where: {},
          claims: ['username'],
          subject: { format: 'iss_sub', user: 'iss_sub', formats: ['iss_sub', 'email'] },
          headers: {},
          timeoutMs: 10_000,
          concurrency: 4,
          order: 'subject',
          batch: { format: 'single', maxEvents: 1, maxBytes: 1024 ** 2, maxWaitMs: 1000 },
          retry: {
            initialMs: 1000,
            maxMs: 900_000,
            maxAgeMs: 259_200_000,
            maxAttempts: 0,
            maxRetryAfterMs: 86_400_000,
          },
          circuit: { failureRate: 0.5, windowMs: 60_000, minAttempts: 10, probeMs: 5000, maxProbeMs: 60_000 },
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
  });

  describe('that cannot be read', () => {
    const tooLarge = 'found more than 1048576 bytes, allowed: a config file in UTF-8, of at most 1 MB';
    const files: [name: string, prepare: (path: string) => void, words: string][] = [
      [
        'is not there',
        () => undefined,
        'found no such file, allowed: a config file; `setwire init` writes a first one',
      ],
      ['is a folder', (path) => mkdirSync(path), 'found a folder, allowed: a config file'],
      ['is huge', (path) => writeFileSync(path, '#'.repeat(1024 ** 2 + 1)), tooLarge],
      ['has no end', (path) => symlinkSync('/dev/zero', path), tooLarge],
      [
        'is no text',
        (path) => writeFileSync(path, Buffer.from('issuer: caf\xe9', 'latin1')),
        'found what is no text in UTF-8, allowed: a config file in UTF-8, of at most 1 MB',
      ],
    ];
    for (const [name, prepare, words] of files) {
      it(`because it ${name}`, () => {
        const path = join(folder, 'odd.yaml');
        prepare(path);
        const error = refusalOf(path);
        expect(error.code).to.equal('SETWIRE_CONFIG_UNREADABLE');
        expect(formatProblems(error.problems)).to.equal(`${path}: ${words}`);
      });
    }
  });
});
