/** Headers as a `Headers` object, or as a record with lower-case names (an array is a header sent more than once). */
export type HeadersLike = Headers | Record<string, string | string[] | undefined>;

/**
 * One header's value; null if it is missing or was sent twice as a list.
 * `Headers` joins repeated headers with a comma: what is read here must be checked against a pattern without one.
 */
export function singleHeader(headers: HeadersLike, name: string): string | null {
  const value = headers instanceof Headers ? headers.get(name) : headers[name];
  return typeof value === 'string' ? value : null;
}
