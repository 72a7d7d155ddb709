import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { loadConfig } from '../../src/config/load.js';
import type { Settings } from '../../src/config/settings.js';
import { checkQuery } from '../../src/transmitter/select.js';

const path = fileURLToPath(new URL('../../config/setwire.yaml', import.meta.url));
const text = readFileSync(path, 'utf8');
const schema = JSON.parse(readFileSync(new URL('../../schemas/config.schema.json', import.meta.url), 'utf8'));

const whsec = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const env = {
  CRM_WEBHOOK_SECRET: '0123456789abcdef',
  SIEM_TOKEN: 't',
  PARTNER_CLIENT_SECRET: 's',
  PARTNER_SIGNING_SECRET: whsec,
  PARTNER_OLD_SIGNING_SECRET: whsec,
  SETWIRE_KEY_PASSPHRASE: 'p',
  WSO2_WEBHOOK_SECRET: '0123456789abcdef',
  WSO2_OLD_WEBHOOK_SECRET: '0123456789abcdef',
  KEYCLOAK_EVENTS_SECRET: '0123456789abcdef',
  KEYCLOAK_EVENTS_TOKEN: '0123456789abcdef',
  INTAKE_TOKEN: '0123456789abcdef',
};

/** A setting behind a #, not a sentence. */
const isSetting = (line: string): boolean => /^ *# +(?!yaml-)[a-z][a-zA-Z0-9-]+:( |$)/.test(line);
const switchedOn = (line: string): string => line.replace('# ', '');

/** Every place of a value that holds no more places, as `a.b.0: 1`. */
function leavesOf(value: unknown, place = ''): string[] {
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0)
    return [`${place}: ${JSON.stringify(value)}`];
  return Object.entries(value).flatMap(([name, member]) => leavesOf(member, place === '' ? name : `${place}.${name}`));
}

describe('the config in config/', () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'setwire-reference-'));
    for (const name of ['partner-ca.pem', 'setwire-client.pem'])
      writeFileSync(join(folder, name), '-----BEGIN CERTIFICATE-----\n');
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(join(folder, 'signing-key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
    writeFileSync(join(folder, 'old-key.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
    writeFileSync(join(folder, 'setwire-client.key'), 'a key\n');
    writeFileSync(join(folder, 'setwire-user-key'), '0123456789abcdef\n');
  });

  after(() => rmSync(folder, { recursive: true }));

  function load(yaml: string): Settings {
    const file = join(folder, 'setwire.yaml');
    writeFileSync(file, yaml.replaceAll('/run/secrets/', ''));
    return loadConfig(file, { env, checkQuery });
  }

  it('names the schema by which an editor completes it', () => {
    expect(text.split('\n')[0]).to.equal('# yaml-language-server: $schema=../schemas/config.schema.json');
  });

  it('loads as it is', () => {
    const { endpoints } = loadConfig(path, { env, checkQuery });
    expect(endpoints.map(({ name }) => name)).to.deep.equal(['crm', 'siem', 'partner', 'signals']);
  });

  it('has at its default what is written outside of the endpoints', () => {
    const { issuer: _, defaults: __, endpoints: ___, ...shown } = load(text);
    const { defaults: ____, endpoints: _____, ...bare } = load('endpoints: {}');
    expect(shown).to.deep.equal(bare);
  });

  it('still loads when every setting behind a # is switched on, and none changes what was there', () => {
    const lines = text.split('\n');
    expect(lines.filter(isSetting)).to.have.length.greaterThan(25);
    const leaves = (config: string): string[] => {
      const { sources: _, ...settings } = load(config);
      return leavesOf(settings);
    };
    const asItIs = leaves(text);
    const on = leaves(lines.map((line) => (isSetting(line) ? switchedOn(line) : line)).join('\n'));
    expect(asItIs.filter((leaf) => !on.includes(leaf))).to.deep.equal([]);
    const intake = on.map((leaf) => leaf.split(': ')[0] ?? '').filter((place) => place.startsWith('intake.'));
    expect(intake).to.have.length.greaterThan(15);
    // What comes with it has no default: it is an example.
    expect(on.filter((leaf) => !asItIs.includes(leaf)).map((leaf) => leaf.split(': ')[0])).to.have.members([
      'defaults.organization.id',
      'defaults.organization.name',
      'defaults.organization.handle',
      'defaults.organization.depth',
      'log.userKey',
      'ssf.eventTypeBase',
      'signing.key',
      'signing.published.0',
      'endpoints.2.auth.scope',
      'endpoints.2.auth.audience',
      'endpoints.2.tls.ca',
      'endpoints.2.tls.cert',
      'endpoints.2.tls.key',
      'endpoints.2.tls.passphrase',
      'endpoints.2.signature.previousSecret',
      'endpoints.3.encryption.jwks',
      'endpoints.3.encryption.alg',
      'endpoints.3.encryption.enc',
      ...intake,
    ]);
  });

  it('writes or names every setting that there is', () => {
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

  it('says the defaults of lists as they are', () => {
    const { properties } = schema.$defs.EndpointConfig;
    expect(text).to.include(`(the default: ${JSON.stringify(properties.events.default)})`);
    expect(text).to.include(`the default: [${properties.claims.default.join(', ')}]`);
  });
});
