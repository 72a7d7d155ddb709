import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import ts from 'typescript';
import { loadConfig } from '../../src/config/load.js';
import { canonicalTypes } from '../../src/events/identity-event.js';
import { catalogue } from '../../src/set/profiles/ssf-catalogue.js';
import { wso2 } from '../../src/set/profiles/wso2.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const blocks = (language: string): string[] =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map((match) => match[1] ?? '');
const codesIn = (text: string): string[] => [...new Set(text.match(/SETWIRE_[A-Z_]+/g) ?? [])].sort();

describe('the README', () => {
  it('explains every error code, and no other', () => {
    const codes = codesIn(readFileSync(join(root, 'src/errors.ts'), 'utf8')).filter((code) => code !== 'SETWIRE_');
    const table = [...readme.matchAll(/^\| `(SETWIRE_[A-Z_]+)` \|/gm)].map((match) => match[1]);
    expect([...table].sort()).to.deep.equal(codes);
  });

  it('names every event type, with its WSO2 and its SSF event', () => {
    for (const type of canonicalTypes) {
      const row = readme.split('\n').find((line) => line.startsWith('|') && line.includes(`\`${type}\``));
      expect(row, type).to.be.a('string');
      const [uri] = wso2.eventTypeUris(type, { eventTypes: {} });
      expect(row).to.include(uri === undefined ? 'none' : `\`${uri.split('/').at(-1)}\``);
      const { of, name } = catalogue[type].type;
      expect(row).to.include(of === 'setwire' ? `\`${name}\`` : `${of.toUpperCase()} \`${name}\``);
    }
  });

  it('says of every event type what each server can tell', () => {
    const [, section = ''] = readme.split('### What each server can tell');
    for (const type of canonicalTypes) expect(section, type).to.include(`\`${type}\``);
  });

  it('shows configs that load', () => {
    const folder = mkdtempSync(join(tmpdir(), 'setwire-readme-'));
    try {
      const shown = blocks('yaml');
      expect(shown).to.have.length.greaterThan(0);
      for (const yaml of shown) {
        const file = join(folder, 'setwire.yaml');
        writeFileSync(join(folder, 'siem-token'), 'a-token');
        writeFileSync(file, yaml.replaceAll('/run/secrets/', ''));
        const env = {
          CRM_WEBHOOK_SECRET: 'x'.repeat(32),
          PARTNER_SECRET: 'y'.repeat(32),
          PARTNER_SIGNING_SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
        };
        expect(loadConfig(file, { env }).endpoints).to.have.length.greaterThan(0);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('shows code that compiles', function () {
    this.timeout(60_000);
    const before =
      'declare const username: string; declare const clientId: string; declare const request: { ip: string };\ndeclare const configuration: object;\n';
    const folder = mkdtempSync(join(root, 'test', '.readme-'));
    try {
      const shown = blocks('ts');
      // What one block declares, the next may use: `events` is shown once and then spoken of.
      const files = shown.map((code, index) => {
        const file = join(folder, `block-${index}.ts`);
        const declared = /\bimport\b/.test(code)
          ? ''
          : "import type { Attachment } from 'setwire';\ndeclare const events: Attachment;\n";
        writeFileSync(file, `${declared}${before}${code}\nexport {};\n`);
        return file;
      });
      const { options } = ts.parseJsonConfigFileContent(
        ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile).config,
        ts.sys,
        root,
      );
      const program = ts.createProgram(files, {
        ...options,
        paths: {
          setwire: [join(root, 'src/index.ts')],
          'setwire/plugin': [join(root, 'src/plugin.ts')],
          'setwire/better-auth': [join(root, 'src/better-auth.ts')],
        },
      });
      const problems = ts
        .getPreEmitDiagnostics(program)
        .filter(({ file }) => file?.fileName.startsWith(folder))
        .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
      expect(files).to.have.length.greaterThan(3);
      expect(problems).to.deep.equal([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('links to files that exist', () => {
    for (const [, target] of readme.matchAll(/\]\((?!https?:|#)([^)]+)\)/g)) {
      expect(
        ts.sys.fileExists(join(root, target ?? '')) || ts.sys.directoryExists(join(root, target ?? '')),
        target,
      ).to.equal(true);
    }
  });
});
