import sys
import jwt  # PyJWT[crypto]

jwks_url, issuer, audience, set_ = sys.argv[1:]

# Keeps the JWK Set, and fetches it anew for a kid that it does not know.
keys = jwt.PyJWKClient(jwks_url)

if jwt.get_unverified_header(set_).get("typ") != "secevent+jwt":
    raise ValueError("this is no SET")
claims = jwt.decode(
    set_,
    keys.get_signing_key_from_jwt(set_).key,
    algorithms=["ES256"],  # the one that `signing.alg` says, never what the SET says
    issuer=issuer,
    audience=audience,
    options={"require": ["jti", "iat", "iss", "aud", "events"]},
)
if "exp" in claims or "sub" in claims:
    raise ValueError("this is no SET of Shared Signals")
print(claims["jti"], claims["sub_id"], claims["events"])
