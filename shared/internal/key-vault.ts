/** A provider's key in clear. It goes to that provider and nowhere else: not into a log, an error, a message or a row. */
export type OpenedKey = {
  key: string;
  secret?: string;
  /** What else the provider needs; may hold a `webhook_secret`. */
  config: Record<string, unknown>;
  key_id: string;
  version: number;
};

/** `missing` says why, without a word of the key. */
export type OpenResult = OpenedKey | { missing: string };

/** The entrypoint of the Worker `keys` that `worker` is bound to. */
export type KeyVault = {
  /** The key that an attempt was given, under its fence. Rejects where nobody could be asked: that says nothing about the key. */
  open(attempt: { attempt_id: string; fence: number }): Promise<OpenResult>;
};
