import { EventEmitter } from 'node:events';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import sinon from 'sinon';
import { SetwireError } from '../../src/errors.js';
import { type Extensions, type LoadOptions, loadExtensions } from '../../src/extensions/load.js';

/** A host on which an extension leaves a trace of what it does. */
class TestHost extends EventEmitter {
  readonly trace: string[] = [];
  readonly given: unknown[] = [];
}

const working = (id: string): string => `
  export default {
    async attach(host, options) {
      host.trace.push('${id} attached');
      host.given.push(options);
      return {
        emit: async (event) => { host.trace.push('${id} got ' + event.type); },
        detach: async () => { host.trace.push('${id} detached'); },
        status: () => 'well',
        ready: Promise.resolve(),
      };
    },
  };`;

const attaching = (body: string): string => `export default { attach(host, options) { ${body} } };`;

describe('loadExtensions', () => {
  let folder: string;
  let host: TestHost;
  let report: sinon.SinonSpy;

  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'extensions-')));
    host = new TestHost();
    report = sinon.spy();
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function write(path: string, content: string | object): void {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  }

  /** An extension in a folder of its own; `manifest` and `rest` overwrite what a right one has. */
  function extension(id: string, code: string, manifest: object = {}, rest: object = {}, name: string = id): void {
    const identityServer = { id, kind: 'event-listener', apiVersion: 1, entry: './index.js', ...manifest };
    write(`${name}/package.json`, { name, version: '1.2.3', type: 'module', identityServer, ...rest });
    write(`${name}/index.js`, code);
  }

  const load = (enabled: Record<string, unknown>, rest: Partial<LoadOptions> = {}): Promise<Extensions> =>
    loadExtensions(folder, host, { enabled, report, ...rest });

  /** Loads `broken` beside one that works, and gives back why the broken one failed. */
  async function reasonFor(id = 'broken', enabled: unknown = true, rest: Partial<LoadOptions> = {}): Promise<string> {
    extension('zebra', working('zebra'));
    const extensions = await load({ [id]: enabled, zebra: true }, rest);
    expect(
      extensions.loaded.map((one) => one.id),
      'the working one is loaded',
    ).to.deep.equal(['zebra']);
    expect(extensions.failed.map((one) => one.id)).to.deep.equal([id]);
    const [failure] = extensions.failed;
    expect(failure?.code).to.equal(
      failure?.reason.includes('did not start') ? 'SETWIRE_TIMEOUT' : 'SETWIRE_EXTENSION_INVALID',
    );
    sinon.assert.calledWithMatch(report, 'error', `extension ${id} is not loaded: ${failure?.reason}`);
    return failure?.reason ?? '';
  }

  describe('loads', () => {
    it('what is enabled, in the order of the folders, with its options', async () => {
      extension('beta', working('beta'));
      extension('alpha', working('alpha'));
      const extensions = await load({ beta: { level: 3 }, alpha: true });
      expect(extensions.loaded.map(({ id, version }) => `${id} ${version}`)).to.deep.equal([
        'alpha 1.2.3',
        'beta 1.2.3',
      ]);
      expect(extensions.failed).to.deep.equal([]);
      expect(host.trace).to.deep.equal(['alpha attached', 'beta attached']);
      expect(host.given).to.deep.equal([{}, { level: 3 }]);
    });

    it('nothing that only lies there', async () => {
      extension('alpha', "throw new Error('must not run');");
      extension('beta', "throw new Error('must not run');");
      const extensions = await load({ beta: false });
      expect(extensions.loaded).to.deep.equal([]);
      expect(extensions.failed).to.deep.equal([]);
      sinon.assert.notCalled(report);
    });

    it('past files, dot-folders, folders without a manifest, and broken ones that are not enabled', async () => {
      extension('alpha', working('alpha'));
      extension('hidden', "throw new Error('must not run');", {}, {}, '.hidden');
      write('notes.txt', 'not a folder');
      write('plain/package.json', { name: 'plain' });
      write('empty/readme.md', '');
      write('odd/package.json', '{');
      extension('future', '', { apiVersion: 2 });
      const extensions = await load({ alpha: true });
      expect(extensions.loaded.map((one) => one.id)).to.deep.equal(['alpha']);
      expect(extensions.failed).to.deep.equal([]);
    });

    it('a folder that is a link', async () => {
      extension('alpha', working('alpha'), {}, {}, '.elsewhere/alpha');
      symlinkSync(join(folder, '.elsewhere/alpha'), join(folder, 'linked'));
      expect((await load({ alpha: true })).loaded.map((one) => one.id)).to.deep.equal(['alpha']);
    });

    it('a default export inside a default export', async () => {
      extension(
        'alpha',
        `const plugin = ${working('alpha').replace('export default', '').replace(/;$/, '')}; export default { default: plugin };`,
      );
      expect((await load({ alpha: true })).loaded).to.have.length(1);
    });

    it('a CommonJS module', async () => {
      extension('alpha', working('alpha').replace('export default', 'module.exports ='), {}, { type: 'commonjs' });
      expect((await load({ alpha: true })).loaded).to.have.length(1);
    });

    for (const [from, rest] of [
      ['exports, a text', { exports: './index.js' }],
      ['exports by condition', { exports: { '.': { types: './index.d.ts', import: './index.js' } } }],
      ['main', { main: 'index.js' }],
    ] as const) {
      it(`the module that package.json names by ${from}, where the manifest names none`, async () => {
        extension('alpha', working('alpha'), { entry: undefined }, rest);
        expect((await load({ alpha: true })).loaded).to.have.length(1);
      });
    }

    it('one whose engines cannot be checked, with a warning', async () => {
      extension('alpha', working('alpha'), {}, { engines: { node: '18 - 99' } });
      expect((await load({ alpha: true })).loaded).to.have.length(1);
      sinon.assert.calledWithMatch(report, 'warn', 'extension alpha: cannot check that Node.js');
    });

    it('one with options that its schema allows', async () => {
      extension('alpha', working('alpha'), { configSchema: './options.json' });
      write('alpha/options.json', {
        $id: 'setwire:/schemas/plugin-options.schema.json',
        type: 'object',
        required: ['level'],
      });
      expect((await load({ alpha: { level: 1 } })).loaded).to.have.length(1);
    });

    it('an attachment that `get` finds by id', async () => {
      extension('alpha', working('alpha'));
      const extensions = await load({ alpha: true });
      await extensions.get('alpha')?.emit({ type: 'account.locked' });
      expect(host.trace).to.include('alpha got account.locked');
      expect(extensions.get('beta')).to.equal(undefined);
      expect(extensions.get('__proto__')).to.equal(undefined);
    });
  });

  describe('says why it did not load', () => {
    it('one that is not there', async () => {
      expect(await reasonFor('setwire')).to.equal(
        'it is enabled but no folder has an extension with this id; there are: zebra; unpack it there, or take it out of the config',
      );
    });

    it('one that is not there, with the folders that could not be read', async () => {
      write('odd/package.json', '{');
      expect(await reasonFor('setwire')).to.contain('not usable are: odd: its package.json is not JSON');
    });

    it('a folder of its name without a manifest', async () => {
      write('broken/package.json', { name: 'broken' });
      expect(await reasonFor()).to.equal(
        'folder broken is no extension: its package.json has no `identityServer` manifest',
      );
    });

    it('a folder of its name without a package.json', async () => {
      write('broken/index.js', '');
      expect(await reasonFor()).to.equal('folder broken is no extension: it has no package.json');
    });

    for (const [what, manifest, words] of [
      [
        'an unknown apiVersion',
        { apiVersion: 2 },
        'apiVersion is 2, this server knows 1; install a version of the extension that was made for it',
      ],
      ['an unknown kind', { kind: 'theme' }, 'kind is "theme", this server knows "event-listener"'],
      ['an unknown member', { entyr: 'x' }, 'must NOT have additional properties: entyr'],
      ['no kind', { kind: undefined }, "must have required property 'kind'"],
    ] as const) {
      it(`a manifest with ${what}`, async () => {
        extension('broken', working('broken'), manifest);
        expect(await reasonFor()).to.equal(`folder broken: its \`identityServer\` manifest cannot be used: ${words}`);
      });
    }

    it('a manifest that is no object', async () => {
      write('broken/package.json', { identityServer: 'yes' });
      expect(await reasonFor()).to.contain('manifest cannot be used: must be object');
    });

    it('two folders with the same id, of which neither runs', async () => {
      extension('broken', "throw new Error('must not run');");
      extension('broken', "throw new Error('must not run');", {}, {}, 'broken-old');
      expect(await reasonFor()).to.equal(
        'the folders broken, broken-old all say that they are broken; only one may: remove the others',
      );
    });

    it('engines that this Node.js does not satisfy', async () => {
      extension('broken', working('broken'), {}, { engines: { node: '>=99' } });
      expect(await reasonFor()).to.equal(
        `it needs Node.js >=99, this server runs on ${process.versions.node}; change one of them`,
      );
    });

    it('a package.json that names no module', async () => {
      extension('broken', working('broken'), { entry: undefined });
      expect(await reasonFor()).to.contain('it names no module to run');
    });

    it('an entry that is not there', async () => {
      extension('broken', working('broken'), { entry: './dist/none.js' });
      expect(await reasonFor()).to.contain('its entry ./dist/none.js is not there');
    });

    it('an entry that is a folder', async () => {
      extension('broken', working('broken'), { entry: './' });
      expect(await reasonFor()).to.equal('its entry ./ is not a file');
    });

    for (const entry of ['../zebra/index.js', 'lib/../../zebra/index.js', '/etc/hostname']) {
      it(`an entry that leads out of its folder: ${entry}`, async () => {
        extension('broken', working('broken'), { entry });
        expect(await reasonFor()).to.equal(`its entry ${entry} leads out of its folder; it must name a file inside`);
      });
    }

    it('an entry that leads out of its folder by a link', async () => {
      extension('broken', working('broken'), { entry: './lib/index.js' });
      write('.outside/index.js', working('outside'));
      symlinkSync(join(folder, '.outside'), join(folder, 'broken/lib'));
      expect(await reasonFor()).to.contain('leads out of its folder');
      expect(host.trace).to.deep.equal(['zebra attached']);
    });

    it('a configSchema that leads out of its folder', async () => {
      extension('broken', working('broken'), { configSchema: '../zebra/package.json' });
      expect(await reasonFor()).to.contain('its configSchema ../zebra/package.json leads out of its folder');
    });

    for (const [what, schema] of [
      ['is not JSON', '{'],
      ['is no schema', '"text"'],
      ['cannot be compiled', { type: 'objekt' }],
      ['refers to one that is not there', { $ref: 'https://example.com/none.json' }],
      ['is asynchronous', { $async: true, type: 'object' }],
    ] as const) {
      it(`a configSchema that ${what}`, async () => {
        extension('broken', working('broken'), { configSchema: './options.json' });
        write('broken/options.json', schema);
        expect(await reasonFor()).to.match(
          /^its configSchema \.\/options\.json is not a JSON Schema that can be used \(.+\)$/,
        );
      });
    }

    it('options that its schema refuses, without their values', async () => {
      extension('broken', working('broken'), { configSchema: './options.json' });
      write('broken/options.json', {
        type: 'object',
        additionalProperties: false,
        properties: { level: { type: 'integer' } },
      });
      const reason = await reasonFor('broken', { level: 'hunter2', lvl: 1 });
      expect(reason).to.match(
        /^its options are not what its configSchema allows: .*level must be integer.*correct them in the server's config$/,
      );
      expect(reason).to.contain('must NOT have additional properties: lvl');
      expect(reason).to.not.contain('hunter2');
    });

    for (const [enabled, found] of [
      [null, 'nothing'],
      ['yes', 'a string'],
      [[], 'a list'],
    ] as const) {
      it(`options that are ${found}`, async () => {
        extension('broken', working('broken'));
        expect(await reasonFor('broken', enabled)).to.equal(
          `it is enabled with ${found}; allowed are true (no options), false (not loaded) and an object (its options)`,
        );
      });
    }

    it('a module that throws when it is imported', async () => {
      extension('broken', "throw new Error('no licence\\u0007 found');");
      expect(await reasonFor()).to.equal('no licence  found');
    });

    it('a module that is not JavaScript', async () => {
      extension('broken', 'export default {');
      expect(await reasonFor()).to.match(/Unexpected|Expected|end of (input|file)/i);
    });

    it('a module without a default export', async () => {
      extension('broken', 'export const attach = () => undefined;');
      expect(await reasonFor()).to.equal(
        'its module has no default export; it must default-export { attach(host, options) }',
      );
    });

    it('a default export without attach', async () => {
      extension('broken', 'export default { start() {} };');
      expect(await reasonFor()).to.contain('its module has a default export without an attach function');
    });

    it('an attach that throws', async () => {
      extension('broken', attaching("throw new Error('wrong host');"));
      expect(await reasonFor()).to.equal('wrong host');
    });

    it('an attach that throws something that is no error', async () => {
      extension('broken', attaching('throw Object.create(null);'));
      expect(await reasonFor()).to.equal('an error that cannot be printed');
    });

    it('an attach that rejects', async () => {
      extension('broken', attaching("return Promise.reject(new Error('later'));"));
      expect(await reasonFor()).to.equal('later');
    });

    it('an attach that gives back nothing', async () => {
      extension('broken', attaching(''));
      expect(await reasonFor()).to.equal(
        'its attach gave back something without emit and detach; it must give back { emit, detach, status }',
      );
    });

    it('a ready that rejects; it is detached', async () => {
      extension(
        'broken',
        attaching(`return {
          emit: async () => {},
          detach: async () => { host.trace.push('broken detached'); },
          ready: Promise.reject(new Error('disk full')),
        };`),
      );
      expect(await reasonFor()).to.equal('disk full');
      expect(host.trace).to.deep.equal(['broken detached', 'zebra attached']);
    });

    it('with the code of its own error', async () => {
      extension('broken', attaching("throw Object.assign(new Error('bad file'), { code: 'SETWIRE_CONFIG_INVALID' });"));
      const { failed } = await load({ broken: true });
      expect(failed).to.deep.equal([{ id: 'broken', code: 'SETWIRE_CONFIG_INVALID', reason: 'bad file' }]);
    });

    it('anything, where the directory cannot be read', async () => {
      const extensions = await loadExtensions(join(folder, 'none'), host, { enabled: { a: true, b: true }, report });
      expect(extensions.failed.map((one) => one.id)).to.deep.equal(['a', 'b']);
      expect(extensions.failed[0]?.reason).to.match(
        /^the extensions directory .* cannot be read \(ENOENT.*\); create it, or correct its path$/,
      );
    });
  });

  describe('with an extension that is slow', () => {
    /** Loads the slow one alone: the limit is short, and one that works might not keep it on a busy machine. */
    async function giveUp(startTimeoutMs: number): Promise<string> {
      const { loaded, failed } = await load({ broken: true }, { startTimeoutMs });
      expect(loaded).to.deep.equal([]);
      expect(failed.map(({ id, code }) => `${id} ${code}`)).to.deep.equal(['broken SETWIRE_TIMEOUT']);
      return failed[0]?.reason ?? '';
    }

    it('goes on with the others', async () => {
      extension('broken', attaching('return new Promise(() => {});'));
      expect(await reasonFor('broken', true, { startTimeoutMs: 1000 })).to.contain('it did not start within 1000 ms');
    });

    it('gives up an attach that hangs', async () => {
      extension('broken', attaching('return new Promise(() => {});'));
      expect(await giveUp(30)).to.equal(
        'it did not start within 30 ms; find out what it waits for, or allow more time (startTimeoutMs)',
      );
    });

    it('gives up a module that hangs', async () => {
      extension('broken', 'await new Promise(() => {});');
      expect(await giveUp(30)).to.contain('it did not start within 30 ms');
    });

    it('gives up and detaches one that is never ready', async () => {
      extension(
        'broken',
        attaching(`return {
          emit: async () => {},
          detach: async () => { host.trace.push('broken detached'); },
          ready: new Promise(() => {}),
        };`),
      );
      expect(await giveUp(1000)).to.contain('it did not start within 1000 ms');
      expect(host.trace).to.deep.equal(['broken detached']);
    });

    it('detaches one that comes later', async () => {
      extension('broken', attaching("return new Promise((resolve) => host.once('go', resolve));"));
      await giveUp(1000);
      await new Promise<void>((resolve) => {
        host.emit('go', {
          emit: async () => undefined,
          detach: async () => resolve(),
          ready: new Promise(() => undefined),
        });
      });
      sinon.assert.calledWithMatch(
        report,
        'warn',
        'extension broken, given up before: it started after all and is detached',
      );
    });

    it('never attaches one whose module comes later', async () => {
      extension(
        'broken',
        `await new Promise((resolve) => { process.once('setwire-test-go', resolve); }); ${working('broken')}`,
      );
      const late = new Promise<string>((resolve) => {
        report = sinon.spy((level: string, message: string) => {
          if (level === 'warn') resolve(message);
        });
      });
      await giveUp(1000);
      (process as EventEmitter).emit('setwire-test-go');
      expect(await late).to.equal('extension broken, given up before: its module came too late');
      expect(host.trace).to.deep.equal([]);
    });

    it('stops waiting for a detach that hangs, and stops the others', async () => {
      extension('alpha', working('alpha'));
      extension('beta', attaching('return { emit: async () => {}, detach: () => new Promise(() => {}) };'));
      const extensions = await load({ alpha: true, beta: true }, { stopTimeoutMs: 30 });
      await extensions.stop();
      expect(host.trace).to.deep.equal(['alpha attached', 'alpha detached']);
      sinon.assert.calledWithMatch(
        report,
        'error',
        'extension beta did not stop cleanly: it did not stop within 30 ms',
      );
    });
  });

  describe('stop', () => {
    it('detaches in reverse order, once', async () => {
      for (const id of ['alpha', 'beta', 'gamma']) extension(id, working(id));
      const extensions = await load({ alpha: true, beta: true, gamma: true });
      host.trace.length = 0;
      await Promise.all([extensions.stop(), extensions.stop()]);
      await extensions.stop();
      expect(host.trace).to.deep.equal(['gamma detached', 'beta detached', 'alpha detached']);
    });

    it('never rejects', async () => {
      extension('alpha', working('alpha'));
      extension('beta', attaching("return { emit: async () => {}, detach() { throw new Error('stuck'); } };"));
      const extensions = await load({ alpha: true, beta: true });
      await extensions.stop();
      expect(host.trace).to.include('alpha detached');
      sinon.assert.calledWithMatch(report, 'error', 'extension beta did not stop cleanly: stuck');
    });
  });

  describe('a promise that an extension leaves rejected', () => {
    it('is reported by the name of the extension and does not end the process', async () => {
      extension('alpha', `Promise.reject(new Error('top level')); ${working('alpha')}`);
      extension(
        'beta',
        attaching("Promise.reject(new Error('in attach')); return { emit: async () => {}, detach: async () => {} };"),
      );
      const others = process.listeners('unhandledRejection');
      process.removeAllListeners('unhandledRejection');
      try {
        const extensions = await load({ alpha: true, beta: true });
        expect(extensions.loaded).to.have.length(2);
        expect(process.listenerCount('unhandledRejection')).to.equal(0);
      } finally {
        for (const other of others) process.on('unhandledRejection', other);
      }
      sinon.assert.calledWithMatch(report, 'error', 'extension alpha: left a rejected promise unhandled: top level');
      sinon.assert.calledWithMatch(report, 'error', 'extension beta: left a rejected promise unhandled: in attach');
    });
  });

  describe('with mustLoad', () => {
    it('rejects with every reason, after stopping what had started', async () => {
      extension('alpha', working('alpha'));
      extension('beta', attaching("throw new Error('wrong host');"));
      let error: unknown;
      await load({ alpha: true, beta: true, gamma: true }, { mustLoad: true }).catch((reason: unknown) => {
        error = reason;
      });
      expect(error).to.be.instanceOf(SetwireError);
      expect(error).to.have.property('code', 'SETWIRE_EXTENSION_INVALID');
      expect(error)
        .to.have.property('message')
        .that.contains('beta: wrong host')
        .and.contains('gamma: it is enabled but no folder');
      expect(host.trace).to.deep.equal(['alpha attached', 'alpha detached']);
    });

    it('resolves where all are loaded', async () => {
      extension('alpha', working('alpha'));
      expect((await load({ alpha: true }, { mustLoad: true })).loaded).to.have.length(1);
    });
  });

  it('tells failures on standard error where no report is given', async () => {
    const write = sinon.stub(process.stderr, 'write').returns(true);
    try {
      await loadExtensions(folder, host, { enabled: { none: true } });
      sinon.assert.calledWithMatch(write, '[extensions] error: extension none is not loaded: it is enabled but');
    } finally {
      write.restore();
    }
  });
});
