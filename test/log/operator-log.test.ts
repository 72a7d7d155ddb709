import { Writable } from 'node:stream';
import { expect } from 'chai';
import { operatorLog } from '../../src/log/operator-log.js';
import { Secret } from '../../src/secret.js';

class Screen extends Writable {
  text = '';
  readonly isTTY: boolean;

  constructor(isTTY: boolean) {
    super();
    this.isTTY = isTTY;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

describe('the operator log', () => {
  describe('on a terminal', () => {
    const shown = (message: string, fields?: Record<string, unknown>): string => {
      const screen = new Screen(true);
      operatorLog('info', screen)('warn', message, fields);
      return screen.text;
    };

    for (const [fields, words] of [
      [undefined, ''],
      [{ endpoint: 'crm', attempts: 3, on: true }, ' endpoint=crm attempts=3 on=true'],
      [{ why: 'no such file' }, ' why="no such file"'],
      [{ why: 'a="b"', empty: '' }, ' why="a=\\"b\\"" empty=""'],
      [{ left: undefined }, ''],
      [{ list: ['a', 1], none: null }, ' list="[\\"a\\",1]" none=null'],
      [{ error: new Error('broken') }, ' error=broken'],
      [{ token: new Secret('hunter2') }, ' token="\\"[secret]\\""'],
      [{ hostile: '\u001b[2J\u009b' }, ' hostile=\\u001b[2J\\u009b'],
      [{ '\u001b': 1 }, ' \\u001b=1'],
    ] as const) {
      it(`shows${words || ' a message alone'}`, () =>
        expect(shown('careful', fields)).to.equal(`setwire warn: careful${words}\n`));
    }

    it('keeps a message in one line', () => expect(shown('a\nb')).to.equal('setwire warn: a\\u000ab\n'));

    it('cuts a text without an end', () =>
      expect(shown('x'.repeat(1e6), { y: 'y'.repeat(1e6) })).to.have.length.below(5_000));
  });

  describe('otherwise', () => {
    it('writes a line of JSON', () => {
      const screen = new Screen(false);
      operatorLog('info', screen)('error', 'it broke', { endpoint: 'crm', cause: new Error('why') });
      const { time, pid, ...line } = JSON.parse(screen.text);
      expect(line).to.deep.equal({ level: 'error', name: 'setwire', endpoint: 'crm', cause: 'why', msg: 'it broke' });
      expect(new Date(time).toISOString()).to.equal(time);
      expect(pid).to.equal(undefined);
    });

    it('keeps its own members apart from fields of their names', () => {
      const screen = new Screen(false);
      operatorLog('info', screen)('info', 'message', { level: 'x', time: 1, msg: 'y', name: 'z' });
      expect(screen.text.match(/"level"|"time"|"msg"|"name"/g)).to.have.length(4);
      expect(JSON.parse(screen.text)).to.include({ level: 'info', msg: 'message', level_: 'x', msg_: 'y', name_: 'z' });
    });
  });

  for (const [level, written] of [
    ['silent', []],
    ['error', ['error']],
    ['warn', ['warn', 'error']],
    ['info', ['info', 'warn', 'error']],
  ] as const) {
    it(`at level ${level} writes ${written.join(', ') || 'nothing'}`, () => {
      for (const isTTY of [true, false]) {
        const screen = new Screen(isTTY);
        const report = operatorLog(level, screen);
        for (const severity of ['info', 'warn', 'error'] as const) report(severity, 'message');
        expect(screen.text.split('\n').slice(0, -1)).to.have.length(written.length);
        for (const severity of written) expect(screen.text).to.include(severity);
      }
    });
  }

  it('does not throw for fields that cannot be turned into text', () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    const trap = {
      get value(): never {
        throw new Error('trapped');
      },
    };
    for (const isTTY of [true, false]) {
      const screen = new Screen(isTTY);
      const report = operatorLog('info', screen);
      report('warn', 'first', { cycle });
      report('warn', 'second', trap);
      report('warn', 'third', { big: 1n, nothing: Symbol('s'), act: () => 1 });
      for (const word of ['first', 'second', 'third']) expect(screen.text).to.include(word);
    }
  });

  it('survives that nobody reads it any more', async () => {
    const closed = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error('EPIPE'), { code: 'EPIPE' })),
    });
    const report = operatorLog('info', closed);
    report('warn', 'first');
    await new Promise((resolve) => setImmediate(resolve));
    report('warn', 'second');
    await new Promise((resolve) => setImmediate(resolve));
    expect(closed.errored).to.be.an('error');
  });
});
