/** What the code of a failed request means. An error's own text may hold the URL or a header: the words are ours. */
export function wordsFor(code: string): string {
  const family = families.find(([prefix]) => code.startsWith(prefix));
  return words[code] ?? family?.[1] ?? 'the request failed';
}

const words: Readonly<Record<string, string>> = {
  ABORTED: 'cut short because setwire stops',
  CERT_HAS_EXPIRED: 'the certificate has expired',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is self-signed',
  EAI_AGAIN: 'the host name could not be looked up',
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was cut',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ENOTFOUND: 'the host name is not known',
  EPIPE: 'the connection was cut',
  EPROTO: 'no TLS connection came about',
  ERR_INVALID_CHAR: 'a header has a character that HTTP does not allow',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is for another host name',
  ETIMEDOUT: 'no complete answer in time',
  HPE_HEADER_OVERFLOW: 'the headers of the answer are too large',
  SELF_SIGNED_CERT_IN_CHAIN: 'an authority of the certificate is not trusted',
  UNABLE_TO_GET_ISSUER_CERT: 'the authority of the certificate is not trusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the authority of the certificate is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the authority of the certificate is not trusted',
};

/** Node has dozens of codes of each: llhttp's, and OpenSSL's in a handshake and for a certificate or key of ours. */
const families: readonly (readonly [prefix: string, words: string])[] = [
  ['HPE_', 'the answer is not HTTP'],
  ['ERR_SSL_', 'no TLS connection came about'],
  ['ERR_OSSL_', 'the certificate or key of `tls` cannot be used'],
];
