import type { Config, EndpointConfig } from '../schema-types.js';
import type { Secret } from '../secret.js';

/** The config as the code uses it: defaults filled in, units and secrets resolved, deeply frozen. */
export interface Settings {
  /** Absolute path of the file it was read from. */
  readonly file: string;
  readonly issuer?: string;
  readonly defaults: Config['defaults'];
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
  readonly journal: { readonly kind: 'memory'; readonly maxEvents: number; readonly maxBytes: number };
  readonly log: {
    /** Absolute. */
    readonly file: string;
    readonly maxBytes: number;
    readonly keep: number;
    readonly userKey?: Secret;
    readonly level: Config['log']['level'];
  };
  readonly stopTimeoutMs: number;
  readonly endpoints: readonly EndpointSettings[];
}

export type AuthSettings =
  | { readonly type: 'bearer'; readonly token: Secret }
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
  readonly profile: EndpointConfig['profile'];
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
  readonly batch: {
    readonly format: 'single' | 'array' | 'ndjson';
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
}
