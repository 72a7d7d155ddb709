// The two HTTP clients, with as many connections as Setwire's endpoint has.
import { Agent } from 'node:http';
import { got } from 'got';
import { Pool } from 'undici';

export function undiciTo(url, connections) {
  const { origin, pathname } = new URL(url);
  const pool = new Pool(origin, { connections, pipelining: 1 });
  return {
    async post(body, headers) {
      const { statusCode, body: answer } = await pool.request({ path: pathname, method: 'POST', headers, body });
      await answer.dump();
      if (statusCode !== 202) throw new Error(`answered ${statusCode}`);
    },
    close: () => pool.close(),
  };
}

export function gotTo(url, connections) {
  const http = new Agent({ keepAlive: true, maxSockets: connections });
  const client = got.extend({ agent: { http }, retry: { limit: 0 }, throwHttpErrors: false });
  return {
    async post(body, headers) {
      const { statusCode } = await client.post(url, { body, headers });
      if (statusCode !== 202) throw new Error(`answered ${statusCode}`);
    },
    close: async () => http.destroy(),
  };
}

/** Runs `work` for 0 to `count - 1`, so many at once. */
export async function inParallel(count, atOnce, work) {
  let next = 0;
  const lane = async () => {
    while (next < count) {
      next += 1;
      await work(next - 1);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, lane));
}
