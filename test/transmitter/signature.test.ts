import { createHmac } from 'node:crypto';
import { expect } from 'chai';
import { Webhook } from 'standardwebhooks';
import { Secret } from '../../src/secret.js';
import { SigningError, signatureHeaders } from '../../src/transmitter/signature.js';

const body = Buffer.from('{"name":"José 日本 🔑"}', 'utf8');
let sentAtMs = 0;
let signed = { body, id: 'jti-1', sentAtMs };
const newSecret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
const oldSecret = `whsec_${Buffer.alloc(24, 2).toString('base64')}`;

describe('a signature', () => {
  // What verifies them takes none that are older than five minutes.
  beforeEach(() => {
    sentAtMs = Date.now();
    signed = { ...signed, sentAtMs };
  });

  it('of the scheme wso2 is the HMAC-SHA256 over the bytes of the body, in hex', () => {
    const secret = new Secret('a shared secret é');
    expect(signatureHeaders({ scheme: 'wso2', secret }, signed)).to.deep.equal({
      'x-wso2-event-signature': `sha256=${createHmac('sha256', 'a shared secret é').update(body).digest('hex')}`,
    });
  });

  it('of the scheme wso2 is as in a known vector', () => {
    // RFC 4231, section 4.3.
    const headers = signatureHeaders(
      { scheme: 'wso2', secret: new Secret('Jefe') },
      { ...signed, body: Buffer.from('what do ya want for nothing?') },
    );
    expect(headers['x-wso2-event-signature']).to.equal(
      'sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    );
  });

  it('of the scheme hub is the same under the name of WebSub', () => {
    const secret = new Secret('a shared secret');
    expect(signatureHeaders({ scheme: 'hub', secret }, signed)).to.deep.equal({
      'x-hub-signature': `sha256=${createHmac('sha256', 'a shared secret').update(body).digest('hex')}`,
    });
  });

  it('of the scheme standard-webhooks is verified by its own package', () => {
    const headers = signatureHeaders({ scheme: 'standard-webhooks', secret: new Secret(newSecret) }, signed);
    expect(headers).to.include({ 'webhook-id': 'jti-1', 'webhook-timestamp': String(Math.floor(sentAtMs / 1000)) });
    expect(new Webhook(newSecret).verify(body, headers)).to.deep.equal({ name: 'José 日本 🔑' });
    expect(() => new Webhook(newSecret).verify(Buffer.concat([body, Buffer.from(' ')]), headers)).to.throw();
    expect(() => new Webhook(oldSecret).verify(body, headers)).to.throw();
  });

  it('of the scheme standard-webhooks is verified with either secret during a rotation', () => {
    const headers = signatureHeaders(
      { scheme: 'standard-webhooks', secret: new Secret(newSecret), previousSecret: new Secret(oldSecret) },
      signed,
    );
    expect(headers['webhook-signature']).to.match(/^v1,\S+ v1,\S+$/);
    for (const secret of [newSecret, oldSecret]) new Webhook(secret).verify(body, headers);
    expect(() => new Webhook(Buffer.alloc(32, 3), { format: 'raw' }).verify(body, headers)).to.throw();
  });

  it('of a later attempt has the time of that attempt', () => {
    const signature = { scheme: 'standard-webhooks', secret: new Secret(newSecret) } as const;
    const [first, second] = [0, 10_000].map((laterMs) =>
      signatureHeaders(signature, { ...signed, sentAtMs: sentAtMs + laterMs }),
    );
    expect(Number(second?.['webhook-timestamp']) - Number(first?.['webhook-timestamp'])).to.equal(10);
    expect(second?.['webhook-signature']).to.not.equal(first?.['webhook-signature']);
    expect(second?.['webhook-id']).to.equal(first?.['webhook-id']);
  });

  for (const scheme of ['wso2', 'hub', 'standard-webhooks'] as const) {
    it(`of the scheme ${scheme} is not made with an empty secret`, () => {
      const secret = new Secret(scheme === 'standard-webhooks' ? 'whsec_' : '');
      expect(() => signatureHeaders({ scheme, secret }, signed)).to.throw(SigningError);
    });
  }

  it('is not made with an empty previous secret', () => {
    const signature = {
      scheme: 'standard-webhooks',
      secret: new Secret(newSecret),
      previousSecret: new Secret('whsec_'),
    } as const;
    expect(() => signatureHeaders(signature, signed)).to.throw(SigningError);
  });
});
