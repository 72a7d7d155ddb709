import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect } from 'chai';
import { canonicalTypes } from '../../../src/events/identity-event.js';
import { ssf } from '../../../src/set/profiles/ssf.js';
import { eventTypesHandlerOf } from '../../../src/set/profiles/ssf-documents.js';
import { identityEvent } from '../../support/events.js';
import { partner, setOf } from '../../support/ssf-settings.js';

describe('our own event types', () => {
  let server: Server;
  let base: string;

  beforeEach(async () => {
    const handler = eventTypesHandlerOf(() => ({ eventTypeBase: base }));
    server = createServer((request, response) => handler(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/ssf/event-type/`;
  });

  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  it('are dereferenceable: each URI in a SET leads to a schema that the SET passes', async () => {
    const settings = { ...partner, claims: ['*'], eventTypeBase: base };
    const ours = canonicalTypes.filter((type) => ssf.eventTypeUris(type, settings)[0]?.startsWith(base));
    expect(ours).to.have.lengthOf(10);
    for (const type of ours) {
      const set = setOf(identityEvent(type), settings);
      const [uri = ''] = Object.keys(set.events);
      const answer = await fetch(uri);
      expect(answer.status, uri).to.equal(200);
      expect(answer.headers.get('content-type')).to.equal('application/schema+json');
      const schema = (await answer.json()) as Record<string, unknown>;
      expect(schema.$id).to.equal(uri);
      expect(schema.description).to.be.a('string').and.not.equal('');
      const ajv = new Ajv2020({ strict: false });
      addFormats.default(ajv);
      const check = ajv.compile(schema);
      expect(check(set), JSON.stringify(check.errors)).to.equal(true);
      expect(check({ ...set, exp: 1 })).to.equal(false);
    }
  });

  it('are listed at their base', async () => {
    const { event_types } = (await (await fetch(base)).json()) as { event_types: { name: string; uri: string }[] };
    expect(event_types).to.have.lengthOf(10);
    for (const { name, uri } of event_types) expect(uri).to.equal(base + name);
  });

  it('answer HEAD without a body, other methods with 405, and what is not ours with 404', async () => {
    const head = await fetch(`${base}login-success?x=1`, { method: 'HEAD' });
    expect([head.status, await head.text()]).to.deep.equal([200, '']);
    const post = await fetch(base, { method: 'POST' });
    expect([post.status, post.headers.get('allow')]).to.deep.equal([405, 'GET, HEAD']);
    for (const name of ['session-revoked', 'common', '..%2Fconfig', 'constructor', 'host-event'])
      expect((await fetch(base + name)).status, name).to.equal(404);
  });
});
