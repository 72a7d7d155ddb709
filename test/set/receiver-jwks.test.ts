import { expect } from 'chai';
import { compactDecrypt, decodeProtectedHeader } from 'jose';
import { keyRingOf } from '../../src/set/key-ring.js';
import { sealerOf } from '../../src/set/sealer-of.js';
import { SealError, type Sealer } from '../../src/set/set.js';
import { newPrivateKey, type SigningKey, signingKeyOf } from '../../src/set/signing-key.js';
import { fetchJwksWith } from '../../src/transmitter/get.js';
import { type Receiver, type ScriptedAnswer, startReceiver } from '../support/receiver.js';
import { jwkOf, jwksOf, pairOf } from '../support/receiver-keys.js';

const minute = 60_000;
const hour = 60 * minute;
const old = pairOf('P-256');
const next = pairOf('P-256');
const set = (pair: typeof old, kid: string): ScriptedAnswer => ({
  status: 200,
  headers: { 'content-type': 'application/jwk-set+json' },
  body: jwksOf(jwkOf(pair, { kid, use: 'enc' })),
});

describe("the keys of a receiver's JWKS URL", () => {
  let receiver: Receiver;
  let answer: ScriptedAnswer;
  let time: number;
  let reports: unknown[];
  let signing: SigningKey;

  before(async () => {
    signing = await signingKeyOf(await newPrivateKey('ES256'), 'ES256');
  });

  beforeEach(async () => {
    answer = set(old, 'old');
    time = 1000;
    reports = [];
    receiver = await startReceiver({ always: () => answer });
  });

  afterEach(() => receiver.stop());

  function sealer(timeoutMs = 5000): Sealer {
    const endpoint = { name: 'partner', encryption: { jwks: receiver.url, enc: 'A256GCM' as const } };
    return sealerOf(keyRingOf(signing, []), endpoint, {
      fetchJwks: fetchJwksWith({ timeoutMs }, Date.now),
      clock: () => time,
      report: (...told) => reports.push(told),
    });
  }

  const kidOf = async (made: Sealer): Promise<unknown> => decodeProtectedHeader((await made.seal(['{}']))[0] ?? '').kid;

  async function refusalOf(made: Sealer): Promise<string> {
    const error = await made.seal(['{"name":"José"}']).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(SealError).and.to.include({ code: 'ENCRYPTION_FAILED' });
    return (error as SealError).message;
  }

  it('are fetched once, whoever comes, and are good for ten minutes', async () => {
    const made = sealer();
    const kids = await Promise.all([kidOf(made), kidOf(made), kidOf(made)]);
    time += 10 * minute - 1;
    expect([...kids, await kidOf(made)]).to.deep.equal(['old', 'old', 'old', 'old']);
    expect(receiver.requests).to.have.length(1);
  });

  it('are fetched again then, so that a rotated key is used: the receiver can open it', async () => {
    const made = sealer();
    expect(await kidOf(made)).to.equal('old');
    answer = set(next, 'next');
    time += 10 * minute;
    const [jwe = ''] = await made.seal(['{}']);
    expect(decodeProtectedHeader(jwe).kid).to.equal('next');
    expect((await compactDecrypt(jwe, next.privateKey)).plaintext.length).to.be.greaterThan(0);
    expect(receiver.requests).to.have.length(2);
  });

  it('are used for a day while the URL is down, which is said once', async () => {
    const made = sealer();
    await kidOf(made);
    answer = { status: 503 };
    for (let hours = 1; hours <= 23; hours += 1) {
      time = 1000 + hours * hour;
      expect(await kidOf(made)).to.equal('old');
    }
    expect(receiver.requests.length).to.be.greaterThan(3);
    const note = 'the last key is used for 24h at most';
    const why = 'its JWKS URL answered 503';
    expect(reports).to.deep.equal([['warn', "a receiver's JWK Set cannot be had", { endpoint: 'partner', why, note }]]);
    time = 1000 + 24 * hour;
    expect(await refusalOf(made)).to.equal(`the SET could not be encrypted: the receiver's key: ${why}`);
  });

  it('hold nothing up once the URL is known to be down', async () => {
    const made = sealer(hour);
    await kidOf(made);
    time += hour;
    answer = { status: 503 };
    expect(await kidOf(made)).to.equal('old');
    time += minute;
    answer = { hang: true };
    expect(await kidOf(made)).to.equal('old');
    expect((await receiver.next(3)).method).to.equal('GET');
  });

  it('are used as soon as the URL is back', async () => {
    answer = { reset: true };
    const made = sealer();
    expect(await refusalOf(made)).to.equal(
      "the SET could not be encrypted: the receiver's key: its JWKS URL: ECONNRESET, the connection was cut",
    );
    answer = set(old, 'old');
    time += 9999;
    expect(await refusalOf(made)).to.include('ECONNRESET');
    expect(receiver.requests).to.have.length(1);
    time += 1;
    expect(await kidOf(made)).to.equal('old');
    expect(reports).to.deep.equal([]);
  });

  it('are no longer used where the set that came has none that fits', async () => {
    const made = sealer();
    await kidOf(made);
    answer = { status: 200, body: jwksOf(jwkOf(pairOf('ed25519'), { use: 'enc' }), jwkOf(old, { use: 'sig' })) };
    time += 10 * minute;
    expect(await refusalOf(made)).to.equal(
      "the SET could not be encrypted: the receiver's key: its JWK Set has no key that we can encrypt to",
    );
  });

  it('are not taken from what is no JWK Set, which is not shown', async () => {
    answer = { status: 200, body: '<html>hunter2</html>' };
    expect(await refusalOf(sealer())).to.match(/what its JWKS URL has is no JWK Set$/);
  });
});
