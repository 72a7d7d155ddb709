import { expect } from 'chai';
import { type Adapter, createAdapter } from '../../src/adapter.js';
import { type Receiver, startReceiver } from '../support/receiver.js';
import { type Workplace, workplace } from '../support/settings.js';

describe('a batch leaves', () => {
  let place: Workplace;
  let receiver: Receiver;
  let adapter: Adapter | undefined;

  beforeEach(async () => {
    place = workplace();
    receiver = await startReceiver();
  });

  afterEach(async () => {
    await adapter?.detach();
    await receiver.stop();
    place.remove();
  });

  async function emit(count: number, batch: Record<string, unknown>): Promise<void> {
    adapter = createAdapter(place.settings({ endpoints: { crm: { url: receiver.url, batch } } }), {
      report: () => undefined,
    });
    const users = Array.from({ length: count }, (_, n) => `user-${n}`);
    await Promise.all(users.map((username) => adapter?.emit({ type: 'login.failure', user: { username } })));
  }

  const sizesOf = (): number[] => receiver.requests.map(({ body }) => JSON.parse(body.toString()).length);

  it('when it is full by count, and not before', async () => {
    await emit(7, { format: 'array', maxEvents: 3, maxWait: '1h' });
    await receiver.next(2);
    expect(sizesOf()).to.deep.equal([3, 3]);
    await adapter?.detach();
    // What was still waiting leaves with the stop.
    expect(sizesOf()).to.deep.equal([3, 3, 1]);
  });

  it('when it is full by bytes, brackets and commas counted', async () => {
    await emit(1, { format: 'array', maxEvents: 1 });
    const one = (await receiver.next()).body.length;
    await adapter?.detach();
    // Three SETs of one - 2 bytes, two commas and two brackets fit to the byte; with one byte less only two do.
    const three = 3 * (one - 2) + 4;
    await emit(6, { format: 'array', maxEvents: 100, maxBytes: `${three}B`, maxWait: '1h' });
    await receiver.next(3);
    expect(receiver.requests.slice(1, 3).map(({ body }) => body.length)).to.deep.equal([three, three]);
    await adapter?.detach();
    await emit(4, { format: 'array', maxEvents: 100, maxBytes: `${three - 1}B`, maxWait: '1h' });
    await adapter?.detach();
    expect(sizesOf().slice(3)).to.deep.equal([2, 2]);
  });

  it('when its oldest event has waited long enough', async () => {
    await emit(2, { format: 'ndjson', maxEvents: 100, maxWait: '20ms' });
    const { body, headers } = await receiver.next();
    expect(body.toString()).to.match(/^\{.*\}\n\{.*\}\n$/);
    expect(headers['content-type']).to.equal('application/x-ndjson');
  });

  it('at once, where it is a single SET', async () => {
    await emit(2, { format: 'single', maxWait: '1h' });
    await receiver.next(2);
    expect(receiver.requests.map(({ body }) => Object.keys(JSON.parse(body.toString())).includes('jti'))).to.deep.equal(
      [true, true],
    );
  });
});
