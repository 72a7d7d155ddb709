/** How an endpoint is. */
export interface EndpointStatus {
  /**
   * `failing`: the last attempt failed; `open`: it failed so often that it is only probed; `unauthorised`: it refuses our
   * credentials; `disabled`: by a 410 or an operator, nothing is sent to it; `standby`: another process transmits.
   */
  readonly state: 'active' | 'failing' | 'open' | 'unauthorised' | 'disabled' | 'standby' | 'stopped';
  /** Why it is not active. */
  readonly reason?: string;
  /** When this state began, in milliseconds. */
  readonly since: number;
  /** SETs delivered since the start. */
  readonly delivered: number;
  /** Attempts since the start that will be made again. */
  readonly retries: number;
  /** SETs given up since the start. */
  readonly dead: number;
  /** Dead letters that are kept. */
  readonly deadLetters: number;
  /** Events read and not settled. */
  readonly unsettled: number;
  /** Events in the journal that this endpoint has not finished, and how old the oldest of them is, in seconds. */
  readonly lag: { readonly events: number; readonly seconds: number };
  /** Milliseconds. */
  readonly lastSuccessAt?: number;
}
