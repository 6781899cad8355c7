/** What lives as long as the provider's process. */
export interface Session {
  /** Version of Ghost. */
  readonly version: string;
}
