import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const src = fileURLToPath(new URL('../../src/', import.meta.url));
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));

/** What any file may import. */
const groundFloor = [
  'deferred.ts',
  'errors.ts',
  'secret.ts',
  'report.ts',
  'schemas.ts',
  'schema-types.ts',
  'version.ts',
  'within.ts',
];

/** A room (a folder, or a file at the root) and the rooms it may import besides itself and the ground floor. */
const mayImport: Record<string, readonly string[]> = {
  events: [],
  config: [],
  log: ['events'],
  extensions: [],
  hosts: ['events'],
  flows: ['events'],
  journal: ['events'],
  set: ['events'],
  transmitter: ['events', 'journal', 'set'],
  sources: ['config', 'events', 'flows', 'set'],
  delivery: ['config', 'journal', 'log', 'set', 'transmitter'],
  thread: ['config', 'delivery', 'events', 'journal', 'log', 'transmitter'],
  'worker.ts': ['config', 'delivery', 'journal', 'thread'],
  'adapter.ts': ['delivery', 'thread', 'events', 'config', 'log', 'hosts', 'flows', 'journal', 'set', 'transmitter'],
  'endpoint-check.ts': ['config', 'events', 'set', 'transmitter'],
  'plugin.ts': ['adapter.ts', 'config'],
  'better-auth.ts': ['adapter.ts', 'config', 'hosts', 'plugin.ts'],
  'index.ts': ['adapter.ts', 'config', 'events', 'extensions', 'flows', 'hosts', 'plugin.ts'],
  cli: ['adapter.ts', 'config', 'delivery', 'endpoint-check.ts', 'events', 'journal', 'log', 'sources'],
  demo: ['better-auth.ts', 'index.ts'],
  ...Object.fromEntries(groundFloor.map((file) => [file, []])),
};

/** A dependency and the only places that may import it: replacing it means touching these. */
const doors: Record<string, readonly string[]> = {
  got: ['transmitter/post.ts'],
  undici: ['transmitter/pooled-post.ts'],
  ajv: ['schemas.ts'],
  'ajv-formats': ['schemas.ts'],
  lmdb: ['journal/lmdb.ts', 'journal/probe.ts'],
  lowdb: ['transmitter/state-file.ts'],
  yaml: ['config/'],
  pino: ['log/'],
  jose: ['set/'],
  sift: ['transmitter/select.ts'],
  rxjs: ['flows/', 'transmitter/', 'journal/', 'events/', 'adapter.ts', 'delivery/'],
  'oidc-provider': ['demo/'],
};

function importsOf(file: string): string[] {
  const source = readFileSync(join(src, file), 'utf8');
  return [...source.matchAll(/^(?:import|export)\b[^;]*?from\s+'([^']+)'|^import\s+'([^']+)'/gm)].map(
    (match) => match[1] ?? match[2] ?? '',
  );
}

const localImportsOf = (file: string): string[] =>
  importsOf(file)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => normalize(join(dirname(file), specifier)).replace(/\.js$/, '.ts'));

const roomOf = (file: string): string => file.split('/')[0] ?? file;

describe('the house', () => {
  for (const file of files) {
    it(`${file} imports what its room may import`, () => {
      const room = roomOf(file);
      expect(mayImport, `${room} stands in the import table`).to.have.property(room);
      for (const imported of localImportsOf(file)) {
        expect(files, `${imported} exists`).to.include(imported);
        const other = roomOf(imported);
        if (other !== room) expect([...groundFloor, ...(mayImport[room] ?? [])]).to.include(other);
      }
    });

    it(`${file} goes through the one door of each dependency`, () => {
      for (const specifier of importsOf(file).filter((name) => !name.startsWith('.') && !name.startsWith('node:'))) {
        const name = specifier.startsWith('@')
          ? specifier.split('/').slice(0, 2).join('/')
          : (specifier.split('/')[0] ?? '');
        const allowed = doors[name];
        if (roomOf(file) === 'demo') continue;
        expect(allowed, `${name} has a door`).to.be.an('array');
        expect(
          allowed?.some((door) => file === door || file.startsWith(door)),
          `${file} is a door of ${name}`,
        ).to.equal(true);
      }
    });
  }

  it('has no import cycles', () => {
    const done = new Set<string>();
    const visit = (file: string, path: readonly string[]): void => {
      expect(path, [...path, file].join(' -> ')).to.not.include(file);
      if (done.has(file)) return;
      for (const imported of localImportsOf(file)) visit(imported, [...path, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
  });

  it('imports dynamically only what the operator named, and its own thread from its sources', () => {
    const dynamic = files.filter((file) => /\bimport\(/.test(readFileSync(join(src, file), 'utf8')));
    expect(dynamic.filter((file) => !file.startsWith('demo/'))).to.deep.equal([
      'extensions/load.ts',
      'thread/thread.ts',
    ]);
  });
});
