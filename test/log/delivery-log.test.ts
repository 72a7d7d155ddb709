import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import sinon from 'sinon';
import { type DeliveryLog, openDeliveryLog } from '../../src/log/delivery-log.js';
import { recordOf } from '../../src/log/record.js';
import type { Report } from '../../src/report.js';
import type { DeliveryRecord } from '../../src/schema-types.js';
import { validatorOf } from '../../src/schemas.js';
import { deliveryRecord, freshFolder, linesOver, until } from './folder.js';

const validate = validatorOf('delivery-log.schema.json');
const schema = JSON.parse(readFileSync(new URL('../../schemas/delivery-log.schema.json', import.meta.url), 'utf8')) as {
  properties: object;
  examples: DeliveryRecord[];
};

describe('the delivery log', () => {
  const path = freshFolder();
  let opened: DeliveryLog[] = [];
  let report: sinon.SinonSpy<Parameters<Report>, ReturnType<Report>>;

  beforeEach(() => {
    opened = [];
    report = sinon.spy((..._told: Parameters<Report>): void => undefined);
  });
  afterEach(async () => {
    await Promise.all(opened.map((log) => log.close()));
  });

  const open = (options: { file?: string; maxBytes?: number; keep?: number } = {}): DeliveryLog => {
    const log = openDeliveryLog({ file: path('delivery.log'), maxBytes: 0, keep: 5, report, ...options });
    opened.push(log);
    return log;
  };
  const jtisOver = (file: string): string[] => linesOver(file).map((line) => JSON.parse(line).sets[0].jti);
  const jtisOf = (records: readonly DeliveryRecord[]): (string | undefined)[] =>
    records.map(({ sets }) => sets[0]?.jti);
  const records = (count: number, members: Partial<DeliveryRecord> = {}): DeliveryRecord[] =>
    Array.from({ length: count }, () => deliveryRecord(members));

  describe('a line', () => {
    it('is the record and nothing else, in the order of the schema', async () => {
      const log = open();
      const full: DeliveryRecord = {
        sets: [{ user: '9a0b1c2d3e4f5061', event: 'login.success', jti: 'a' }],
        nextRetryAt: '2026-11-23T14:03:45.000Z',
        bytes: 10,
        durationMs: 1.5,
        detail: 'given up',
        reason: 'too_large',
        error: 'E',
        status: 413,
        attempt: 1,
        batch: 'b',
        outcome: 'dead',
        endpoint: 'crm',
        time: '2026-11-23T14:03:44.123Z',
      };
      log.write(full);
      await log.close();
      const [line] = linesOver(path('delivery.log'));
      expect(Object.keys(JSON.parse(line ?? ''))).to.deep.equal(Object.keys(schema.properties));
      expect(JSON.parse(line ?? '')).to.deep.equal(full);
      expect(line).to.match(/^\{"time":"2026-11-23T14:03:44\.123Z","endpoint":/);
      expect(line).to.include('"sets":[{"jti":"a","event":"login.success","user":"9a0b1c2d3e4f5061"}]');
    });

    it('passes the schema, for every example of it', async () => {
      const log = open();
      for (const example of schema.examples) log.write(example);
      await log.close();
      const lines = linesOver(path('delivery.log')).map((line) => JSON.parse(line));
      expect(lines).to.deep.equal(schema.examples);
      for (const line of lines) expect(validate(line)).to.deep.equal([]);
    });

    it('stays one line that a terminal cannot be hurt with, whatever a receiver has said', async () => {
      const log = open();
      const hostile = '"}\n{"endpoint":"forged"}\r\u001b[2J\u009b31m\u2028\u202e\u0000 "\\';
      log.write(deliveryRecord({ outcome: 'dead', reason: 'rejected_by_receiver', error: hostile, detail: hostile }));
      await log.close();
      const lines = linesOver(path('delivery.log'));
      expect(lines).to.have.length(1);
      expect(lines[0]).not.to.match(/[\p{Cc}\u2028-\u202e]/u);
      expect(JSON.parse(lines[0] ?? '').error).to.equal(hostile);
      expect(validate(JSON.parse(lines[0] ?? ''))).to.deep.equal([]);
    });

    it('is cut to what the schema allows, never within a character', async () => {
      const log = open();
      log.write(
        deliveryRecord({
          outcome: 'dead',
          reason: 'rejected_by_receiver',
          error: 'e'.repeat(500),
          detail: `x${'😀'.repeat(5000)}`,
        }),
      );
      await log.close();
      const [record] = linesOver(path('delivery.log')).map((line) => JSON.parse(line));
      expect(validate(record)).to.deep.equal([]);
      expect(record.error).to.have.length(128);
      expect(record.detail).to.match(/^x(😀)+…$/u);
    });

    it('holds no member that the schema does not know', async () => {
      const log = open();
      const sets = [{ jti: 'a', event: 'login.success', claims: { email: 'ann@example.com' } }];
      log.write({ ...deliveryRecord({ sets }), url: 'https://user:word@example.com', pid: 1 } as DeliveryRecord);
      await log.close();
      const [line] = linesOver(path('delivery.log'));
      expect(validate(JSON.parse(line ?? ''))).to.deep.equal([]);
      expect(line).not.to.match(/ann@|word|pid/);
    });
  });

  it('makes the folder and the file, which others may not read', async () => {
    const umask = process.umask(0);
    try {
      const log = open({ file: path('a/b/delivery.log') });
      log.write(deliveryRecord());
      await log.close();
      expect(statSync(path('a/b/delivery.log')).mode & 0o777).to.equal(0o640);
      expect(statSync(path('a/b')).mode & 0o777).to.equal(0o750);
    } finally {
      process.umask(umask);
    }
  });

  it('counts what it has written', async () => {
    const log = open();
    for (const record of records(300)) log.write(record);
    await log.close();
    expect(log.status).to.deep.equal({ written: 300, dropped: 0 });
    expect(linesOver(path('delivery.log'))).to.have.length(300);
  });

  it('goes on behind what is there already, and not behind half a line', async () => {
    writeFileSync(path('delivery.log'), '{"whole":1}\n{"torn":');
    const log = open();
    log.write(deliveryRecord());
    await log.close();
    const lines = linesOver(path('delivery.log'));
    expect(lines.slice(0, 2)).to.deep.equal(['{"whole":1}', '{"torn":']);
    expect(recordOf(lines[2] ?? '')).to.have.property('endpoint', 'crm');
  });

  describe('rotation', () => {
    const lineBytes = Buffer.byteLength(`${JSON.stringify(deliveryRecord())}\n`);

    it('keeps every record exactly once, in order, in files no larger than allowed', async () => {
      const log = open({ maxBytes: lineBytes * 10 + 5, keep: 1000 });
      const written = records(1000);
      for (const record of written) log.write(record);
      await log.close();
      expect(jtisOver(path('delivery.log'))).to.deep.equal(jtisOf(written));
      const files = readdirSync(dirname(path('delivery.log')));
      expect(files).to.have.length(100);
      for (const file of files) {
        const text = readFileSync(path(file), 'utf8');
        expect(Buffer.byteLength(text)).to.be.at.most(lineBytes * 10 + 5);
        expect(text.endsWith('\n'), file).to.equal(true);
        for (const line of text.trimEnd().split('\n')) expect(recordOf(line), line).not.to.equal(undefined);
      }
    });

    it('does so when the records come one by one', async () => {
      const log = open({ maxBytes: lineBytes * 3, keep: 100 });
      const written = records(60);
      for (const [index, record] of written.entries()) {
        log.write(record);
        await until(() => log.status.written === index + 1);
      }
      await log.close();
      expect(jtisOver(path('delivery.log'))).to.deep.equal(jtisOf(written));
      expect(readdirSync(dirname(path('delivery.log')))).to.have.length(20);
    });

    it('keeps the newest older files, as many as were asked for', async () => {
      const log = open({ maxBytes: lineBytes * 2, keep: 3 });
      const written = records(40);
      for (const record of written) log.write(record);
      await log.close();
      const names = ['delivery.log', 'delivery.log.1', 'delivery.log.2', 'delivery.log.3'];
      expect(readdirSync(dirname(path('delivery.log'))).sort()).to.deep.equal(names);
      expect(jtisOver(path('delivery.log'))).to.deep.equal(jtisOf(written).slice(-8));
    });

    it('keeps none with keep 0', async () => {
      const log = open({ maxBytes: lineBytes * 2, keep: 0 });
      for (const record of records(7)) log.write(record);
      await log.close();
      expect(readdirSync(dirname(path('delivery.log')))).to.deep.equal(['delivery.log']);
      expect(linesOver(path('delivery.log'))).to.have.length(1);
    });

    it('gives a record that is larger than a file a file of its own', async () => {
      const log = open({ maxBytes: 100, keep: 10 });
      const written = records(3);
      for (const record of written) log.write(record);
      await log.close();
      expect(readdirSync(dirname(path('delivery.log')))).to.have.length(3);
      expect(jtisOver(path('delivery.log'))).to.deep.equal(jtisOf(written));
    });

    it('counts the bytes that were there before', async () => {
      writeFileSync(path('delivery.log'), `${'x'.repeat(lineBytes * 2 - 10)}\n`);
      const log = open({ maxBytes: lineBytes * 2 });
      log.write(deliveryRecord());
      await log.close();
      expect(statSync(path('delivery.log')).size).to.equal(lineBytes);
      expect(statSync(path('delivery.log.1')).size).to.equal(lineBytes * 2 - 9);
    });

    it('removes what a larger keep has left, and nothing of others', async () => {
      for (const name of [
        'delivery.log.1',
        'delivery.log.2',
        'delivery.log.3',
        'delivery.log.20261122',
        'delivery.log.1.gz',
      ]) {
        writeFileSync(path(name), 'old\n');
      }
      const log = open({ maxBytes: lineBytes, keep: 1 });
      for (const record of records(2)) log.write(record);
      await log.close();
      const names = ['delivery.log', 'delivery.log.1', 'delivery.log.1.gz', 'delivery.log.20261122'];
      expect(readdirSync(dirname(path('delivery.log'))).sort()).to.deep.equal(names);
    });

    it('follows a link: the files lie where it points', async () => {
      mkdirSync(path('disk'));
      writeFileSync(path('disk/real.log'), '');
      symlinkSync(path('disk/real.log'), path('delivery.log'));
      const log = open({ maxBytes: lineBytes, keep: 5 });
      for (const record of records(3)) log.write(record);
      await log.close();
      expect(readdirSync(path('disk')).sort()).to.deep.equal(['real.log', 'real.log.1', 'real.log.2']);
      expect(linesOver(path('disk/real.log'))).to.have.length(3);
    });

    it('writes on in the same file, and says so once, where it cannot rotate', async () => {
      // A folder in the way of the older file: what root cannot rename over either.
      mkdirSync(path('delivery.log.1/full'), { recursive: true });
      const log = open({ maxBytes: lineBytes, keep: 1 });
      const written = records(20);
      for (const record of written) log.write(record);
      await log.close();
      expect(readFileSync(path('delivery.log'), 'utf8').split('\n')).to.have.length(21);
      expect(log.status).to.deep.equal({ written: 20, dropped: 0 });
      expect(report.args.map(([level, message]) => [level, message])).to.deep.equal([
        ['error', 'the delivery log cannot be rotated and grows on'],
      ]);
    });
  });

  describe('reopening', () => {
    it('goes on in a new file at the path, and loses no record, when the old one was moved', async () => {
      const log = open();
      const written = records(900);
      for (const record of written.slice(0, 300)) log.write(record);
      await until(() => log.status.written > 0);
      renameSync(path('delivery.log'), path('delivery.log.1'));
      for (const record of written.slice(300, 600)) log.write(record);
      log.reopen();
      for (const record of written.slice(600)) log.write(record);
      await log.close();
      expect(jtisOver(path('delivery.log'))).to.deep.equal(jtisOf(written));
      expect(statSync(path('delivery.log')).size).to.be.greaterThan(0);
    });

    it('makes the new file even if there is nothing to write', async () => {
      const log = open();
      await until(() => existsSync(path('delivery.log')));
      renameSync(path('delivery.log'), path('moved.log'));
      log.reopen();
      await until(() => existsSync(path('delivery.log')));
    });

    it('happens by itself when the file was deleted or replaced', async () => {
      const log = open();
      log.write(deliveryRecord());
      await until(() => log.status.written === 1);
      rmSync(path('delivery.log'));
      log.write(deliveryRecord());
      await until(() => log.status.written === 2);
      expect(linesOver(path('delivery.log'))).to.have.length(1);
      rmSync(path('delivery.log'));
      writeFileSync(path('delivery.log'), '{}\n');
      log.write(deliveryRecord());
      await until(() => log.status.written === 3);
      expect(linesOver(path('delivery.log'))).to.have.length(2);
    });

    it('is not needed after a truncation, which the size is counted from again', async () => {
      const log = open({ maxBytes: 1000, keep: 5 });
      for (const record of records(3)) log.write(record);
      await until(() => log.status.written === 3);
      truncateSync(path('delivery.log'));
      for (const record of records(3)) log.write(record);
      await log.close();
      expect(readdirSync(dirname(path('delivery.log')))).to.deep.equal(['delivery.log']);
      expect(linesOver(path('delivery.log'))).to.have.length(3);
    });
  });

  describe('a file that cannot be written', () => {
    it('is reported once, and written when it can be', async () => {
      writeFileSync(path('in-the-way'), '');
      const log = open({ file: path('in-the-way/delivery.log') });
      for (const record of records(3)) log.write(record);
      await until(() => report.callCount > 0);
      log.reopen();
      await until(() => log.status.error !== undefined);
      expect(report.args).to.have.length(1);
      expect(report.args[0]?.slice(0, 2)).to.deep.equal(['error', 'the delivery log cannot be written']);
      rmSync(path('in-the-way'));
      log.reopen();
      await until(() => log.status.written === 3);
      expect(log.status).to.deep.equal({ written: 3, dropped: 0 });
      expect(report.lastCall.args.slice(0, 2)).to.deep.equal(['info', 'the delivery log is written again']);
      expect(linesOver(path('in-the-way/delivery.log'))).to.have.length(3);
    });

    it('is tried again without being told', async function () {
      this.timeout(10_000);
      writeFileSync(path('in-the-way'), '');
      const log = open({ file: path('in-the-way/delivery.log') });
      log.write(deliveryRecord());
      await until(() => report.callCount > 0);
      rmSync(path('in-the-way'));
      await until(() => log.status.written === 1);
    });

    it('makes records wait up to a bound, and counts those past it', async () => {
      writeFileSync(path('in-the-way'), '');
      const log = open({ file: path('in-the-way/delivery.log') });
      const detail = 'x'.repeat(1000);
      for (const record of records(10_000, { detail })) log.write(record);
      const { dropped } = log.status;
      expect(dropped).to.be.within(2_500, 4_500);
      await until(() => log.status.error !== undefined);
      rmSync(path('in-the-way'));
      log.reopen();
      await until(() => log.status.written === 10_000 - dropped);
      expect(report.args.map(([, message]) => message)).to.deep.equal([
        'the delivery log loses records',
        'the delivery log cannot be written',
        'the delivery log is written again',
      ]);
      expect(report.lastCall.args[2]).to.have.property('lost', dropped);
      expect(linesOver(path('in-the-way/delivery.log'))).to.have.length(10_000 - dropped);
    });

    it('does not keep it from closing, which says what is lost', async () => {
      const log = open({ file: '/dev/full' });
      for (const record of records(5)) log.write(record);
      await log.close();
      expect(log.status).to.deep.include({ written: 0, dropped: 5 });
      expect(log.status.error).to.include('ENOSPC');
      expect(report.lastCall.args[1]).to.equal('the delivery log was closed with records that could not be written');
      expect(report.lastCall.args[2]).to.include({ lost: 5 });
      log.write(deliveryRecord());
      expect(log.status.dropped).to.equal(6);
      await log.close();
    });
  });

  describe('flushSync', () => {
    it('writes what waits before it returns', () => {
      const log = open();
      const written = records(500);
      for (const record of written) log.write(record);
      log.flushSync();
      expect(jtisOver(path('delivery.log'))).to.deep.equal(jtisOf(written));
    });

    it('neither repeats nor overtakes what is under way', async () => {
      const log = open();
      const written = records(20_000);
      for (const [index, record] of written.entries()) {
        log.write(record);
        // Now a look at the file is under way when it flushes, now a write, now both between two flushes.
        if (index % 100 === 20 || index % 100 === 50) await new Promise((resolve) => setImmediate(resolve));
        if (index % 100 === 99) log.flushSync();
      }
      await log.close();
      expect(jtisOver(path('delivery.log'))).to.deep.equal(jtisOf(written));
      expect(log.status).to.deep.equal({ written: 20_000, dropped: 0 });
    });

    it('does not throw where nothing can be written', () => {
      writeFileSync(path('in-the-way'), '');
      const log = open({ file: path('in-the-way/delivery.log') });
      log.write(deliveryRecord());
      log.flushSync();
      expect(log.status.error).to.be.a('string');
    });

    it('brings the last records of a process that exits at once into the file', () => {
      const module = fileURLToPath(new URL('../../src/log/delivery-log.ts', import.meta.url));
      const script = `
        import { openDeliveryLog } from ${JSON.stringify(module)};
        const log = openDeliveryLog({ file: process.argv[1], maxBytes: 0, keep: 0, report() {} });
        process.on('exit', () => log.flushSync());
        const record = ${JSON.stringify(deliveryRecord())};
        for (let index = 0; index < 2000; index += 1) log.write(record);
        setImmediate(() => { for (let index = 0; index < 2000; index += 1) log.write(record); process.exit(0); });`;
      const args = ['--import=tsx', '--input-type=module', '-e', script, path('delivery.log')];
      execFileSync(process.execPath, args, { cwd: fileURLToPath(new URL('../../', import.meta.url)) });
      expect(linesOver(path('delivery.log'))).to.have.length(4000);
    }).timeout(20_000);
  });

  it('does not keep a process alive, and takes a report that is never looked at', () => {
    appendFileSync(path('in-the-way'), '');
    const module = fileURLToPath(new URL('../../src/log/delivery-log.ts', import.meta.url));
    const sighup = fileURLToPath(new URL('../../src/log/reopen-on-sighup.ts', import.meta.url));
    const script = `
      import { openDeliveryLog } from ${JSON.stringify(module)};
      import { reopenOnSighup } from ${JSON.stringify(sighup)};
      const log = openDeliveryLog({ file: process.argv[1], maxBytes: 0, keep: 0, report() {} });
      reopenOnSighup(log);
      log.write(${JSON.stringify(deliveryRecord())});`;
    for (const file of [path('delivery.log'), path('in-the-way/delivery.log')]) {
      const args = ['--import=tsx', '--input-type=module', '-e', script, file];
      execFileSync(process.execPath, args, { cwd: fileURLToPath(new URL('../../', import.meta.url)), timeout: 15_000 });
    }
    expect(linesOver(path('delivery.log'))).to.have.length(1);
    expect(
      readdirSync(dirname(path('x')))
        .map((name) => basename(name))
        .sort(),
    ).to.deep.equal(['delivery.log', 'in-the-way']);
  }).timeout(30_000);
});
