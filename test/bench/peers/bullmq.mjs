// BullMQ: one job per event, one POST per job.
import { Queue, Worker } from 'bullmq';
import { undiciTo } from './post.mjs';

export async function begin({ url, port }, { textOf, signed }) {
  const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null };
  const kept = { removeOnComplete: true, removeOnFail: 1000, attempts: 10 };
  const queue = new Queue('bench', { connection, defaultJobOptions: kept });
  await queue.obliterate({ force: true });
  const client = undiciTo(url, 64);
  const worker = new Worker('bench', ({ data: { text } }) => client.post(text, signed(text)), {
    connection,
    concurrency: 64,
  });
  await worker.waitUntilReady();
  return {
    async run(count, from) {
      for (let n = 0; n < count; n += 500) {
        const some = Array.from({ length: Math.min(500, count - n) }, (_, m) => ({
          name: 'event',
          data: { text: textOf(from + n + m) },
        }));
        await queue.addBulk(some);
      }
    },
    async end() {
      await worker.close(true);
      await queue.close();
      await client.close();
    },
  };
}
