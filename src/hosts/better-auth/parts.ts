import type { AuthContext, EndpointContext, Row } from './context.js';

/** A hook of better-auth's endpoints; it takes part by what it sees alone. */
export type EndpointHook = ((ctx: unknown) => Promise<{ readonly response?: undefined }>) & {
  options: Record<string, never>;
};

/** Hooks of the rows of one table. */
interface RowHooks {
  readonly create?: { after(row: Row, ctx: EndpointContext | null): Promise<void> };
  readonly update?: {
    before(patch: Row, ctx: EndpointContext | null): Promise<void>;
    after(row: Row, ctx: EndpointContext | null): Promise<void>;
  };
  readonly delete?: { after(row: Row, ctx: EndpointContext | null): Promise<void> };
}

/** What better-auth takes of a plugin, in its own shape. */
export interface PluginParts {
  init(context: AuthContext): {
    readonly options: {
      readonly databaseHooks: Readonly<Record<'user' | 'session' | 'account' | 'verification', RowHooks>>;
    };
  };
  readonly hooks: {
    readonly before: { matcher(ctx: EndpointContext): boolean; handler: EndpointHook }[];
    readonly after: { matcher(ctx: EndpointContext): boolean; handler: EndpointHook }[];
  };
  onRequest(request: Request, context: AuthContext): Promise<void>;
  onResponse(response: Response, context: AuthContext): Promise<void>;
}
