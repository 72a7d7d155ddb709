import { APIError } from 'better-auth/api';
import { expect } from 'chai';
import { outcomeOf, typedIn } from '../../../src/hosts/better-auth/call.js';

const redirect = (location: string): APIError => new APIError('FOUND', undefined, new Headers({ location }));

describe("an endpoint's answer", () => {
  const rows: [name: string, returned: unknown, status: number, code?: string][] = [
    ['a value', { token: 'x' }, 200],
    ['nothing', undefined, 200],
    ['a value that looks like an error', { statusCode: 401, body: { code: 'X' } }, 200],
    [
      'an error of better-auth',
      new APIError('UNAUTHORIZED', { code: 'INVALID_EMAIL_OR_PASSWORD' }),
      401,
      'INVALID_EMAIL_OR_PASSWORD',
    ],
    ['an error of OAuth 2', new APIError('BAD_REQUEST', { error: 'invalid_grant' } as object), 400, 'invalid_grant'],
    ['an error without a code', new APIError('FORBIDDEN'), 403, 'unknown'],
    ['a code that is none', new APIError('FORBIDDEN', { code: 'ann@example.com is banned' }), 403, 'unknown'],
    ['an error that was not meant', new Error('a fault'), 200],
    ['a redirect on success', redirect('/welcome?token=x'), 302],
    ['a redirect without a query', redirect('https://shop.example.com/'), 302],
    [
      'a redirect with an error',
      redirect('https://shop.example.com/sorry?error=access_denied#top'),
      400,
      'access_denied',
    ],
    ['a redirect with the words of another server', redirect('/sorry?error=%3Cscript%3E'), 400, 'unknown'],
  ];
  for (const [name, returned, status, code] of rows) {
    it(`is ${code ?? status} for ${name}`, () => {
      expect(outcomeOf(returned)).to.deep.equal({ status, ...(code !== undefined && { code }) });
    });
  }

  it('is about whoever was typed, in legible words', () => {
    expect(typedIn({ email: ' ann@example.com ' })).to.deep.equal({ field: 'email', value: 'ann@example.com' });
    expect(typedIn({ username: `a\u0000b${'c'.repeat(500)}` })?.value).to.equal(`a\ufffdb${'c'.repeat(253)}`);
    for (const body of [undefined, null, 'ann', { email: 42 }, { email: '  ' }])
      expect(typedIn(body)).to.equal(undefined);
  });
});
