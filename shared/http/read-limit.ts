export type ReadLimit = {
  allowed: boolean;
  limit: number;
  remaining: number;
  /** Until the window is new. */
  resetSeconds: number;
  /** The caller polls: worth a look at the cached snapshot before the database is asked. */
  hot: boolean;
};

/** Counts a read of this caller; null where Redis does not say in time: reads then pass, limits of money do not live here. */
export type ReadLimits = (subject: string) => Promise<ReadLimit | null>;

export const WINDOW_SECONDS = 60;

/** `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers). */
export function rateLimitHeaders({ limit, remaining, resetSeconds }: ReadLimit): Record<string, string> {
  return {
    'ratelimit-policy': `"reads";q=${limit};w=${WINDOW_SECONDS}`,
    ratelimit: `"reads";r=${remaining};t=${resetSeconds}`,
  };
}
