import { expect } from 'chai';
import type { BatchLimits, Endpoint } from '../../src/transmitter/endpoint.js';
import { formatOf } from '../../src/transmitter/request.js';

const time = Date.parse('2026-11-23T14:00:00.250Z');
const texts = ['{"iss":"https://id.example.com","jti":"jti-1","name":"José 日本 🔑"}', '{"jti":"jti-2"}'] as const;
const jwts = ['eyJ0.eyJ1.c2ln', 'eyJ0.eyJ2.c2ln'] as const;

/** @param isSealed what is sent is a JWT, and not JSON */
const setsOf = (count: number, isSealed: boolean) =>
  texts.slice(0, count).map((text, index) => ({
    jti: `jti-${index + 1}`,
    eventType: 'login.success',
    eventTypeUri: 'https://events.example.com/login',
    text,
    bytes: Buffer.byteLength(text),
    time,
    sent: isSealed ? (jwts[index] ?? '') : text,
  }));

const event = (jti: string, source: string, data: string, type: string): string =>
  `{"specversion":"1.0","id":"${jti}","source":"${source}","type":"https://events.example.com/login","time":"2026-11-23T14:00:00.250Z","datacontenttype":"${type}","data":${data}}`;
const json = 'application/json';
const jwt = 'application/secevent+jwt';
const events = [
  event('jti-1', 'https://id.example.com', texts[0], json),
  event('jti-2', 'setwire', texts[1], json),
] as const;
const sealedEvent = event('jti-1', 'https://id.example.com', `"${jwts[0]}"`, jwt);
const splunk = (source: string, value: string): string =>
  `{"time":1795442400.25,"source":"${source}","sourcetype":"secevent","event":${value}}\n`;

interface Row {
  readonly delivery?: Endpoint['delivery'];
  readonly wire?: Endpoint['wire'];
  readonly format?: BatchLimits['format'];
  readonly sealed?: boolean;
  readonly count: number;
  readonly contentType: string;
  readonly body: string;
}

const rows: readonly Row[] = [
  { format: 'single', count: 1, contentType: json, body: texts[0] },
  { format: 'array', count: 1, contentType: json, body: `[${texts[0]}]` },
  { format: 'array', count: 2, contentType: json, body: `[${texts[0]},${texts[1]}]` },
  { format: 'ndjson', count: 1, contentType: 'application/x-ndjson', body: `${texts[0]}\n` },
  { format: 'ndjson', count: 2, contentType: 'application/x-ndjson', body: `${texts[0]}\n${texts[1]}\n` },
  { format: 'single', sealed: true, count: 1, contentType: jwt, body: jwts[0] },
  { format: 'array', sealed: true, count: 2, contentType: json, body: `["${jwts[0]}","${jwts[1]}"]` },
  {
    format: 'ndjson',
    sealed: true,
    count: 2,
    contentType: 'application/x-ndjson',
    body: `"${jwts[0]}"\n"${jwts[1]}"\n`,
  },
  { format: 'cloudevents', count: 1, contentType: 'application/cloudevents+json; charset=UTF-8', body: events[0] },
  {
    format: 'cloudevents',
    sealed: true,
    count: 1,
    contentType: 'application/cloudevents+json; charset=UTF-8',
    body: sealedEvent,
  },
  {
    format: 'cloudevents-batch',
    count: 2,
    contentType: 'application/cloudevents-batch+json; charset=UTF-8',
    body: `[${events[0]},${events[1]}]`,
  },
  {
    format: 'splunk-hec',
    count: 2,
    contentType: json,
    body: splunk('https://id.example.com', texts[0]) + splunk('setwire', texts[1]),
  },
  {
    format: 'splunk-hec',
    sealed: true,
    count: 1,
    contentType: json,
    body: splunk('https://id.example.com', `"${jwts[0]}"`),
  },
  { delivery: 'push', sealed: true, count: 1, contentType: jwt, body: jwts[0] },
  {
    delivery: 'multi-push',
    sealed: true,
    count: 2,
    contentType: json,
    body: `{"sets":{"jti-1":"${jwts[0]}","jti-2":"${jwts[1]}"}}`,
  },
  {
    delivery: 'multi-push',
    wire: 'secevents',
    sealed: true,
    count: 1,
    contentType: 'application/secevents+json',
    body: `{"sets":{"jti-1":"${jwts[0]}"}}`,
  },
  { delivery: 'multi-push', sealed: true, count: 0, contentType: json, body: '{"sets":{}}' },
];

describe('the request of a batch', () => {
  for (const {
    delivery = 'webhook',
    wire = 'draft-02',
    format = 'single',
    sealed = false,
    count,
    ...expected
  } of rows) {
    const name = delivery === 'webhook' ? format : `${delivery} ${wire}`;
    it(`is ${expected.contentType}, ${name}, with ${count} ${sealed ? 'sealed' : 'plain'} SET(s)`, () => {
      const request = formatOf({ delivery, wire, batch: { format } }, sealed);
      const sets = setsOf(count, sealed);
      expect(request.contentType).to.equal(expected.contentType);
      expect(request.bodyOf(sets)).to.equal(expected.body);
      const foreseen = sets.reduce(
        (sum, set) => sum + request.sizeOf(set, Buffer.byteLength(set.sent)),
        request.around,
      );
      expect(foreseen, 'the size that it is packed by').to.be.within(
        Buffer.byteLength(expected.body),
        Buffer.byteLength(expected.body) + 8 * count + 1,
      );
    });
  }

  it('names a SET once that is in it twice', () => {
    const { bodyOf } = formatOf({ delivery: 'multi-push', wire: 'draft-02', batch: { format: 'single' } }, true);
    const [set] = setsOf(1, true);
    if (set === undefined) throw new Error('no SET');
    expect(bodyOf([set, set])).to.equal(`{"sets":{"jti-1":"${jwts[0]}"}}`);
  });
});
