import { createRemoteJWKSet, jwtVerify } from 'jose';

const [jwksUrl, issuer, audience, set] = process.argv.slice(2);

// Keeps the JWK Set, and fetches it anew for a kid that it does not know: a rotation needs nothing else.
const keys = createRemoteJWKSet(new URL(jwksUrl), { cooldownDuration: 1000 });

const { payload } = await jwtVerify(set, keys, {
  typ: 'secevent+jwt', // or an access token could be taken for a SET, and the other way round
  algorithms: ['ES256'], // the one that `signing.alg` says, never what the SET says
  issuer,
  audience,
  requiredClaims: ['jti', 'iat', 'events'],
});
if ('exp' in payload || 'sub' in payload) throw new Error('this is no SET of Shared Signals');
console.log(payload.jti, payload.sub_id, payload.events);
