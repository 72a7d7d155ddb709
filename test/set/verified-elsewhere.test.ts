import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { jwksHandlerOf } from '../../src/set/jwks-handler.js';
import { keyRingIn } from '../../src/set/key-ring.js';
import { signerWith } from '../../src/set/sealer.js';

const issuer = 'https://id.example.com';
const audience = 'https://receiver.example.com';
const snippets = fileURLToPath(new URL('../vectors/verify/', import.meta.url));

/** How each snippet of the README is run. The others than Node's only where a variable says with what. */
const { VERIFY_PYTHON: python, VERIFY_JAVA_CLASSPATH: classpath } = process.env;
const commands: Readonly<Record<string, readonly string[]>> = {
  'verify.mjs': [process.execPath, join(snippets, 'verify.mjs')],
  ...(python && { 'verify.py': [python, join(snippets, 'verify.py')] }),
  ...(classpath && { 'Verify.java': ['java', '-cp', classpath, join(snippets, 'Verify.java')] }),
};

const claimsOf = (jti: string): string =>
  JSON.stringify({
    iss: issuer,
    aud: audience,
    iat: Math.floor(Date.now() / 1000),
    jti,
    sub_id: { format: 'opaque', id: 'ann' },
    events: { 'https://schemas.openid.net/secevent/caep/event-type/session-revoked': {} },
  });

function run([command = '', ...args]: readonly string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}

describe('the snippets that verify a SET', () => {
  const folder = mkdtempSync(join(tmpdir(), 'setwire-verify-'));
  const schedule = { alg: 'ES256', rotateEveryMs: Number.POSITIVE_INFINITY, overlapMs: 3_600_000 } as const;
  const ring = keyRingIn(join(folder, 'keys'), schedule, Date.now);
  let server: Server;
  let jwksUrl: string;
  let earlier: string;
  let rotated: string;

  before(async () => {
    server = createServer(jwksHandlerOf(ring, () => undefined));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const signer = signerWith(ring);
    [earlier = ''] = await signer.seal([claimsOf('before')]);
    await ring.rotate({ atOnce: true });
    [rotated = ''] = await signer.seal([claimsOf('rotated')]);
  });
  after(() => {
    server.close();
    server.closeAllConnections();
    rmSync(folder, { recursive: true });
  });

  it('are in the README as they are run', () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    for (const name of ['verify.mjs', 'verify.py', 'Verify.java'])
      expect(readme).to.include(`\n${readFileSync(join(snippets, name), 'utf8')}\`\`\``);
  });

  for (const [name, command] of Object.entries(commands)) {
    it(`${name} accepts SETs of before and after a rotation, and refuses an edited one`, async function () {
      this.timeout(60_000);
      const kids = [earlier, rotated].map((set) => Buffer.from(set.split('.')[0] ?? '', 'base64url').toString());
      expect(new Set(kids).size, 'keys').to.equal(2);
      const verify = (set: string, meant = audience) => run([...command, jwksUrl, issuer, meant, set]);
      const [head, , tail] = rotated.split('.');
      const edited = `${head}.${Buffer.from(claimsOf('edited')).toString('base64url')}.${tail}`;
      const outcomes = await Promise.all([
        verify(earlier),
        verify(rotated),
        verify(edited),
        verify(rotated, 'https://other.example.com'),
      ]);
      expect(outcomes.map(({ code }) => code === 0)).to.deep.equal([true, true, false, false]);
      expect(outcomes.map(({ output }) => output.split(' ')[0])).to.deep.equal(['before', 'rotated', '', '']);
    });
  }
});
