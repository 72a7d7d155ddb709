import { writeFileSync } from 'node:fs';
import { Writable } from 'node:stream';
import { expect } from 'chai';
import { type CheckDeps, check } from '../../src/cli/check.js';
import { eventTypesOf } from '../../src/endpoint-check.js';
import { type Workplace, workplace } from '../support/settings.js';

type Verification = Awaited<ReturnType<CheckDeps['verifyEndpoint']>>;

const answered = (status: number, body = ''): Verification => ({
  answer: { kind: 'answer', status, headers: {}, body, durationMs: 12.4, bytes: 1 },
  verdict: { isTaken: status < 300 },
});
const never = (): Promise<Verification> => new Promise(() => undefined);

interface Circumstances {
  readonly args?: readonly string[];
  readonly deps?: Partial<CheckDeps>;
  readonly signal?: AbortSignal;
  readonly env?: NodeJS.ProcessEnv;
}

describe('setwire check', () => {
  let place: Workplace;

  beforeEach(() => {
    place = workplace();
  });

  afterEach(() => place.remove());

  async function run(yaml: string, { args = [], deps = {}, signal, env = {} }: Circumstances = {}) {
    writeFileSync(place.path('setwire.yaml'), yaml);
    const texts = { out: '', err: '' };
    const to = (name: 'out' | 'err') =>
      new Writable({
        write(chunk, _encoding, done) {
          texts[name] += String(chunk);
          done();
        },
      });
    const io = {
      stdout: to('out'),
      stderr: to('err'),
      env,
      cwd: place.folder,
      signal: signal ?? new AbortController().signal,
    };
    const code = await check(args, io, {
      checkQuery: () => undefined,
      eventTypesOf: () => [
        { type: 'login.success', uris: ['https://example.com/login'] },
        { type: 'login.suspicious', uris: [] },
      ],
      verifyEndpoint: () => Promise.reject(new Error('nobody asked for a ping')),
      ...deps,
    });
    return { code, ...texts };
  }

  it('says of an ssf endpoint for whom its SETs are, whom they are about and under which URIs they leave', async () => {
    const yaml = [
      'ssf: { eventTypes: { x-acme.consent: "https://acme.example/consent" } }',
      'endpoints:',
      '  p:',
      '    url: https://a.example/',
      '    profile: ssf',
      '    audience: [one, two]',
      '    events: [account.profile-updated, session.revoked, login.success, x-acme.consent]',
      '    subject: { format: complex, user: email }',
    ].join('\n');
    const { code, out } = await run(yaml, { deps: { eventTypesOf } });
    expect(code).to.equal(0);
    const openid = 'https://schemas.openid.net/secevent';
    expect(out).to.include(
      [
        '  aud    one, two',
        '  about  complex, user: email',
        '  gets   login.success            <issuer>/ssf/event-type/login-success',
        `         session.revoked          ${openid}/caep/event-type/session-revoked`,
        '         account.profile-updated  <issuer>/ssf/event-type/account-profile-updated',
        `                                  ${openid}/risc/event-type/identifier-changed`,
        '         x-acme.consent           https://acme.example/consent',
        '  claims username',
      ].join('\n'),
    );
  });

  const batches: [batch: string, words: string][] = [
    ['{}', 'one SET per request'],
    ['{ format: ndjson }', 'ndjson, up to 100 SETs or 1MB, or what 1s bring'],
    [
      '{ format: array, maxEvents: 1, maxBytes: 1000B, maxWait: 1500ms }',
      'array, up to 1 SET or 1000B, or what 1500ms bring',
    ],
    ['{ format: array, maxBytes: 2048KB, maxWait: 0s }', 'array, up to 100 SETs or 2MB, or what 0ms bring'],
    ['{ format: array, maxBytes: 256KB, maxWait: 48h }', 'array, up to 100 SETs or 256KB, or what 48h bring'],
  ];
  for (const [batch, words] of batches) {
    it(`says of a batch ${batch}: ${words}`, async () => {
      const { out } = await run(`endpoints: { crm: { url: "https://a.example/", batch: ${batch} } }`);
      expect(out).to.include(`  as     wso2, webhook, ${words}\n`);
    });
  }

  const methods: [settings: string, words: string][] = [
    ['delivery: push', 'push (RFC 8935), one SET per request'],
    [
      'delivery: multi-push, batch: { maxEvents: 20, maxBytes: 64KB }',
      'multi-push (draft-02), up to 20 SETs or 64KB, or what 1s bring',
    ],
    [
      'delivery: multi-push, wire: secevents, batch: { maxEvents: 1, maxBytes: 1MB, maxWait: 2s }',
      'multi-push (secevents), up to 1 SET or 1MB, or what 2s bring',
    ],
  ];
  for (const [settings, words] of methods) {
    it(`says of an endpoint with ${settings}: ${words}`, async () => {
      const yaml = `endpoints: { p: { url: "https://a.example/", profile: ssf, audience: one, ${settings} } }`;
      expect((await run(yaml)).out).to.include(`  as     ssf, ${words}\n`);
    });
  }

  it('says what each endpoint gets, and what its profile has no event for', async () => {
    const { code, out, err } = await run('endpoints: { crm: { url: "https://a.example/in?key=hunter2#x" } }');
    expect({ code, err }).to.deep.equal({ code: 0, err: '' });
    expect(out).to.include(
      '  to     https://a.example/in?...\n  as     wso2, webhook, one SET per request\n  gets   login.success\n',
    );
    expect(out).to.include('  not    login.suspicious: the wso2 profile has no event for it\n');
    expect(out).to.not.include('hunter2');
  });

  it('says so when an endpoint gets nothing', async () => {
    const yaml = 'endpoints: { crm: { url: "https://a.example/" } }';
    expect((await run(yaml, { deps: { eventTypesOf: () => [] } })).out).to.include('  gets   nothing\n');
  });

  it('names what a query looks at, and not what it compares that with', async () => {
    const yaml = `endpoints:
  crm:
    url: https://a.example/
    where: { $or: [{ user.groups: "\${env:GROUP}" }, { tenant.id: { $in: ["\${env:GROUP}"] } }, { user.groups: x }] }
`;
    const { out } = await run(yaml, { env: { GROUP: 'hunter2' } });
    expect(out).to.include('  where  user.groups, tenant.id\n').and.to.not.include('hunter2');
  });

  it('asks the adapter whether a query can be used', async () => {
    const { code, err } = await run('endpoints: { crm: { url: "https://a.example/", where: { a: 1 } } }', {
      deps: { checkQuery: (query) => `no ${Object.keys(query).join()}` },
    });
    expect(code).to.equal(1);
    expect(err).to.include('endpoints.crm.where: found no a, allowed: a query');
  });

  it('pings nobody unless it is told to, and nobody when the config is wrong', async () => {
    expect((await run('endpoints: { crm: { url: "https://a.example/" } }')).code).to.equal(0);
    expect((await run('endpoints: { crm: { url: 1 } }', { args: ['--ping'] })).code).to.equal(1);
  });

  const two = 'endpoints: { a: { url: "https://a.example/" }, b: { url: "https://b.example/" } }';

  it('shows each answer, and ends with code 1 if one is no 2xx', async () => {
    const pings: string[] = [];
    const verifyEndpoint: CheckDeps['verifyEndpoint'] = (settings, { name }) => {
      pings.push(`${settings.endpoints.length} ${name}`);
      return Promise.resolve(name === 'a' ? answered(202) : answered(302, ' see\u001b[2J there '));
    };
    const { code, out } = await run(two, { args: ['--ping'], deps: { verifyEndpoint } });
    expect(pings).to.deep.equal(['2 a', '2 b']);
    expect(code).to.equal(1);
    expect(out).to.match(/ping a: answered 202 \(12 ms\)\nping b: answered 302 \(12 ms\) see\\u001b\[2J there\n$/);
  });

  it('says why there was no answer', async () => {
    const failure: Verification = {
      answer: { kind: 'failure', code: 'ECONNREFUSED', detail: 'nothing listens there', durationMs: 1, bytes: 1 },
      verdict: { isTaken: false },
    };
    const { code, out } = await run(two, {
      args: ['--ping'],
      deps: { verifyEndpoint: () => Promise.resolve(failure) },
    });
    expect(code).to.equal(1);
    expect(out).to.include('ping a: failed ECONNREFUSED: nothing listens there (1 ms)\n');
  });

  it('shows an answer while another endpoint hangs, and ends at Ctrl-C', async () => {
    const interrupt = new AbortController();
    const verifyEndpoint: CheckDeps['verifyEndpoint'] = (_settings, { name }) => {
      if (name === 'b') return never();
      // After the answer has been shown.
      setImmediate(() => interrupt.abort());
      return Promise.resolve(answered(200));
    };
    const { code, out, err } = await run(two, { args: ['--ping'], signal: interrupt.signal, deps: { verifyEndpoint } });
    expect({ code, err }).to.deep.equal({ code: 130, err: 'interrupted\n' });
    expect(out).to.include('ping a: answered 200').and.to.not.include('ping b');
  });

  it('ends at once where Ctrl-C came before', async () => {
    const { code } = await run(two, { args: ['--ping'], signal: AbortSignal.abort(), deps: { verifyEndpoint: never } });
    expect(code).to.equal(130);
  });

  it('says where events come in, and how each source is checked', async () => {
    const { code, out } = await run(`
endpoints: {}
intake:
  sources:
    wso2: { type: wso2, secret: 0123456789abcdef }
    open: { type: keycloak, path: /kc, allowUnsigned: true }
    both: { type: keycloak, secret: 0123456789abcdef, token: 0123456789abcdef }
    log: { type: keycloak-log, file: /var/log/keycloak.log }
    other: { type: identity-event, token: 0123456789abcdef }
`);
    expect(code).to.equal(0);
    expect(out).to.include(
      [
        'intake, by setwire serve',
        '  wso2   wso2, http://127.0.0.1:9410/wso2, signature',
        '  open   keycloak, http://127.0.0.1:9410/kc, unsigned',
        '  both   keycloak, http://127.0.0.1:9410/both, signature or token',
        '  log    keycloak-log, /var/log/keycloak.log, from now',
        '  other  identity-event, http://127.0.0.1:9410/other, token',
        '',
      ].join('\n'),
    );
    expect(out).to.not.include('0123456789abcdef');
  });
});
