// An HTTP client alone: events that are made up as they are sent, signed, no durability, no order, no retry.
import { gotTo, inParallel, undiciTo } from './post.mjs';

export async function begin({ url, batch, library, connections = batch === 1 ? 64 : 8 }, { textOf, signed }) {
  const client = (library === 'got' ? gotTo : undiciTo)(url, connections);
  return {
    run: (count, from) =>
      inParallel(count / batch, connections, async (n) => {
        const texts = Array.from({ length: batch }, (_, m) => textOf(from + n * batch + m));
        const body = batch === 1 ? texts[0] : `[${texts.join(',')}]`;
        await client.post(body, signed(body));
      }),
    end: () => client.close(),
  };
}
