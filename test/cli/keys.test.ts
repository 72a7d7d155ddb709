import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { expect } from 'chai';
import { type Operated, operated } from '../support/operated.js';

const endpoints = {
  partner: { url: 'https://partner.example.org', auth: { type: 'bearer', token: '$' + '{env:NOT_THERE}' } },
};

describe('setwire keys', () => {
  let site: Operated;

  beforeEach(() => {
    site = operated();
  });

  afterEach(() => site.end());

  it('lists the key that signs and the next one, made where there are none, without any other secret of the config', async () => {
    site.write({ endpoints });
    const { code, out, err } = await site.setwire(['keys', 'list']);
    expect({ code, err }).to.deep.equal({ code: 0, err: '' });
    const lines = out.trimEnd().split('\n');
    expect(lines).to.have.lengthOf(2);
    expect(lines[0]).to.match(/^[\w-]{43} {2}ES256 {2}signing {2}made \d{4}-\d\d-\d\d \d\d:\d\d {2}signs from /);
    expect(lines[1]).to.match(/^[\w-]{43} {2}ES256 {2}next {5}made /);
    expect(statSync(site.path('setwire-keys')).mode & 0o777).to.equal(0o700);
  });

  it('lets the next key sign, at once where it is told so', async () => {
    site.write({ endpoints });
    const next = (await site.setwire(['keys', 'list'])).out.split('\n')[1]?.split(' ')[0];
    const later = await site.setwire(['keys', 'rotate']);
    expect(later.out).to.match(new RegExp(`^${next} signs from \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d UTC\\n$`));
    expect((await site.setwire(['keys', 'rotate', '--now'])).out).to.equal(`${next} signs now\n`);
    expect((await site.setwire(['keys', 'list'])).out).to.match(new RegExp(`${next} {2}ES256 {2}signing`));
  });

  it('exports what is public of the keys, and nothing else', async () => {
    site.write({ endpoints });
    const { out } = await site.setwire(['keys', 'export']);
    await site.setwire(['keys', 'export', '--out', 'jwks.json']);
    expect(readFileSync(site.path('jwks.json'), 'utf8')).to.equal(out);
    const { keys } = JSON.parse(out) as { keys: Record<string, string>[] };
    expect(keys).to.have.lengthOf(2);
    const secrets = readdirSync(site.path('setwire-keys')).map(
      (name) => JSON.parse(readFileSync(site.path(`setwire-keys/${name}`), 'utf8')).jwk.d as string,
    );
    for (const secret of secrets) expect(out).to.not.include(secret);
  });

  it('publishes a key of the operator, and leaves its rotation to them', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
    const other = publicKey.export({ format: 'jwk' });
    const old = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' });
    site.write({ endpoints, signing: { alg: 'RS256', key, published: [old] } });
    const { out } = await site.setwire(['keys', 'export']);
    const { keys } = JSON.parse(out) as { keys: Record<string, string>[] };
    expect(keys.map(({ alg, n }) => [alg, n])).to.deep.equal([
      ['RS256', other.n],
      ['ES256', undefined],
    ]);
    const { code, err } = await site.setwire(['keys', 'rotate']);
    expect(code).to.equal(2);
    expect(err).to.include('a `signing.key` of your own');
  });

  it('says why keys cannot be used', async () => {
    site.write({ endpoints });
    await site.setwire(['keys', 'list']);
    chmodSync(site.path('setwire-keys'), 0o750);
    const { code, err } = await site.setwire(['keys', 'list']);
    expect(code).to.equal(1);
    expect(err).to.include('has mode 0750: others than its owner must not have access');
  });

  it('takes no other word', async () => {
    site.write({ endpoints });
    expect((await site.setwire(['keys'])).code).to.equal(2);
    expect((await site.setwire(['keys', 'list', 'all'])).code).to.equal(2);
  });
});
