// The receiver, a process of its own: answers 202, and a multi-push with what it has taken, counts events, and says when as many have come as were asked for.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export type ReceiverNews =
  | { readonly kind: 'port'; readonly port: number }
  /** The last event that was waited for has come: when, by the machine's steady clock, in nanoseconds. */
  | { readonly kind: 'complete'; readonly at: string; readonly latencies: readonly number[] };

const say = (news: ReceiverNews): void => void process.send?.(news);
let [seen, expected] = [0, Number.POSITIVE_INFINITY];
let latencies: number[] = [];

const multiPush = Buffer.from('{"sets":');

const occurrences = (body: Buffer, word: string): number => {
  let count = 0;
  for (let at = body.indexOf(word); at >= 0; at = body.indexOf(word, at + word.length)) count += 1;
  return count;
};

/** A SET in the clear has one `jti`; in a multi-push each compact JWS begins with the same header. */
function eventsIn(body: Buffer, type: string | undefined): number {
  if (type === 'application/secevent+jwt') return 1;
  return body.subarray(0, 8).equals(multiPush) ? occurrences(body, '"eyJ') : occurrences(body, '"jti":"');
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks);
    const isEach = body.subarray(0, 8).equals(multiPush);
    const answer = isEach ? JSON.stringify({ ack: Object.keys(JSON.parse(body.toString()).sets) }) : '';
    response.writeHead(202, { 'content-length': Buffer.byteLength(answer) }).end(answer);
    seen += eventsIn(body, request.headers['content-type']);
    const sentAt = body.indexOf('"rci":"t-');
    if (sentAt >= 0) {
      const nanoseconds = BigInt(body.toString('latin1', sentAt + 9, body.indexOf('"', sentAt + 9)));
      latencies.push(Number(process.hrtime.bigint() - nanoseconds) / 1e6);
    }
    if (seen < expected) return;
    expected = Number.POSITIVE_INFINITY;
    say({ kind: 'complete', at: String(process.hrtime.bigint()), latencies });
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => say({ kind: 'port', port: (server.address() as AddressInfo).port }));
process.on('message', (count: number) => {
  [seen, expected, latencies] = [0, count, []];
});
process.on('disconnect', () => process.exit());
