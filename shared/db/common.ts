/** `key` is the client's Idempotency-Key; without one nothing is remembered. */
export type Once = { key?: string; request_hash?: string };

/** Without an id: the caller's own. */
export type Scope = { scope?: 'user' | 'project' | 'organization' | 'platform'; scope_id?: string };
export type PageFilter = { limit?: number; cursor?: string };
export type Page<T> = { data: T[]; next_cursor: string | null };
export type Replayed<T> = T & { replayed: boolean };
export type Deleted = { id: string; deleted: true };
