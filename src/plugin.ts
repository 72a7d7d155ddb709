import {
  type Adapter,
  checkQuery,
  createAdapter,
  type FormRequest,
  type FormResponse,
  operatorLog,
} from './adapter.js';
import { loadConfig } from './config/load.js';
import { optionsOf } from './config/options.js';
import { watchConfig } from './config/watch.js';
import { ConfigError, messageOf, SetwireError } from './errors.js';
import { version } from './version.js';

/** What `attach` gives the identity server. */
export type Attachment = Pick<
  Adapter,
  'ready' | 'emit' | 'listen' | 'detach' | 'status' | 'jwksHandler' | 'eventTypesHandler'
>;

/** What `attach` gives a server on oidc-provider: `loginFailed` is for its login form. */
export type OidcAttachment = Attachment & Pick<Adapter, 'loginFailed'>;

/** By what a `Provider` of oidc-provider is known. */
export interface OidcProvider {
  readonly issuer: string;
  interactionDetails(request: FormRequest, response: FormResponse): Promise<object>;
}

interface Attach {
  (host: OidcProvider, options?: unknown): OidcAttachment;
  (host: unknown, options?: unknown): Attachment;
}

/** Setwire could not be set up: the identity server goes on without it, and is told so wherever it asks. */
function standAside(error: unknown): OidcAttachment {
  const code = error instanceof SetwireError ? error.code : 'SETWIRE_NOT_RUNNING';
  const problems = error instanceof ConfigError ? error.problems.length : undefined;
  operatorLog('info')('error', `not attached: ${messageOf(error)}`, { code, problems });
  const rejected = (): Promise<never> => {
    const rejection = Promise.reject(
      new SetwireError('SETWIRE_NOT_RUNNING', `setwire is not attached: ${messageOf(error)}`, { cause: error }),
    );
    rejection.catch(() => undefined);
    return rejection;
  };
  const ready = Promise.reject(error);
  ready.catch(() => undefined);
  return {
    ready,
    emit: rejected,
    loginFailed: rejected,
    listen: () => () => undefined,
    detach: () => Promise.resolve(),
    status: () => ({ state: 'failed', error: { code, message: messageOf(error) } }),
    async jwksHandler(_request, response) {
      response.writeHead(503, { 'content-length': '0' }).end();
    },
    eventTypesHandler: (_request, response) => void response.writeHead(503).end(),
  };
}

/**
 * Attaches to a host; never throws.
 *
 * @param host as in `plugin.attach`
 * @param read the settings, and which kind of host it is where that is known; what it throws is why Setwire stands aside
 */
export function attachTo(
  host: unknown,
  read: () => Pick<ReturnType<typeof optionsOf>, 'settings' | 'kind'>,
): OidcAttachment {
  try {
    const { settings, kind } = read();
    const report = operatorLog(settings.log.level);
    const adapter = createAdapter(settings, { host, report, ...(kind && { kind }) });
    const unwatch = watchConfig(settings, {
      load: () => loadConfig(settings.file, { env: process.env, checkQuery }),
      apply: adapter.apply,
      report,
    });
    return {
      ...adapter,
      detach() {
        unwatch();
        return adapter.detach();
      },
    };
  } catch (error) {
    return standAside(error);
  }
}

/**
 * What an identity server loads.
 *
 * `attach` never throws: with a config that cannot be used, or a host that is not known, it says so on standard error,
 * `ready` and `emit` reject, and the identity server goes on without Setwire. A server that runs already may be attached
 * to as well: what it does from then on is seen.
 */
const plugin = {
  name: 'setwire',
  version,
  /**
   * @param host the identity server: an oidc-provider `Provider`, a Node `EventEmitter` whose event names are the
   *   canonical event types, or a `Host` of your own
   * @param options as in `schemas/plugin-options.schema.json`: `config`, the config file (`setwire.yaml` in the working
   *   directory), and `host`, which kind of server it is (found out)
   */
  attach: ((host: unknown, options?: unknown) =>
    attachTo(host, () => optionsOf(options, process.env, checkQuery))) as Attach,
};

export default plugin;
