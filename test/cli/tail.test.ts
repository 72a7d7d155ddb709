import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { expect } from 'chai';
import { tail } from '../../src/cli/tail.js';
import type { DeliveryRecord } from '../../src/schema-types.js';
import { deliveryRecord, freshFolder, until } from '../log/folder.js';

class Screen extends Writable {
  text = '';
  isTTY: boolean | undefined;
  columns: number | undefined;

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }

  get lines(): string[] {
    return this.text.split('\n').slice(0, -1);
  }
}

describe('setwire tail', () => {
  const path = freshFolder();
  let stop: AbortController;
  let stdout: Screen;
  let stderr: Screen;
  let env: NodeJS.ProcessEnv;

  beforeEach(() => {
    stop = new AbortController();
    stdout = new Screen();
    stderr = new Screen();
    env = {};
  });
  afterEach(() => stop.abort());

  const run = (...argv: string[]): Promise<number> =>
    tail(argv, { stdout, stderr, env, cwd: dirname(path('x')), signal: stop.signal } as unknown as Parameters<
      typeof tail
    >[1]);
  const text = (...records: DeliveryRecord[]): string =>
    records.map((record) => `${JSON.stringify(record)}\n`).join('');
  const write = (...records: DeliveryRecord[]): void => appendFileSync(path('setwire-delivery.log'), text(...records));
  const ago = (ms: number): string => new Date(Date.now() - ms).toISOString();
  const recent = (members: Partial<DeliveryRecord> = {}): DeliveryRecord =>
    deliveryRecord({ time: ago(1_000), ...members });
  const many = (count: number, members: Partial<DeliveryRecord> = {}): DeliveryRecord[] =>
    Array.from({ length: count }, (_, index) => recent({ status: 200 + (index % 100), ...members }));
  const statuses = (lines: readonly string[]): number[] =>
    lines.map((line) => Number(/ {2}(\d{3}) {2}/.exec(line)?.[1])).filter((status) => !Number.isNaN(status));

  it('shows the last 20 attempts and a summary', async () => {
    write(...many(25));
    expect(await run()).to.equal(0);
    expect(statuses(stdout.lines)).to.deep.equal(Array.from({ length: 20 }, (_, index) => 205 + index));
    expect(stdout.lines).to.have.length(21);
    expect(stdout.lines.at(-1)).to.equal('20 attempts: 20 delivered · 20 SETs · p50 12 ms · endpoint crm 20');
  });

  it('sums up what it has shown', async () => {
    const sets = [1, 2, 3].map((serial) => ({ jti: `jti ${serial}`, event: 'login.failure' }));
    write(
      recent({ durationMs: 2 }),
      recent({ durationMs: 1_500, endpoint: 'siem', outcome: 'retry', sets }),
      recent({ durationMs: 40, endpoint: 'siem', sets }),
      recent({ durationMs: 30, endpoint: 'siem' }),
      recent({ outcome: 'dead', reason: 'too_large', attempt: 0, durationMs: undefined }),
    );
    await run();
    expect(stdout.lines.at(-1)).to.equal(
      '5 attempts: 3 delivered, 1 retry, 1 dead · 6 SETs · p50 30 ms · endpoints siem 3, crm 2',
    );
  });

  describe('shows only what is asked for:', () => {
    const jti = 'abcdef01-b689-44d4-b7d2-29b980ece273';
    beforeEach(() =>
      write(
        recent({ status: 201, endpoint: 'crm', sets: [{ jti, event: 'login.success' }] }),
        recent({
          status: 202,
          endpoint: 'siem',
          sets: [
            { jti: 'x', event: 'token.issued' },
            { jti, event: 'login.failure' },
          ],
        }),
        recent({ status: 203, endpoint: 'crm', outcome: 'retry', sets: [{ jti: 'y', event: 'loginx.failure' }] }),
        recent({
          status: 204,
          endpoint: 'hr',
          outcome: 'dead',
          reason: 'too_large',
          sets: [{ jti: 'z', event: 'account.deleted' }],
        }),
      ),
    );

    for (const [argv, shown] of [
      [
        ['--endpoint', 'crm'],
        [201, 203],
      ],
      [
        ['--endpoint', 'crm', '--endpoint', 'hr'],
        [201, 203, 204],
      ],
      [['--endpoint=nobody'], []],
      [
        ['--event', 'login.*'],
        [201, 202],
      ],
      [
        ['--event', 'login.failure', '--event', 'account.deleted'],
        [202, 204],
      ],
      [
        ['--event', '*'],
        [201, 202, 203, 204],
      ],
      [['--outcome', 'dead'], [204]],
      [
        ['--outcome', 'dead', '--outcome', 'retry'],
        [203, 204],
      ],
      [
        ['--jti', jti],
        [201, 202],
      ],
      [
        ['--jti', 'abcdef01'],
        [201, 202],
      ],
      [['--event', 'login.*', '--endpoint', 'siem'], [202]],
      [
        ['-n', '2'],
        [203, 204],
      ],
      [['-n1', '--endpoint', 'crm'], [203]],
      [['-n', '0'], []],
    ] as const) {
      it(argv.join(' '), async () => {
        expect(await run(...argv)).to.equal(0);
        expect(statuses(stdout.lines)).to.deep.equal(shown);
        expect(stdout.lines.at(-1)).to.match(shown.length === 0 ? /^no attempts$/ : /^\d attempts?: /);
      });
    }
  });

  it('finds the last ones that match in rotated files', async () => {
    writeFileSync(path('setwire-delivery.log.2'), text(...many(3, { endpoint: 'rare' })));
    writeFileSync(path('setwire-delivery.log.1'), text(...many(30)));
    write(...many(30));
    await run('--endpoint', 'rare', '-n', '2');
    expect(statuses(stdout.lines)).to.deep.equal([201, 202]);
  });

  describe('--since', () => {
    beforeEach(() => {
      writeFileSync(
        path('setwire-delivery.log.1'),
        text(...many(40, { time: ago(3 * 3_600_000) }), ...many(40, { time: ago(30 * 60_000), endpoint: 'siem' })),
      );
      write(...many(40, { time: ago(20 * 60_000) }), ...many(40, { time: ago(60_000) }));
    });

    for (const [since, count] of [
      ['10m', 40],
      ['25m', 80],
      ['1h', 120],
      ['1d', 160],
      ['30s', 0],
    ] as const) {
      it(`${since} shows all since then, across rotation`, async () => {
        expect(await run('--since', since)).to.equal(0);
        expect(stdout.lines).to.have.length(count + 1);
      });
    }

    it('takes a time, and goes with the other options', async () => {
      await run('--since', ago(3_600_000), '--endpoint', 'siem');
      expect(stdout.lines.at(-1)).to.match(/^40 attempts: .* endpoint siem 40$/);
    });

    it('with -n shows the last of them', async () => {
      await run('--since', '25m', '-n', '50');
      expect(stdout.lines).to.have.length(51);
    });

    it('with -n shows fewer where there are fewer', async () => {
      await run('--since', '10m', '-n', '50');
      expect(stdout.lines).to.have.length(41);
    });

    it('goes on with -f', async () => {
      const ended = run('--since', '10m', '-f');
      await until(() => stdout.lines.length === 40);
      write(recent({ status: 299 }));
      await until(() => stdout.lines.length === 41);
      stop.abort();
      expect(await ended).to.equal(0);
    });
  });

  describe('-f', () => {
    it('shows the last 20, then what comes, across rotation, until it is stopped', async () => {
      write(...many(25));
      const ended = run('-f');
      await until(() => stdout.lines.length === 20);
      const log = path('setwire-delivery.log');
      const whole = text(recent({ status: 301 }));
      appendFileSync(log, whole.slice(0, 50));
      appendFileSync(log, whole.slice(50));
      await until(() => stdout.lines.length === 21);
      appendFileSync(log, text(recent({ status: 302 })));
      renameSync(log, `${log}.1`);
      writeFileSync(log, text(recent({ status: 303, endpoint: 'siem' })));
      await until(() => stdout.lines.length === 23);
      stop.abort();
      expect(await ended).to.equal(0);
      expect(statuses(stdout.lines).slice(-3)).to.deep.equal([301, 302, 303]);
      expect(stdout.text).not.to.include('attempts');
    });

    it('waits for a log that is not there yet, and says so', async () => {
      const ended = run('--follow');
      await until(() => stderr.text !== '');
      write(recent());
      await until(() => stdout.lines.length === 1);
      stop.abort();
      expect(await ended).to.equal(0);
      expect(stderr.text).to.match(/there is no delivery log at .*setwire-delivery\.log yet, waiting for it/);
    });

    it('shows only new ones with -n 0, and only those that match', async () => {
      write(...many(3));
      const ended = run('-f', '-n', '0', '--endpoint', 'siem');
      // When it has begun cannot be seen: written until it is shown.
      await until(() => {
        write(recent(), recent({ endpoint: 'siem', status: 250 }));
        return stdout.lines.length > 0;
      });
      stop.abort();
      await ended;
      expect([...new Set(statuses(stdout.lines))]).to.deep.equal([250]);
    });
  });

  it('prints the raw lines and no summary with --json', async () => {
    const records = many(3);
    write(...records);
    appendFileSync(path('setwire-delivery.log'), 'garbage\n');
    await run('--json', '-n', '2');
    expect(stdout.text).to.equal(text(...records.slice(1)));
  });

  it('leaves garbage out and counts it', async () => {
    write(recent());
    appendFileSync(path('setwire-delivery.log'), 'garbage\n{"time":1}\n[]\nnull\n\u001b[2J\n');
    write(recent());
    expect(await run()).to.equal(0);
    expect(stdout.lines).to.have.length(3);
    expect(stdout.lines.at(-1)).to.match(/ · 5 unreadable lines left out$/);
  });

  it('never sends control characters of the log to a terminal', async () => {
    const evil = '\u001b]0;owned\u0007\u009b2J\r\u202e';
    write(recent({ outcome: 'dead', reason: 'rejected_by_receiver', error: evil, detail: evil, endpoint: evil }));
    // Another program's writing, which has not escaped them.
    appendFileSync(path('setwire-delivery.log'), text(recent({ detail: '\u009b2J' })));
    for (const argv of [[], ['--json']]) await run(...argv);
    expect(stdout.text.replaceAll('\n', '')).not.to.match(/[\p{Cc}\u202e]/u);
    expect(stdout.text).to.include('\\u001b]0;owned\\u0007');
  });

  describe('colour', () => {
    const coloured = '\u001b[32mdelivered';
    beforeEach(() => write(recent()));

    it('is there on a terminal', async () => {
      stdout.isTTY = true;
      await run();
      expect(stdout.text).to.include(coloured);
    });

    it('is not there with NO_COLOR', async () => {
      stdout.isTTY = true;
      env.NO_COLOR = '1';
      await run();
      expect(stdout.text).to.equal(stripVTControlCharacters(stdout.text));
    });

    it('is not there in a pipe', async () => {
      await run();
      expect(stdout.text).to.equal(stripVTControlCharacters(stdout.text));
    });
  });

  it('fits a terminal of 80 columns', async () => {
    stdout.isTTY = true;
    stdout.columns = 80;
    write(recent());
    await run();
    expect(stripVTControlCharacters(stdout.lines[0] ?? '')).to.have.length.at.most(80);
  });

  describe('finds the log', () => {
    beforeEach(() => writeFileSync(path('other.log'), text(recent({ status: 299 }))));

    it('by --file', async () => {
      expect(await run('--file', 'other.log')).to.equal(0);
      expect(statuses(stdout.lines)).to.deep.equal([299]);
    });

    it('by the config, whose secrets it does not need', async () => {
      const endpoint = `endpoints: { crm: { url: "https://crm.example.com", auth: { type: bearer, token: "${'$'}{env:NONE}" } } }`;
      writeFileSync(path('setwire.yaml'), `log: { file: other.log }\n${endpoint}\n`);
      expect(await run()).to.equal(0);
      expect(await run('--config', 'setwire.yaml')).to.equal(0);
      expect(statuses(stdout.lines)).to.deep.equal([299, 299]);
    });

    it('by a config that does not name it', async () => {
      writeFileSync(path('setwire.yaml'), 'endpoints: {}\n');
      write(recent({ status: 298 }));
      await run();
      expect(statuses(stdout.lines)).to.deep.equal([298]);
    });

    it('by a name from the environment', async () => {
      writeFileSync(path('setwire.yaml'), `log: { file: "${'$'}{env:LOG}" }\n`);
      expect(await run()).to.equal(1);
      expect(stderr.text).to.include('{env:LOG}').and.include('--file');
      env.LOG = 'other.log';
      expect(await run()).to.equal(0);
    });
  });

  for (const [name, argv, code, words] of [
    ['an option that it does not know', ['--colour'], 2, /Unknown option '--colour'[\s\S]*Usage: setwire tail/],
    ['an outcome that there is not', ['--outcome', 'lost'], 2, /--outcome lost: delivered, retry or dead is wanted/],
    ['a time that is none', ['--since', 'yesterday'], 2, /--since yesterday: a time such as 10m/],
    ['a number that is none', ['-n', 'all'], 2, /-n all: a number is wanted/],
    ['a config that is not there', ['--config', 'none.yaml'], 1, /none\.yaml: found no such file/],
    ['a log that is not there', ['--file', 'none.log'], 1, /there is no delivery log at .*none\.log yet/],
    ['a log that is a folder', ['--file', '.'], 1, /EISDIR/],
  ] as const) {
    it(`exits ${code} and says why for ${name}`, async () => {
      expect(await run(...argv)).to.equal(code);
      expect(stderr.text)
        .to.match(/^setwire tail: /)
        .and.match(words);
      expect(stdout.text).to.equal('');
    });
  }

  it('says how it is used', async () => {
    expect(await run('--help')).to.equal(0);
    expect(stdout.text).to.match(/^Usage: setwire tail/);
  });

  describe('as a process', () => {
    const root = fileURLToPath(new URL('../../', import.meta.url));
    const script = `
      import { tail } from ${JSON.stringify(fileURLToPath(new URL('../../src/cli/tail.ts', import.meta.url)))};
      const stop = new AbortController();
      process.once('SIGINT', () => stop.abort());
      const { stdout, stderr, env } = process;
      process.exitCode = await tail(process.argv.slice(2), { stdout, stderr, env, cwd: process.argv[1], signal: stop.signal });`;
    const args = (...argv: string[]): string[] => [
      '--import=tsx',
      '--input-type=module',
      '-e',
      script,
      dirname(path('x')),
      ...argv,
    ];

    it('ends quietly when nobody reads on', () => {
      write(...many(5_000));
      const command = `"$0" "$@" | head -n 1; echo "\${PIPESTATUS[0]}"`;
      const output = execFileSync('bash', ['-c', `${command} 2>&1`, process.execPath, ...args('-n', '5000')], {
        cwd: root,
        encoding: 'utf8',
      });
      expect(output.split('\n')[0]).to.match(/delivered/);
      expect(output.trimEnd().split('\n').slice(1)).to.deep.equal(['0']);
    }).timeout(20_000);

    it('ends with 0 at Ctrl-C', async () => {
      write(recent());
      const child = spawn(process.execPath, args('-f'), { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
      const exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));
      await new Promise((resolve) => child.stdout.once('data', resolve));
      child.kill('SIGINT');
      expect(await exited).to.equal(0);
    }).timeout(20_000);
  });
});
