import { expect } from 'chai';
import type { IdentityEvent } from '../../src/events/identity-event.js';
import { checkQuery, selectOf } from '../../src/transmitter/select.js';
import { identityEvent } from '../support/events.js';

describe('selectOf', () => {
  const login = identityEvent('login.success');
  const wants = (where: Record<string, unknown>, event: IdentityEvent = login): boolean =>
    selectOf({ events: ['*'], where })(event);

  describe('the patterns', () => {
    it('want what any of them means', () => {
      const select = selectOf({ events: ['login.failure', 'account.*'], where: {} });
      const chosen = ['login.failure', 'login.success', 'account.locked', 'account.deleted', 'token.issued'].filter(
        (type) => select(identityEvent(type)),
      );
      expect(chosen).to.deep.equal(['login.failure', 'account.locked', 'account.deleted']);
    });

    it('want nothing where there are none', () => {
      expect(selectOf({ events: [], where: {} })(login)).to.equal(false);
    });

    it('say the same when a type comes again, also when a host has made up hundreds', () => {
      const select = selectOf({ events: ['x-acme.*'], where: {} });
      for (let round = 0; round < 2; round += 1) {
        for (let number = 0; number < 400; number += 1) {
          expect(select({ ...login, type: `x-acme.t${number}` })).to.equal(true);
          expect(select({ ...login, type: `x-other.t${number}` })).to.equal(false);
        }
      }
    });
  });

  describe('the query', () => {
    const cases: { title: string; where: Record<string, unknown>; wanted: boolean }[] = [
      { title: 'is met by anything when it is empty', where: {}, wanted: true },
      { title: 'compares a member', where: { 'application.clientId': 'myapp' }, wanted: true },
      { title: 'refuses another value', where: { 'application.clientId': 'other' }, wanted: false },
      { title: 'refuses a member that is not there', where: { 'flow.id': 'x' }, wanted: false },
      { title: 'takes one of several ($in)', where: { 'application.clientId': { $in: ['a', 'myapp'] } }, wanted: true },
      { title: 'refuses none of several ($in)', where: { 'application.clientId': { $in: ['a', 'b'] } }, wanted: false },
      { title: 'takes anything else ($nin)', where: { 'application.clientId': { $nin: ['a', 'b'] } }, wanted: true },
      { title: 'looks into lists', where: { 'user.groups': 'staff' }, wanted: true },
      { title: 'looks into lists ($in)', where: { 'user.roles': { $in: ['admin', 'editor'] } }, wanted: true },
      {
        title: 'takes either ($or)',
        where: { $or: [{ 'tenant.id': '7' }, { 'user.username': 'peter@aol.com' }] },
        wanted: true,
      },
      { title: 'refuses neither ($or)', where: { $or: [{ 'tenant.id': '7' }, { 'tenant.id': '8' }] }, wanted: false },
      {
        title: 'takes both ($and), nested in $or',
        where: { $or: [{ $and: [{ 'tenant.id': '1' }, { 'application.name': 'MyApp' }] }, { type: 'token.issued' }] },
        wanted: true,
      },
      { title: 'takes all its members together', where: { 'tenant.id': '1', 'application.name': 'No' }, wanted: false },
      { title: 'turns a condition round ($not)', where: { 'tenant.id': { $not: { $in: ['1'] } } }, wanted: false },
      { title: 'takes a pattern ($regex)', where: { 'user.username': { $regex: '@aol\\.com$' } }, wanted: true },
      {
        title: 'takes a pattern with options ($regex)',
        where: { 'user.username': { $regex: '^PETER', $options: 'i' } },
        wanted: true,
      },
      { title: 'refuses a pattern that is not met', where: { 'user.username': { $regex: '^aol' } }, wanted: false },
      { title: 'asks whether a member is there ($exists)', where: { risk: { $exists: false } }, wanted: true },
      { title: 'compares numbers ($gte)', where: { time: { $gte: 1_751_705_149_641 } }, wanted: true },
      { title: 'compares numbers ($lt)', where: { time: { $lt: 1_751_705_149_641 } }, wanted: false },
      { title: 'looks into an element ($elemMatch)', where: { sessions: { $elemMatch: { id: 's' } } }, wanted: false },
    ];
    for (const { title, where, wanted } of cases) {
      it(title, () => {
        expect(checkQuery(where)).to.equal(undefined);
        expect(wants(where)).to.equal(wanted);
      });
    }

    it('is asked for each event, not for each type', () => {
      const select = selectOf({ events: ['*'], where: { 'tenant.id': '1' } });
      expect(select(login)).to.equal(true);
      expect(select({ ...login, tenant: { id: '2', name: 'other.example.com' } })).to.equal(false);
    });

    it('is met only together with a pattern', () => {
      expect(selectOf({ events: ['account.*'], where: { 'tenant.id': '1' } })(login)).to.equal(false);
    });
  });

  describe('refuses', () => {
    const cases: { title: string; where: Record<string, unknown>; says: RegExp }[] = [
      { title: '$where as text', where: { $where: 'process.exit()' }, says: /\$where is not allowed/ },
      { title: '$where deep inside', where: { $or: [{ a: 1 }, { $and: [{ $where: 'true' }] }] }, says: /\$where/ },
      { title: '$where below a member', where: { user: { $not: { $where: 'true' } } }, says: /\$where/ },
      { title: 'a function', where: { type: () => true }, says: /a function is not allowed/ },
      { title: 'a function in a list', where: { type: { $in: [() => true] } }, says: /a function/ },
      { title: 'an operator that is none', where: { type: { $like: 'login%' } }, says: /\$like/ },
      { title: 'an operator that is none at the top', where: { $xor: [{ a: 1 }] }, says: /\$xor/ },
      { title: 'an operator that is none within $or', where: { $or: [{ type: { $is: 1 } }] }, says: /\$is/ },
      { title: 'a broken pattern', where: { type: { $regex: '(' } }, says: /regular expression/i },
      { title: '$or without a list', where: { $or: 5 }, says: /./ },
    ];
    for (const { title, where, says } of cases) {
      it(title, () => {
        expect(checkQuery(where)).to.match(says);
        expect(() => selectOf({ events: ['*'], where })).to.throw(/^where: /);
      });
    }
  });
});
