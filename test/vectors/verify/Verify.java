import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import java.net.URI;
import java.util.Collections;
import java.util.Set;

class Verify {
  public static void main(String[] args) throws Exception {
    String jwksUrl = args[0], issuer = args[1], audience = args[2], set = args[3];

    var processor = new DefaultJWTProcessor<SecurityContext>();
    processor.setJWSTypeVerifier(new DefaultJOSEObjectTypeVerifier<>(new JOSEObjectType("secevent+jwt")));
    // Keeps the JWK Set, and fetches it anew for a kid that it does not know.
    processor.setJWSKeySelector(
        new JWSVerificationKeySelector<>(
            JWSAlgorithm.ES256, JWKSourceBuilder.create(URI.create(jwksUrl).toURL()).build()));
    processor.setJWTClaimsSetVerifier(
        new DefaultJWTClaimsVerifier<>(
            Collections.singleton(audience),
            new JWTClaimsSet.Builder().issuer(issuer).build(),
            Set.of("jti", "iat", "events"),
            Set.of("exp", "sub"))); // a SET of Shared Signals has neither

    JWTClaimsSet claims = processor.process(set, null);
    System.out.println(claims.getJWTID() + " " + claims.getClaim("sub_id") + " " + claims.getClaim("events"));
  }
}
