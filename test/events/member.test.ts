import { expect } from 'chai';
import { memberName, pathOf } from '../../src/events/member.js';

describe('the name of a member', () => {
  it('joins names with dots and places with brackets', () => {
    expect(memberName(['user', 'groups', 3])).to.equal('user.groups[3]');
  });

  it('is the event for an empty path', () => {
    expect(memberName([])).to.equal('the event');
  });

  it('keeps the characters of a claim URI', () => {
    expect(memberName(['user', 'claims', 'http://wso2.org/claims/email'])).to.equal(
      'user.claims.http://wso2.org/claims/email',
    );
  });

  it('replaces what could do harm in a log', () => {
    expect(memberName(['a\u001b[31m\n"b"<\u202e'])).to.equal('a??31m??b???');
  });

  it('is cut: each name and the number of steps', () => {
    const name = memberName(Array.from({ length: 5_000 }, () => 'x'.repeat(100_000)));
    expect(name).to.have.lengthOf.below(500);
  });

  it('is read from a JSON pointer', () => {
    expect(pathOf('/user/claims/http:~1~1wso2.org~1a~0b/3')).to.deep.equal([
      'user',
      'claims',
      'http://wso2.org/a~b',
      3,
    ]);
    expect(pathOf('')).to.deep.equal([]);
  });
});
