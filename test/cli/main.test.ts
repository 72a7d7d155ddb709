import { writeFileSync } from 'node:fs';
import { Writable } from 'node:stream';
import { expect } from 'chai';
import { main } from '../../src/cli/main.js';
import { version } from '../../src/version.js';
import { startReceiver } from '../support/receiver.js';
import { type Workplace, workplace } from '../support/settings.js';

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

describe('the command line', () => {
  let place: Workplace;

  beforeEach(() => {
    place = workplace();
  });

  afterEach(() => place.remove());

  async function setwire(args: readonly string[], env: NodeJS.ProcessEnv = {}, isTTY = false): Promise<Said> {
    const texts = { out: '', err: '' };
    const to = (name: 'out' | 'err') =>
      Object.assign(
        new Writable({
          write(chunk, _encoding, done) {
            texts[name] += String(chunk);
            done();
          },
        }),
        { isTTY },
      );
    const code = await main(args, {
      stdout: to('out'),
      stderr: to('err'),
      env,
      cwd: place.folder,
      signal: new AbortController().signal,
    });
    return { code, ...texts };
  }

  const write = (text: string): void => writeFileSync(place.path('setwire.yaml'), text);

  it('says its version and what it can do', async () => {
    expect(await setwire(['--version'])).to.deep.equal({ code: 0, out: `${version}\n`, err: '' });
    const { code, out } = await setwire(['--help']);
    expect(code).to.equal(0);
    const commands = ['init', 'check', 'verify', 'tail', 'endpoint', 'dead', 'keys', 'replay', 'serve'];
    expect(out.split('\n').flatMap((line) => /^ {2}([a-z]+) {2,}\w/.exec(line)?.[1] ?? [])).to.deep.equal(commands);
    for (const command of commands)
      expect((await setwire([command, '--help'])).out).to.include(`Usage: setwire ${command}`);
  });

  it('answers a command line that it does not understand with code 2', async () => {
    for (const args of [
      [],
      ['chekc'],
      ['constructor'],
      ['check', '--pong'],
      ['init', '--force=yes'],
      ['check', 'a', 'b'],
      ['init', 'a', 'b'],
    ]) {
      const { code, out, err } = await setwire(args);
      expect(code, args.join(' ')).to.equal(2);
      expect(out).to.equal('');
      expect(err).to.match(/setwire/);
    }
  });

  it('asks what was meant by a command that does not exist', async () => {
    expect((await setwire(['chekc'])).err).to.match(/^setwire: there is no command "chekc"; did you mean `check`\?\n/);
    expect((await setwire(['banana'])).err).to.match(/^setwire: there is no command "banana"\n/);
  });

  it('writes a first config that passes the check once its secret is set', async () => {
    expect(await setwire(['init'])).to.include({ code: 0, err: '' });
    const unset = await setwire(['check']);
    expect(unset.code).to.equal(1);
    expect(unset.err).to.match(
      /^setwire\.yaml:\d+:\d+ endpoints\.crm\.signature\.secret: found \$\{env:CRM_WEBHOOK_SECRET\}.*\n1 problem\n$/,
    );
    const set = await setwire(['check'], { CRM_WEBHOOK_SECRET: 'x'.repeat(32) });
    expect(set).to.include({ code: 0, err: '' });
  });

  it('does not overwrite a config unless it is told to', async () => {
    write('mine');
    expect(await setwire(['init'])).to.deep.equal({
      code: 1,
      out: '',
      err: 'setwire.yaml is there already: --force overwrites it\n',
    });
    expect((await setwire(['init', '--force'])).code).to.equal(0);
    expect((await setwire(['init', 'no-folder/setwire.yaml'])).err).to.include('cannot be written');
  });

  it('shows which endpoint gets which events, and which of them its profile does not have', async () => {
    write(`endpoints:
  siem: { url: "https://siem.example.com/in?key=hunter2", events: [login.*, x-acme.*], headers: { X-Key: hunter2 } }
  off: { url: "https://off.example.com/", enabled: false, events: [account.deleted], where: { user.groups: staff } }
`);
    const { code, out } = await setwire(['check']);
    expect(code).to.equal(0);
    expect(out).to.include('gets   login.success, login.failure\n');
    expect(out).to.include('not    login.suspicious, x-acme.*: the wso2 profile has no event for it');
    expect(out).to.include('enabled: false').and.to.include('where  user.groups').and.to.include('ok: 2 endpoints');
    expect(out).to.not.include('hunter2');
    expect(out).to.not.include('\u001b');
  });

  it('colours on a terminal, and not with NO_COLOR', async () => {
    write('endpoints: {}');
    expect((await setwire(['check'], {}, true)).out).to.include('\u001b[32mok');
    expect((await setwire(['check'], { NO_COLOR: '1' }, true)).out).to.not.include('\u001b');
  });

  it('prints every problem and ends with code 1', async () => {
    write('endpoints: { crm: { url: 42, timeout: soon } }');
    const { code, out, err } = await setwire(['check']);
    expect({ code, out }).to.deep.equal({ code: 1, out: '' });
    expect(err.split('\n')).to.have.length(4);
    expect(err).to.include('setwire.yaml:1:26 endpoints.crm.url').and.to.include('2 problems');
    expect((await setwire(['check', 'nowhere.yaml'])).err).to.include('nowhere.yaml: found no such file');
  });

  it('pings: each endpoint gets one test SET, signed and authenticated like an event', async () => {
    const [good, bad] = [
      await startReceiver(),
      await startReceiver({ always: { status: 401, body: 'who\u001b[31m are you' } }),
    ];
    try {
      write(`endpoints:
  good: { url: "${good.url}", auth: { type: bearer, token: t }, signature: { scheme: hub, secret: 0123456789abcdef } }
  off: { url: "${bad.url}", enabled: false }
`);
      const ok = await setwire(['check', '--ping']);
      expect(ok.code).to.equal(0);
      expect(ok.out).to.match(/ping good: answered 202 \(\d+ ms\)\n$/);
      expect(good.requests).to.have.length(1);
      expect(good.requests[0]?.headers)
        .to.include({ authorization: 'Bearer t' })
        .and.to.have.property('x-hub-signature');
      expect(Object.keys(JSON.parse(String(good.requests[0]?.body)).events)[0]).to.match(/\/verification$/);
      expect(bad.requests).to.have.length(0);

      write(`endpoints: { bad: { url: "${bad.url}" }, down: { url: "http://127.0.0.1:9/" } }`);
      const failed = await setwire(['check', '--ping']);
      expect(failed.code).to.equal(1);
      expect(failed.out)
        .to.match(/ping bad: answered 401 \(\d+ ms\) who/)
        .and.to.match(/ping down: failed \w+: /);
      expect(failed.out).to.not.include('\u001b');
    } finally {
      await Promise.all([good.stop(), bad.stop()]);
    }
  });
});
