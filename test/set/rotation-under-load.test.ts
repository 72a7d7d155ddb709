import { createPublicKey, type JsonWebKey, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import jwt from 'jsonwebtoken';
import { jwksHandlerOf } from '../../src/set/jwks-handler.js';
import { keyRingIn } from '../../src/set/key-ring.js';
import { signerWith } from '../../src/set/sealer.js';
import { startSsfReceiver } from '../support/ssf-receiver.js';

const issuer = 'https://id.example.com';
const audience = 'https://receiver.example.com';
const hourMs = 3_600_000;
const rotations = 3;
const lastSent = 50;

const claimsAt = (now: number): string =>
  JSON.stringify({
    iss: issuer,
    aud: audience,
    iat: Math.floor(now / 1000),
    jti: randomUUID(),
    sub_id: { format: 'opaque', id: 'ann' },
    events: { 'https://schemas.openid.net/secevent/caep/event-type/session-revoked': {} },
  });

describe('a key rotation under load', () => {
  const folder = mkdtempSync(join(tmpdir(), 'setwire-rotation-'));
  let now = Date.UTC(2026, 0, 1);
  const schedule = { alg: 'ES256', rotateEveryMs: Number.POSITIVE_INFINITY, overlapMs: 2 * hourMs } as const;
  // Two processes: one transmits, the other serves the JWK Set; an operator's shell is a third.
  const ringIn = () => keyRingIn(join(folder, 'keys'), schedule, () => now);
  const [transmitting, serving, shell] = [ringIn(), ringIn(), ringIn()];
  const failures: unknown[] = [];
  let server: Server;
  let jwksUrl: string;

  before(async () => {
    server = createServer(jwksHandlerOf(serving, (error) => failures.push(error)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    await transmitting.keep();
    // The next key has been published for long enough to sign.
    now += hourMs;
  });
  after(() => {
    server.close();
    server.closeAllConnections();
    rmSync(folder, { recursive: true });
  });

  it('lets every SET be verified: by a receiver that keeps the JWK Set, and by jsonwebtoken with what is published', async () => {
    const receiver = await startSsfReceiver({ issuer, audience, jwksUrl, now: () => now });
    const signer = signerWith(transmitting);
    const sent: string[] = [];

    async function send(): Promise<number> {
      const [set = ''] = await signer.seal([claimsAt(now)]);
      sent.push(set);
      const headers = { 'content-type': 'application/secevent+jwt', accept: 'application/json' };
      return (await fetch(receiver.url, { method: 'POST', headers, body: set })).status;
    }

    /** Sends as fast as it goes until what a key has signed has come in. */
    async function loadUntil(kid: Promise<string>): Promise<number[]> {
      const statuses: number[] = [];
      let wanted: string | undefined;
      const sender = async (): Promise<void> => {
        while (wanted === undefined || !receiver.kids.has(wanted)) statuses.push(await send());
      };
      const senders = Array.from({ length: 4 }, sender);
      wanted = await kid;
      await Promise.all(senders);
      return statuses;
    }

    try {
      for (let rotation = 0; rotation < rotations; rotation += 1) {
        const statuses = await loadUntil(shell.rotate({ atOnce: false }).then(({ kid }) => kid));
        expect(statuses.filter((status) => status !== 202)).to.deep.equal([]);
        now += hourMs;
      }
      expect(receiver.refused).to.deep.equal([]);
      expect(receiver.accepted.size).to.equal(sent.length);
      expect(receiver.kids.size, 'keys that signed').to.be.greaterThan(2);
      expect(receiver.jwksFetches, 'the JWK Set is kept').to.be.at.most(receiver.kids.size);
      expect(failures).to.deep.equal([]);

      // What was sent last verifies by what is published now, and so does what the key before it signed.
      const { keys } = (await (await fetch(jwksUrl)).json()) as { keys: (JsonWebKey & { kid: string })[] };
      const keyOf = new Map(keys.map((jwk) => [jwk.kid, createPublicKey({ key: jwk, format: 'jwk' })]));
      for (const set of sent.slice(-lastSent)) {
        const kid = jwt.decode(set, { complete: true })?.header.kid ?? '';
        const key = keyOf.get(kid);
        expect(key, 'its key is published').to.not.equal(undefined);
        if (key !== undefined)
          expect(jwt.verify(set, key, { algorithms: ['ES256'], issuer, audience })).to.have.property('jti');
      }
    } finally {
      await receiver.stop();
    }
  });
});
