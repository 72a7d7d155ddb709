import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { symlinkSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { startReceiver } from '../support/receiver.js';
import { type Workplace, workplace } from '../support/settings.js';

const source = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const tsx = import.meta.resolve('tsx');

describe('the command line as a process', function () {
  // Each of them compiles what it imports.
  this.timeout(30_000);

  let place: Workplace;
  const children: ChildProcess[] = [];

  beforeEach(() => {
    place = workplace();
  });

  afterEach(() => {
    // One that does not end by itself is a failure, and must not keep the whole run waiting.
    for (const child of children.splice(0)) child.kill('SIGKILL');
    place.remove();
  });

  function start(args: readonly string[], entry = source) {
    const { PATH } = process.env;
    const child = spawn(process.execPath, ['--import', tsx, entry, ...args], { cwd: place.folder, env: { PATH } });
    children.push(child);
    return child;
  }

  async function ended(child: ReturnType<typeof start>): Promise<{ code: number | null; out: string; err: string }> {
    const texts = { out: '', err: '' };
    child.stdout.on('data', (chunk) => {
      texts.out += String(chunk);
    });
    child.stderr.on('data', (chunk) => {
      texts.err += String(chunk);
    });
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, ...texts };
  }

  it('shows its help', async () => {
    const { code, out, err } = await ended(start(['--help']));
    expect({ code, err }).to.deep.equal({ code: 0, err: '' });
    expect(out).to.match(/^Usage: setwire <command>/);
  });

  it('ends with code 1 and every problem for a config that is wrong', async () => {
    writeFileSync(place.path('setwire.yaml'), 'isuer: x\nendpoints: { crm: { url: 42 } }\n');
    expect(await ended(start(['check']))).to.deep.equal({
      code: 1,
      out: '',
      err:
        'setwire.yaml:1:1 isuer: found a setting `isuer` that does not exist, allowed: did you mean `issuer`?\n' +
        'setwire.yaml:2:26 endpoints.crm.url: found 42, allowed: a URL that begins with https:// (or http://)\n' +
        '2 problems\n',
    });
  });

  it('runs through a link, as npm makes one', async () => {
    symlinkSync(source, place.path('setwire.ts'));
    const { code, err } = await ended(start(['chekc'], place.path('setwire.ts')));
    expect(code).to.equal(2);
    expect(err).to.include('did you mean `check`?');
  });

  it('does not fall over a reader that has gone', async () => {
    const child = start(['--help']);
    child.stdout.destroy();
    const { code, err } = await ended(child);
    expect({ code, err }).to.deep.equal({ code: 0, err: '' });
  });

  it('ends at Ctrl-C while an endpoint lets it wait', async () => {
    const receiver = await startReceiver({ always: { hang: true } });
    try {
      writeFileSync(place.path('setwire.yaml'), `endpoints: { slow: { url: "${receiver.url}", timeout: 1h } }\n`);
      const child = start(['check', '--ping']);
      const end = ended(child);
      await receiver.next();
      child.kill('SIGINT');
      expect(await end).to.include({ code: 130, err: 'interrupted\n' });
    } finally {
      await receiver.stop();
    }
  });
});
