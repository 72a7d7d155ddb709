import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { fillIn } from '../../src/config/secrets.js';

const kinds = '${env:NAME} or ${file:path}; write $${ for the characters themselves';

describe('what is filled in', () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'setwire-secrets-'));
    writeFileSync(join(folder, 'token'), 'from a file\n');
    writeFileSync(join(folder, 'lines'), ' a \n\r\n');
    writeFileSync(join(folder, 'nothing'), '');
    writeFileSync(join(folder, 'large'), 'x'.repeat(1024 * 1024 + 1));
    writeFileSync(join(folder, 'binary'), Buffer.from([0xff, 0xfe, 0x00]));
    symlinkSync('/dev/zero', join(folder, 'endless'));
  });

  after(() => rmSync(folder, { recursive: true }));

  const env = { ONE: '1', TWO: '2', EMPTY: '', AGAIN: '${env:ONE} $& $1', 'WITH.DOT-1': 'dot' };
  const fill = (text: string) => fillIn(text, join(folder, 'setwire.yaml'), env);

  const texts: [text: string, filled: string][] = [
    ['plain', 'plain'],
    ['${env:ONE}', '1'],
    ['a${env:ONE}b${env:TWO}c', 'a1b2c'],
    ['${env:EMPTY}', ''],
    ['${env:WITH.DOT-1}', 'dot'],
    // What comes from outside is taken as it is.
    ['${env:AGAIN}', '${env:ONE} $& $1'],
    ['$${env:ONE}', '${env:ONE}'],
    ['$${env:ONE}${env:ONE}', '${env:ONE}1'],
    ['$$${env:ONE}', '$${env:ONE}'],
    ['$${', '${'],
    ['$ {env:ONE} $env:ONE {}', '$ {env:ONE} $env:ONE {}'],
    ['${file:token}', 'from a file'],
    ['[${file:./token}]', '[from a file]'],
    // One line break goes, no more.
    ['${file:lines}', ' a \n'],
    ['${file:nothing}', ''],
  ];
  for (const [text, filled] of texts) {
    it(`${text} is ${JSON.stringify(filled)}`, () => {
      const { value, unfilled } = fill(text);
      expect(value).to.equal(filled);
      expect(unfilled).to.deep.equal([]);
    });
  }

  const missing: [text: string, allowed: string][] = [
    ['${env:NONE}', 'an environment variable NONE that is set'],
    ['${env:constructor}', 'an environment variable constructor that is set'],
    ['${file:none}', 'a file none that can be read (ENOENT)'],
    ['${file:.}', 'a file . that can be read (EISDIR)'],
    ['${file:large}', 'a file large in UTF-8, of at most 1 MB: more than 1048576 bytes'],
    ['${file:endless}', 'a file endless in UTF-8, of at most 1 MB: more than 1048576 bytes'],
    ['${file:binary}', 'a file binary in UTF-8, of at most 1 MB: what is no text in UTF-8'],
  ];
  for (const [text, allowed] of missing) {
    it(`${text} is not there, and is named`, () => {
      expect(fill(text).unfilled).to.deep.equal([{ pointer: '', found: text, allowed, missing: true }]);
    });
  }

  const malformed: [text: string, allowed: string][] = [
    ['pass${word}', kinds],
    ['${vault:word}', kinds],
    ['${env:ONE', 'a closing }'],
    ['${env:}', '${env:NAME}, with the name of an environment variable'],
    ['${env:a b}', '${env:NAME}, with the name of an environment variable'],
    ['${file:}', '${file:path}, with the path of a file'],
  ];
  for (const [text, allowed] of malformed) {
    it(`${text} is of another form, and is not shown: it may be a piece of a secret`, () => {
      const gap = { pointer: '', found: 'a ${…} of another form', allowed, missing: false };
      expect(fill(text).unfilled).to.deep.equal([gap]);
    });
  }

  it('is told of each gap, where it is', () => {
    const { unfilled } = fillIn({ 'a/b': ['', '${env:X}-${env:Y}'], 'c~': '${env:Z}' }, 'setwire.yaml', {});
    expect(unfilled.map(({ pointer, found }) => [pointer, found])).to.deep.equal([
      ['/a~1b/1', '${env:X}'],
      ['/a~1b/1', '${env:Y}'],
      ['/c~0', '${env:Z}'],
    ]);
  });

  it('is remembered, so that it is not shown; what is written $${ is not from outside', () => {
    const { pointers } = fillIn({ a: '${env:ONE}', b: 'plain', c: ['$${env:ONE}', '${env:TWO}'] }, 'setwire.yaml', env);
    expect([...pointers]).to.deep.equal(['/a', '/c/1']);
  });

  it('leaves names and other values as they are', () => {
    const value = { '${env:ONE}': 1, b: [true, null] };
    expect(fillIn(value, 'setwire.yaml', env).value).to.deep.equal(value);
  });
});
