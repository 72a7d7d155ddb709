/** How an endpoint is. */
export interface EndpointStatus {
  /** `failing`: the last attempt failed; `unauthorised`: with 401 or 403; `disabled`: by a 410, nothing is sent any more. */
  readonly state: 'active' | 'failing' | 'unauthorised' | 'disabled' | 'stopped';
  /** Why it is not active. */
  readonly reason?: string;
  /** When this state began, in milliseconds. */
  readonly since: number;
  /** SETs delivered. */
  readonly delivered: number;
  /** Attempts that will be made again. */
  readonly retries: number;
  /** SETs given up. */
  readonly dead: number;
  /** Events read and not settled. */
  readonly unsettled: number;
  /** Events in the journal that this endpoint has not finished. */
  readonly lag: number;
  readonly lastSuccessAt?: number;
}
