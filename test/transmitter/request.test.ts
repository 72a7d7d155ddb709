import { expect } from 'chai';
import { requestOf } from '../../src/transmitter/request.js';
import { batchOf } from '../support/endpoint.js';

const first = '{"jti":"jti-1","name":"José 日本 🔑"}';
const second = '{"jti":"jti-2"}';

const rows = [
  { format: 'single', texts: [first], contentType: 'application/json', body: first },
  { format: 'array', texts: [first], contentType: 'application/json', body: `[${first}]` },
  { format: 'array', texts: [first, second], contentType: 'application/json', body: `[${first},${second}]` },
  { format: 'ndjson', texts: [first], contentType: 'application/x-ndjson', body: `${first}\n` },
  { format: 'ndjson', texts: [first, second], contentType: 'application/x-ndjson', body: `${first}\n${second}\n` },
] as const;

describe('the request of a batch', () => {
  for (const { format, texts, contentType, body } of rows) {
    it(`is ${contentType}, ${format}, with ${texts.length} SET(s), in UTF-8`, () => {
      const request = requestOf(batchOf(...texts), format);
      expect(request.contentType).to.equal(contentType);
      expect(request.body.equals(new TextEncoder().encode(body))).to.equal(true);
    });
  }
});
