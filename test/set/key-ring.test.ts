import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { SetwireError } from '../../src/errors.js';
import { keyRingIn } from '../../src/set/key-ring.js';
import { publishedBeforeMs, type Schedule } from '../../src/set/key-schedule.js';
import { pairwiseSecretIn } from '../../src/set/pairwise-secret.js';
import { until } from '../support/until.js';

const day = 86_400_000;
const schedule: Schedule = { alg: 'ES256', rotateEveryMs: 90 * day, overlapMs: 7 * day };

async function failureOf(work: Promise<unknown>): Promise<SetwireError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof SetwireError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

describe('a key ring in a directory', () => {
  let folder: string;
  let keys: string;
  let now: number;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'setwire-keys-'));
    keys = join(folder, 'keys');
    now = Date.UTC(2026, 10, 25);
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const ringOf = (changes: Partial<Schedule> = {}) => keyRingIn(keys, { ...schedule, ...changes }, () => now);
  const filesOf = (): string[] => readdirSync(keys).filter((name) => name.endsWith('.json'));

  it('makes a first key and the next one, for their owner only', async () => {
    const { kid } = await ringOf().current();
    const files = filesOf();
    expect(files).to.have.lengthOf(2).and.include(`${kid}.json`);
    for (const path of [keys, ...files.map((name) => join(keys, name))])
      expect(statSync(path).mode & 0o077, path).to.equal(0);
  });

  it('publishes both, and only what is public of them', async () => {
    const ring = ringOf();
    const { kid } = await ring.current();
    const { keys: published } = await ring.jwks();
    expect(published.map((jwk) => jwk.kid))
      .to.have.lengthOf(2)
      .and.include(kid);
    for (const jwk of published) expect(Object.keys(jwk)).to.deep.equal(['kty', 'kid', 'use', 'alg', 'crv', 'x', 'y']);
  });

  for (const [alg, members] of [
    ['RS256', ['kty', 'kid', 'use', 'alg', 'n', 'e']],
    ['PS256', ['kty', 'kid', 'use', 'alg', 'n', 'e']],
    ['EdDSA', ['kty', 'kid', 'use', 'alg', 'crv', 'x']],
  ] as const) {
    it(`makes keys for ${alg}`, async () => {
      const ring = ringOf({ alg });
      expect((await ring.current()).alg).to.equal(alg);
      const { keys: published } = await ring.jwks();
      for (const jwk of published) expect(Object.keys(jwk)).to.deep.equal(members);
      if (alg !== 'EdDSA') expect(Buffer.from(published[0]?.n ?? '', 'base64url').length * 8).to.be.at.least(2048);
    }).timeout(20_000);
  }

  it('is the same for all who open it, also when they make it at once', async () => {
    const rings = Array.from({ length: 4 }, () => ringOf());
    await Promise.all(rings.map((ring) => ring.keep()));
    const kids = await Promise.all(
      rings.map(async () => {
        const ring = ringOf();
        const [{ kid }, { keys: published }] = [await ring.current(), await ring.jwks()];
        expect(published.map((jwk) => jwk.kid)).to.include(kid);
        return kid;
      }),
    );
    expect(new Set(kids).size).to.equal(1);
  });

  it('lets the next key sign when its time has come, and makes another', async () => {
    const ring = ringOf();
    const first = (await ring.current()).kid;
    const next = (await ring.list()).find(({ state }) => state === 'next')?.kid;
    now += 90 * day;
    expect((await ring.current()).kid).to.equal(next);
    await ring.keep();
    expect((await ring.list()).map(({ state }) => state)).to.deep.equal(['old', 'signing', 'next']);
    now += 7 * day;
    await ring.keep();
    expect((await ring.jwks()).keys.map(({ kid }) => kid)).to.not.include(first);
    expect(filesOf()).to.not.include(`${first}.json`);
  });

  it('is rotated when it is told to, once the next key has been published for long enough', async () => {
    const ring = ringOf();
    const first = (await ring.current()).kid;
    const early = await ring.rotate({ atOnce: false });
    expect(early.signsFrom).to.equal(now + publishedBeforeMs);
    expect((await ring.current()).kid).to.equal(first);
    now += publishedBeforeMs;
    expect((await ring.current()).kid).to.equal(early.kid);
  });

  it('is rotated at once where the old key is not to be trusted', async () => {
    const ring = ringOf();
    await ring.current();
    const { kid } = await ring.rotate({ atOnce: true });
    now += 1;
    expect((await ring.current()).kid).to.equal(kid);
  });

  it('notices what another process has done', async () => {
    const [ours, theirs] = [ringOf(), ringOf()];
    await ours.current();
    const { kid } = await theirs.rotate({ atOnce: true });
    now += 1;
    await until(async () => (await ours.current()).kid === kid);
    expect((await ours.jwks()).keys.map((jwk) => jwk.kid)).to.include(kid);
  });

  describe('refuses', () => {
    beforeEach(async () => {
      await ringOf().current();
    });

    const spoil = (change: (file: string) => void): void => change(join(keys, filesOf()[0] ?? ''));

    for (const [what, change, words] of [
      ['a key that others can read', (file: string) => chmodSync(file, 0o644), 'has mode 0644'],
      ['a torn file', (file: string) => writeFileSync(file, readFileSync(file).subarray(0, 100)), 'is no JSON'],
      ['a file of somebody else', (file: string) => writeFileSync(file, '{"hunter2":1}'), 'lacks createdAt'],
      [
        'a key that does not fit its algorithm',
        (file: string) => writeFileSync(file, readFileSync(file, 'utf8').replace('"alg": "ES256"', '"alg": "RS256"')),
        'RS256 needs an RSA key',
      ],
      [
        'a public key',
        (file: string) => writeFileSync(file, readFileSync(file, 'utf8').replace('"d":', '"hunter2":')),
        'holds no private key',
      ],
    ] as const) {
      it(`${what}, and says which file it is and nothing of what stands in it`, async () => {
        spoil(change);
        const { code, message } = await failureOf(ringOf().current());
        expect(code).to.equal('SETWIRE_KEY_UNUSABLE');
        expect(message).to.include(words).and.to.include(keys);
        expect(message).to.not.include('hunter2');
      });
    }

    it('a directory that others can read', async () => {
      chmodSync(keys, 0o755);
      expect((await failureOf(ringOf().current())).message).to.include('has mode 0755');
    });
  });
});

describe('the pairwise secret', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'setwire-keys-'));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is made once, also by those who make it at once, and stays', async () => {
    const secrets = await Promise.all(Array.from({ length: 4 }, () => pairwiseSecretIn(folder)));
    const all = [...secrets, await pairwiseSecretIn(folder)].map((secret) => Buffer.from(secret).toString('hex'));
    expect(new Set(all).size).to.equal(1);
    expect(all[0]).to.have.lengthOf(64);
    expect(readdirSync(folder)).to.deep.equal(['pairwise.secret']);
    expect(statSync(join(folder, 'pairwise.secret')).mode & 0o077).to.equal(0);
  });

  it('is refused where others can read it, or it is not whole', async () => {
    await pairwiseSecretIn(folder);
    chmodSync(join(folder, 'pairwise.secret'), 0o644);
    expect((await failureOf(pairwiseSecretIn(folder))).code).to.equal('SETWIRE_KEY_UNUSABLE');
    writeFileSync(join(folder, 'pairwise.secret'), 'short');
    chmodSync(join(folder, 'pairwise.secret'), 0o600);
    expect((await failureOf(pairwiseSecretIn(folder))).message).to.include('32 are wanted');
  });
});
