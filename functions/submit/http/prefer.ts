const MAX_WAIT_SECONDS = 60;

/** Seconds to wait by `Prefer: wait=N` (RFC 7240), at most 60. What cannot be understood is ignored, as the RFC asks. */
export function waitSeconds(prefer: string | null | undefined): number {
  const wait = (prefer ?? '')
    .split(/[,;]/)
    .map((preference) => /^\s*wait\s*=\s*"?(\d{1,6})"?\s*$/i.exec(preference)?.[1])
    .find((seconds) => seconds !== undefined);
  return Math.min(Number(wait ?? 0), MAX_WAIT_SECONDS);
}
