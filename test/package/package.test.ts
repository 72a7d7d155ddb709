import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { extract } from 'tar';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));

/** An identity server as small as one can be: an event bus, and the extensions in its directory. */
const server = `
import { EventEmitter } from 'node:events';
import { loadExtensions } from './extensions/setwire/dist/index.js';

const bus = new EventEmitter();
const extensions = await loadExtensions('extensions', bus, { enabled: { setwire: { config: 'setwire.yaml' } }, mustLoad: true });
bus.emit('account.locked', { user: { id: 'u-1', username: 'alice' } });
await extensions.get('setwire').emit({ type: 'account.unlocked', user: { id: 'u-1', username: 'alice' } });
await extensions.stop();
console.log(JSON.stringify(extensions.loaded.map(({ id, version }) => ({ id, version }))));
`;

describe('the package', function () {
  this.timeout(120_000);
  let work: string;
  let tarball: string;

  before(async () => {
    work = realpathSync(mkdtempSync(join(tmpdir(), 'unpacked-')));
    await run(process.execPath, ['.ci/package.mjs', '--out', join(work, 'packed')], { cwd: root });
    tarball = join(work, 'packed', readdirSync(join(work, 'packed'))[0] ?? 'nothing was packed');
    mkdirSync(join(work, 'server/extensions/setwire'), { recursive: true });
    await extract({ file: tarball, cwd: join(work, 'server/extensions/setwire'), strip: 1 });
  });
  after(() => rmSync(work, { recursive: true, force: true }));

  const unpacked = (path = ''): string => join(work, 'server/extensions/setwire', path);
  const filesOf = (folder: string): string[] =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));

  it('is named after the version', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    expect(tarball).to.match(new RegExp(`setwire-${version}\\.tgz$`));
  });

  it('delivers from an extensions directory, with nothing installed around it', async () => {
    const bodies: string[] = [];
    const receiver = createServer((request, response) => {
      text(request).then(
        (body) => {
          bodies.push(body);
          response.writeHead(202).end();
        },
        (error: unknown) => response.destroy(error instanceof Error ? error : undefined),
      );
    });
    receiver.listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    try {
      const { port } = receiver.address() as AddressInfo;
      writeFileSync(join(work, 'server/main.mjs'), server);
      writeFileSync(
        join(work, 'server/setwire.yaml'),
        `issuer: https://id.example.com\nendpoints:\n  crm:\n    url: http://127.0.0.1:${port}/events\n`,
      );
      const { stdout } = await run(process.execPath, ['main.mjs'], { cwd: join(work, 'server'), env: {} });
      expect(JSON.parse(stdout)).to.have.nested.property('[0].id', 'setwire');
    } finally {
      receiver.close();
    }
    const types = bodies.flatMap((body) => Object.keys(JSON.parse(body).events)).map((uri) => uri.split('/').at(-1));
    expect(types).to.have.members(['userAccountLocked', 'userAccountUnlocked']);
  });

  it('runs its command', async () => {
    const { stdout } = await run(process.execPath, [unpacked('dist/cli/main.js'), '--help'], { cwd: work, env: {} });
    expect(stdout).to.contain('setwire');
  });

  it('makes a plugin for better-auth where better-auth is not, and its types need it no more', async () => {
    const script = `import { setwire } from ${JSON.stringify(unpacked('dist/better-auth.js'))};
      const plugin = setwire({ config: 'nowhere.yaml' });
      console.log(plugin.id, plugin.status().error.code);`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: work, env: {} });
    expect(stdout.trim()).to.equal('setwire SETWIRE_CONFIG_UNREADABLE');
    const types = filesOf(unpacked('dist')).filter((file) => file.endsWith('.d.ts'));
    expect(types.filter((file) => /from '@?better-auth/.test(readFileSync(file, 'utf8')))).to.deep.equal([]);
  });

  it('holds what it publishes: code, types, schemas, config, licence, but not the demo and no sources', () => {
    const own = filesOf(unpacked())
      .map((file) => file.slice(unpacked('/').length))
      .filter((file) => !file.startsWith('node_modules/'));
    expect(own).to.include.members([
      'LICENSE',
      'README.md',
      'CHANGELOG.md',
      'config/setwire.yaml',
      'dist/plugin.js',
      'dist/plugin.d.ts',
    ]);
    expect(own).to.include('schemas/extension-manifest.schema.json');
    expect(own.filter((file) => /^(src|test|\.ci|dist\/demo)\//.test(file))).to.deep.equal([]);
    expect(own.filter((file) => !/^(dist|schemas|config)\//.test(file)).sort()).to.deep.equal([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'package.json',
    ]);
  });

  it('has a package.json without scripts and development dependencies', () => {
    const manifest = JSON.parse(readFileSync(unpacked('package.json'), 'utf8'));
    expect(manifest).to.not.have.any.keys('scripts', 'devDependencies');
    expect(manifest.identityServer).to.have.property('id', 'setwire');
  });

  it('holds no path of the machine that built it', () => {
    const needles = [root.replace(/\/$/, ''), join(tmpdir(), 'setwire-')];
    const telling = filesOf(unpacked()).filter((file) => {
      const content = readFileSync(file, 'utf8');
      return needles.some((needle) => content.includes(needle));
    });
    expect(telling).to.deep.equal([]);
  });

  it('is the same to the byte when it is made again', async () => {
    await run(process.execPath, ['.ci/package.mjs', '--out', join(work, 'again')], { cwd: root });
    const again = readFileSync(join(work, 'again', readdirSync(join(work, 'again'))[0] ?? ''));
    expect(again.equals(readFileSync(tarball))).to.equal(true);
  });
});
