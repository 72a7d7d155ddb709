import type { IncomingMessage } from 'node:http';
import { within } from '../within.js';
import { type Answer, accepted, badRequest, later, problem } from './answer.js';
import { type Keeper, keep } from './keep.js';
import { type HttpSource, json } from './source.js';

/** WSO2 waits 5 seconds for an answer, and gives up then. */
const answerWithinMs = 4000;

export interface HttpDeps {
  readonly keeper: Keeper;
  readonly maxBytes: number;
  /** What was not taken, and what Setwire has no event for, by source and kind. */
  readonly onRefused: (source: string, answer: Answer) => void;
  readonly onUnmapped: (source: string, kind: string) => void;
  /** Default: 4 seconds. */
  readonly withinMs?: number;
}

function pathOf({ url = '' }: IncomingMessage): string {
  const [path = ''] = url.split('?');
  return path;
}

function mediaTypeOf({ headers }: IncomingMessage): string | undefined {
  const [type = '', ...parameters] = (headers['content-type'] ?? json)
    .split(';')
    .map((part) => part.trim().toLowerCase());
  const isUtf8 = parameters.every(
    (parameter) => !parameter.startsWith('charset=') || /^charset="?utf-?8"?$/.test(parameter),
  );
  return isUtf8 && (headers['content-encoding'] ?? 'identity') === 'identity' ? type : undefined;
}

/** The body; undefined: it is too large. */
async function bodyOf(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return undefined;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const unauthorised = (): Answer =>
  problem(401, 'the token or the signature is missing or wrong', { headers: { 'www-authenticate': 'Bearer' } });

async function answerOf(request: IncomingMessage, source: HttpSource, deps: HttpDeps): Promise<Answer> {
  const { keeper, maxBytes, onUnmapped, withinMs = answerWithinMs } = deps;
  if (request.method !== 'POST') return problem(405, 'only POST is taken here', { headers: { allow: 'POST' } });
  if (!source.admits(request.headers)) return unauthorised();
  const mediaType = mediaTypeOf(request);
  if (mediaType === undefined || !source.mediaTypes.includes(mediaType))
    return problem(415, `taken is ${source.mediaTypes.join(', ')}, in UTF-8 and not compressed`);
  if (keeper.isBehind) return later(429, 'the journal is behind');
  const body = await bodyOf(request, maxBytes);
  if (body === undefined) {
    return problem(413, `a body has at most ${maxBytes} bytes`, { headers: { connection: 'close' } });
  }
  const text = source.textOf(body, request.headers);
  if (text === undefined) return unauthorised();
  const reading = source.read(text, mediaType);
  if (reading.kind === 'wrong') return badRequest(reading.faults);
  if (reading.unmapped !== undefined) onUnmapped(source.name, reading.unmapped);
  const late = { kind: 'later', why: 'the journal takes long' } as const;
  const kept = await within(withinMs, keep(reading, keeper), late);
  if (kept.kind === 'wrong') return badRequest(kept.faults);
  return kept.kind === 'later' ? later(429, kept.why) : accepted;
}

/** Answers a request to one of the sources, which are found by their paths; never rejects but for a broken connection. */
export async function answerTo(
  request: IncomingMessage,
  sources: ReadonlyMap<string, HttpSource>,
  deps: HttpDeps,
): Promise<Answer> {
  const source = sources.get(pathOf(request));
  if (source === undefined) return problem(404, 'no source has this path');
  const answer = await answerOf(request, source, deps);
  if (answer.status !== 202) deps.onRefused(source.name, answer);
  return answer;
}
