import type { HeadersLike } from '../signatures/headers.ts';

export type Fetch = (input: string | URL, init?: RequestInit) => Promise<Response>;

export type MediaKind = 'image' | 'video' | 'audio' | 'text' | 'model_3d' | 'vector';

export type ProviderOptions = {
  key: string;
  secret?: string;
  /** Replaces the vendor's API origin and base path (an emulator, a proxy). */
  baseUrl?: string;
  fetch: Fetch;
  /** Milliseconds. */
  now: () => number;
  config?: Record<string, unknown>;
  /** Origins that outputs may come from besides the vendor's own hosts (an emulator's). */
  outputOrigins?: readonly string[];
};

/** One result, as a URL of the vendor, a data URI, or text. Sizes are in pixels. */
export type ProviderOutput = {
  kind: MediaKind;
  url?: string;
  dataUri?: string;
  text?: string;
  contentType?: string;
  width?: number;
  height?: number;
};

/** What a provider said. `ambiguous` is no verdict: the work may or may not run, or could not be asked about. */
export type Outcome =
  | { status: 'pending'; progress?: number }
  | { status: 'succeeded'; outputs: ProviderOutput[]; costUsd?: number }
  /** Ended at the provider for no fault of the input, or what it made cannot be used. */
  | { status: 'failed'; code: FailureCode; message: string }
  /** The input's fault: `field` is the provider's name of it. Never tried elsewhere. */
  | { status: 'rejected'; code: 'invalid_input' | 'moderation'; message: string; field?: string }
  | { status: 'rate_limited'; retryAfterSeconds?: number; message: string }
  /** A definite refusal of the submission (5xx with the vendor's own error, other 4xx); 0 if it was never sent. */
  | { status: 'refused'; httpStatus: number; message: string }
  | { status: 'unauthorized'; message: string }
  | { status: 'out_of_credit'; message: string }
  | { status: 'ambiguous'; message: string; retryAfterSeconds?: number }
  | { status: 'canceled' };

export type FailureCode = 'failed' | 'timeout' | 'no_output' | 'output_refused';

/** What a poll or a webhook can say: a verdict, `pending`, or `ambiguous` (ask again). */
export type Verdict = Extract<
  Outcome,
  { status: 'pending' | 'succeeded' | 'failed' | 'rejected' | 'canceled' | 'ambiguous' }
>;

/** JSON that `status` and `cancel` need; anybody who knows the request id can write it. */
export type ProviderState = { request_id: string; model: string; kind: MediaKind };

export type Submitted = { status: 'pending'; requestId: string; state: ProviderState };
export type Started = Submitted | Exclude<Outcome, { status: 'pending' }>;

export type StartRequest = {
  /** The provider's model id. */
  model: string;
  /** The provider's own input fields. */
  input: Record<string, unknown>;
  /** How many outputs are wanted; the input says so too, where the route can be told. */
  outputs: number;
  /** What the model makes; tells bare URLs apart. */
  kind: MediaKind;
  attemptId: string;
  /** Where the provider's webhook goes; without it polling does the work. */
  hookUrl?: string;
};

export type KeyCheck = { result: 'valid' | 'invalid' | 'out_of_credit' | 'unreachable'; message: string };

/** A provider under one key. Methods never throw. */
export type Provider = {
  /** Submits with one POST, ever. */
  start(request: StartRequest): Promise<Started>;
  status(state: ProviderState): Promise<Verdict>;
  /** Best effort; the verdict comes by webhook or poll as always. */
  cancel?(state: ProviderState): Promise<void>;
  /** A cheap authenticated GET. */
  check(): Promise<KeyCheck>;
};

export type HookRequest = {
  headers: HeadersLike;
  /** As received: signatures cover bytes. */
  body: Uint8Array | string;
  /** Milliseconds. */
  now: number;
  kind: MediaKind;
  /** The attempt's request id if it is known: any other is refused. */
  requestId?: string;
  /** The webhook secrets of the key's account (`whsec_…`), where the vendor has such. */
  secrets?: readonly string[];
  /** The vendor's public keys, where it signs for all its customers alike. */
  publicKeys?: PublicKeys;
  outputOrigins?: readonly string[];
};

/** The vendor's current Ed25519 keys; `fresh` asks past the cache (it may refuse). Rejects if none are to be had. */
export type PublicKeys = (fresh?: boolean) => Promise<CryptoKey[]>;

export type HookResult =
  | { ok: true; outcome: Verdict; requestId: string; userId?: string }
  | { ok: false; reason: HookRefusal };

/** `keys_unavailable` deserves a 503, so that the vendor tries again; everything else a 401. */
export type HookRefusal = 'signature' | 'stale' | 'headers' | 'body' | 'request_id' | 'secret' | 'keys_unavailable';

export type ProviderModule = {
  create: (options: ProviderOptions) => Provider;
  verifyHook: (request: HookRequest) => Promise<HookResult>;
  /** Hosts that outputs may come from: `name`, `*.name`, or either with a path prefix. */
  outputHosts: readonly string[];
};
