import type { Config, EncryptionConfig, EndpointConfig } from '../schema-types.js';
import type { Secret } from '../secret.js';

/** The config as the code uses it: defaults filled in, units and secrets resolved, deeply frozen. */
export interface Settings {
  /** Absolute path of the file it was read from. */
  readonly file: string;
  /** Absolute paths of all files that it was made of: that one, and those of secrets. */
  readonly sources: readonly string[];
  readonly issuer?: string;
  readonly defaults: Config['defaults'];
  readonly ssf: Config['ssf'];
  readonly flows: {
    readonly login: {
      readonly suspicious: {
        readonly failures: number;
        readonly windowMs: number;
        readonly by: readonly ('user' | 'ip')[];
        readonly maxTracked: number;
      };
    };
    readonly session: { readonly presentedEveryMs: number; readonly maxSessions: number };
  };
  readonly journal: Config['journal'];
  /** Absolute. */
  readonly dataDir: string;
  readonly durability: Config['durability'];
  readonly transmitter: Config['transmitter'];
  readonly retention: {
    readonly maxAgeMs: number;
    readonly maxBytes: number;
    readonly hardLimitBytes: number;
    readonly removedEndpointMs: number;
  };
  readonly buffer: { readonly maxEvents: number; readonly maxBytes: number };
  readonly deadLetters: { readonly maxAgeMs: number; readonly maxCount: number };
  readonly log: {
    /** Absolute. */
    readonly file: string;
    readonly maxBytes: number;
    readonly keep: number;
    readonly userKey?: Secret;
    readonly level: Config['log']['level'];
  };
  readonly signing: {
    readonly alg: Config['signing']['alg'];
    /** Absolute. */
    readonly directory: string;
    /** Infinite: never by itself. */
    readonly rotateEveryMs: number;
    readonly overlapMs: number;
    /** A key of the operator's own, and public ones beside it: PEM or JWK. */
    readonly key?: Secret;
    readonly published?: readonly string[];
  };
  readonly stopTimeoutMs: number;
  readonly intake?: IntakeSettings;
  readonly endpoints: readonly EndpointSettings[];
}

/** What `setwire serve` takes from other servers. */
export interface IntakeSettings {
  readonly listen: { readonly host: string; readonly port: number } | { readonly socket: string };
  readonly maxBytes: number;
  readonly sources: readonly SourceSettings[];
}

export type SourceSettings =
  | {
      readonly type: 'wso2';
      readonly name: string;
      readonly path: string;
      /** Any of them; none: what nobody signed is taken. */
      readonly secrets: readonly Secret[];
    }
  | {
      readonly type: 'keycloak';
      readonly name: string;
      readonly path: string;
      readonly secrets: readonly Secret[];
      readonly token?: Secret;
    }
  | {
      readonly type: 'keycloak-log';
      readonly name: string;
      /** Absolute. */
      readonly file: string;
      readonly from: 'now' | 'beginning';
    }
  | { readonly type: 'identity-event'; readonly name: string; readonly path: string; readonly token: Secret };

export type AuthSettings =
  | { readonly type: 'bearer' | 'splunk'; readonly token: Secret }
  | { readonly type: 'basic'; readonly username: string; readonly password: Secret }
  | {
      readonly type: 'oauth2';
      readonly tokenUrl: string;
      readonly clientId: string;
      readonly clientSecret: Secret;
      readonly scope?: string;
      readonly audience?: string;
      readonly clientAuth: 'basic' | 'post';
    };

export interface EndpointSettings {
  readonly name: string;
  readonly url: string;
  readonly enabled: boolean;
  /** A number: a time, in milliseconds. */
  readonly from: 'now' | 'beginning' | number;
  readonly profile: EndpointConfig['profile'];
  readonly delivery: NonNullable<EndpointConfig['delivery']>;
  readonly wire: EndpointConfig['wire'];
  readonly audience?: string | readonly string[];
  readonly subject: EndpointConfig['subject'];
  /** To the key of a JWKS URL, or to a given one, PEM or JWK. */
  readonly encryption?: (
    | { readonly jwks: string; readonly key?: undefined }
    | { readonly key: string; readonly jwks?: undefined }
  ) &
    Pick<EncryptionConfig, 'alg' | 'enc'>;
  readonly events: readonly string[];
  readonly where: Readonly<Record<string, unknown>>;
  readonly claims: readonly string[];
  readonly headers: Readonly<Record<string, Secret>>;
  readonly auth?: AuthSettings;
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: Secret; readonly passphrase?: Secret };
  readonly signature?: {
    readonly scheme: 'wso2' | 'hub' | 'standard-webhooks';
    readonly secret: Secret;
    readonly previousSecret?: Secret;
  };
  readonly timeoutMs: number;
  readonly concurrency: number;
  readonly order: EndpointConfig['order'];
  readonly batch: {
    readonly format: EndpointConfig['batch']['format'];
    readonly maxEvents: number;
    readonly maxBytes: number;
    readonly maxWaitMs: number;
  };
  readonly retry: {
    readonly initialMs: number;
    readonly maxMs: number;
    readonly maxAgeMs: number;
    readonly maxAttempts: number;
    readonly maxRetryAfterMs: number;
  };
  readonly circuit: {
    readonly failureRate: number;
    readonly windowMs: number;
    readonly minAttempts: number;
    readonly probeMs: number;
    readonly maxProbeMs: number;
  };
}
