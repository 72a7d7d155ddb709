// Loaded before anything else (`--import`): ends a delivery thread at a random moment after it has begun, as long as the
// file is there that SETWIRE_TEST_CRASH names. How: by an error, a rejection, an exit, or for want of memory.
import { existsSync } from 'node:fs';
import { isMainThread, parentPort } from 'node:worker_threads';

const ways = [
  () => {
    throw new Error('alice@example.com must not be in a log');
  },
  () => void Promise.reject(new Error('alice@example.com must not be in a log')),
  () => process.exit(7),
  () => {
    const held = [];
    for (;;) held.push(Array.from({ length: 100_000 }, () => Math.random()));
  },
];

const {
  SETWIRE_TEST_CRASH: file = '',
  SETWIRE_TEST_CRASH_WITHIN_MS: within = '1000',
  SETWIRE_TEST_CRASH_SHARE: share = '1',
} = process.env;

function crash() {
  if (existsSync(file)) ways[Math.floor(Math.random() * ways.length)]();
}

if (!isMainThread && parentPort !== null && file !== '') {
  const post = parentPort.postMessage.bind(parentPort);
  parentPort.postMessage = (news) => {
    post(news);
    // Not all of them: the pauses between threads that crash one after another grow.
    if (news.kind === 'begun' && Math.random() < Number(share)) setTimeout(crash, Math.random() * Number(within));
  };
}
