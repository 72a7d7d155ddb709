import { expect } from 'chai';
import sinon from 'sinon';
import { Secret } from '../../src/secret.js';
import type { Answer, ClientCredentials } from '../../src/transmitter/endpoint.js';
import { clientCredentials, TokenError, type TokenSource } from '../../src/transmitter/oauth2.js';
import type { Post } from '../../src/transmitter/post.js';

const credentials: ClientCredentials = {
  tokenUrl: 'https://id.example.com/token',
  clientId: 'setwire',
  clientSecret: new Secret('s3cret'),
  clientAuth: 'basic',
};
const { signal } = new AbortController();

const answered = (status: number, body: unknown): Answer => ({
  kind: 'answer',
  status,
  headers: {},
  body: typeof body === 'string' ? body : JSON.stringify(body),
  durationMs: 1,
  bytes: 1,
});
const granted = (token: string, members: Record<string, unknown> = {}): Answer =>
  answered(200, { access_token: token, token_type: 'Bearer', expires_in: 3600, ...members });

async function errorOf(tokens: TokenSource): Promise<unknown> {
  try {
    return await tokens.token(signal);
  } catch (error) {
    return error;
  }
}

describe('a token by client credentials', () => {
  let time: number;
  let post: sinon.SinonStub<Parameters<Post>, ReturnType<Post>>;
  const now = (): number => time;

  beforeEach(() => {
    time = 1_800_000_000_000;
    post = sinon.stub();
    let count = 0;
    post.callsFake(async () => {
      count += 1;
      return granted(`token-${count}`);
    });
  });

  it('is asked for with a form, the client shown by HTTP Basic', async () => {
    const tokens = clientCredentials({ ...credentials, scope: 'events write', audience: 'crm' }, post, now);
    expect(await tokens.token(signal)).to.equal('token-1');
    const [url, body, headers] = post.firstCall.args;
    expect(url).to.equal('https://id.example.com/token');
    expect(Object.fromEntries(new URLSearchParams(String(body)))).to.deep.equal({
      grant_type: 'client_credentials',
      scope: 'events write',
      audience: 'crm',
    });
    expect(headers).to.deep.equal({
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Basic ${Buffer.from('setwire:s3cret').toString('base64')}`,
    });
  });

  it('is asked for with id and secret encoded before they are joined', async () => {
    const tokens = clientCredentials(
      { ...credentials, clientId: 'a:b c', clientSecret: new Secret('p%:+é') },
      post,
      now,
    );
    await tokens.token(signal);
    const shown = Buffer.from(String(post.firstCall.args[2].authorization).slice('Basic '.length), 'base64');
    expect(shown.toString('utf8')).to.equal('a%3Ab+c:p%25%3A%2B%C3%A9');
  });

  it('is asked for with id and secret in the form where the config says so', async () => {
    await clientCredentials({ ...credentials, clientAuth: 'post' }, post, now).token(signal);
    const [, body, headers] = post.firstCall.args;
    expect(Object.fromEntries(new URLSearchParams(String(body)))).to.deep.equal({
      grant_type: 'client_credentials',
      client_id: 'setwire',
      client_secret: 's3cret',
    });
    expect(headers).to.not.have.property('authorization');
  });

  const lives = [
    { expires_in: 3600, keptMs: 3_540_000 },
    { expires_in: 100, keptMs: 90_000 },
    { expires_in: '100', keptMs: 90_000 },
    { expires_in: undefined, keptMs: 270_000 },
    { expires_in: 0, keptMs: 270_000 },
    { expires_in: -5, keptMs: 270_000 },
    { expires_in: 'soon', keptMs: 270_000 },
  ];
  for (const { expires_in, keptMs } of lives) {
    it(`is kept for ${keptMs} ms where expires_in is ${JSON.stringify(expires_in) ?? 'left out'}`, async () => {
      post.onFirstCall().resolves(granted('first', { expires_in })).onSecondCall().resolves(granted('second'));
      const tokens = clientCredentials(credentials, post, now);
      await tokens.token(signal);
      time += keptMs - 1;
      expect(await tokens.token(signal)).to.equal('first');
      time += 1;
      expect(await tokens.token(signal)).to.equal('second');
    });
  }

  it('is asked for once by callers that come together', async () => {
    const tokens = clientCredentials(credentials, post, now);
    const together = await Promise.all(Array.from({ length: 10 }, () => tokens.token(signal)));
    expect(new Set(together)).to.deep.equal(new Set(['token-1']));
    expect(post.callCount).to.equal(1);
  });

  it('is asked for again once it has been refused', async () => {
    const tokens = clientCredentials(credentials, post, now);
    tokens.refuse(await tokens.token(signal));
    expect(await tokens.token(signal)).to.equal('token-2');
  });

  it('stays where it is an older one that is refused', async () => {
    const tokens = clientCredentials(credentials, post, now);
    const older = await tokens.token(signal);
    tokens.refuse(older);
    await tokens.token(signal);
    tokens.refuse(older);
    expect(await tokens.token(signal)).to.equal('token-2');
    expect(post.callCount).to.equal(2);
  });

  it('is asked for again after a failure', async () => {
    post.onFirstCall().resolves(answered(503, ''));
    const tokens = clientCredentials(credentials, post, now);
    expect(await errorOf(tokens)).to.be.instanceOf(TokenError);
    expect(await tokens.token(signal)).to.match(/^token-/);
  });

  it('may be of the type bearer in any letters', async () => {
    post.resolves(granted('first', { token_type: 'bEARER' }));
    expect(await clientCredentials(credentials, post, now).token(signal)).to.equal('first');
  });

  const unusable: Record<string, Answer> = {
    'the type is another': granted('t', { token_type: 'DPoP' }),
    'the type is left out': granted('t', { token_type: undefined }),
    'the token is left out': granted('t', { access_token: undefined }),
    'the token is empty': granted(''),
    'the token is a number': granted('t', { access_token: 5 }),
    'the token has a line break': granted('t\r\nx-admin: yes'),
    'the token has a control character': granted('t\u0000'),
    'the token has a space': granted('t t'),
    'the token is not ASCII': granted('té'),
    'the answer is no JSON': answered(200, '<html>'),
    'the answer is null': answered(200, 'null'),
    'the answer is empty': answered(200, ''),
    'the answer is cut': answered(200, '{"access_token":"t","token_type":"Bearer"'),
  };
  for (const [why, answer] of Object.entries(unusable)) {
    it(`is none where ${why}`, async () => {
      post.resolves(answer);
      const error = await errorOf(clientCredentials(credentials, post, now));
      expect(error).to.be.instanceOf(TokenError);
      expect((error as Error).message).to.equal('the token endpoint answered without a bearer token');
    });
  }

  for (const status of [201, 302, 400, 401, 500]) {
    it(`is none where ${status} is answered, and the error says no more than that`, async () => {
      post.resolves(answered(status, { error: 'invalid_client', error_description: 's3cret is wrong' }));
      const error = await errorOf(clientCredentials(credentials, post, now));
      expect(error).to.be.instanceOf(TokenError);
      expect((error as Error).message).to.equal(`the token endpoint answered ${status}`);
    });
  }

  it('is none where the token endpoint cannot be reached', async () => {
    post.resolves({ kind: 'failure', code: 'ECONNREFUSED', detail: 'nothing listens there', durationMs: 1, bytes: 1 });
    const error = await errorOf(clientCredentials(credentials, post, now));
    expect(error).to.be.instanceOf(TokenError);
    expect((error as Error).message).to.equal('the token endpoint: ECONNREFUSED, nothing listens there');
  });
});
