import { expect } from 'chai';
import { of, Subject } from 'rxjs';
import sinon from 'sinon';
import { eachEvent } from '../../src/flows/each-event.js';

describe('eachEvent', () => {
  it('lets the next event pass after a bad one, which goes to onFailure', () => {
    const wrong = new Error('wrong');
    const onFailure = sinon.spy();
    const seen: string[] = [];
    const inbox = new Subject<string>();
    inbox
      .pipe(
        eachEvent((event) => {
          if (event === 'bad') throw wrong;
          return [event];
        }, onFailure),
      )
      .subscribe((event) => seen.push(event));
    for (const event of ['a', 'bad', 'b', 'bad', 'c']) inbox.next(event);
    expect(seen).to.deep.equal(['a', 'b', 'c']);
    expect(onFailure.args).to.deep.equal([
      [wrong, 'bad'],
      [wrong, 'bad'],
    ]);
  });

  it('passes none, one or several, in order, before next returns', () => {
    const seen: string[] = [];
    const inbox = new Subject<string>();
    inbox.pipe(eachEvent((event) => [...event], sinon.stub().throws())).subscribe((event) => seen.push(event));
    inbox.next('ab');
    expect(seen).to.deep.equal(['a', 'b']);
    inbox.next('');
    expect(seen).to.deep.equal(['a', 'b']);
  });

  it('lets an event that is emitted meanwhile out before its own next returns', () => {
    const seen: string[] = [];
    const inbox = new Subject<string>();
    inbox.pipe(eachEvent((event) => [event], sinon.stub().throws())).subscribe((event) => {
      seen.push(event);
      if (event !== 'outer') return;
      inbox.next('inner');
      expect(seen).to.deep.equal(['outer', 'inner']);
      seen.push('end of outer');
    });
    inbox.next('outer');
    expect(seen).to.deep.equal(['outer', 'inner', 'end of outer']);
  });

  it('ends when the events end', () => {
    const complete = sinon.spy();
    of(1)
      .pipe(eachEvent((event) => [event], sinon.stub().throws()))
      .subscribe({ complete });
    expect(complete.callCount).to.equal(1);
  });
});
