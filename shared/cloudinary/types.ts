import type { MediaKind } from '../providers/types.ts';

export type Fetch = (input: string | URL, init?: RequestInit) => Promise<Response>;

export type CloudinaryOptions = {
  cloudName: string;
  apiKey: string;
  apiSecret: string;
  /** Replaces `https://api.cloudinary.com`. */
  endpoint?: string;
  fetch: Fetch;
  /** Milliseconds. */
  now: () => number;
};

/** A URL is fetched by Cloudinary; bytes are sent by us, streamed if they come as a stream. */
export type MediaSource =
  | { url: string }
  | { dataUri: string }
  | { bytes: Uint8Array | ReadableStream<Uint8Array>; contentType: string };

/** A stored output, in the shape that a verdict records. Sizes in bytes and pixels. */
export type Asset = {
  kind: MediaKind;
  public_id: string;
  url: string;
  thumbnail_url?: string;
  content_type: string;
  bytes: number;
  width?: number;
  height?: number;
  duration_seconds?: number;
};

/** `unusable`: the media is not what it claims, or gone. `unavailable`: Cloudinary, the line or our account; retry. */
export type Stored = { ok: true; asset: Asset } | { ok: false; reason: 'unusable' | 'unavailable'; message: string };

export type StoreRequest = { source: MediaSource; publicId: string; kind: MediaKind };
export type StoredId = { public_id: string; kind: MediaKind };

export type Cloudinary = {
  /** Stores under exactly this id and never overwrites: stored already, the answer is what is there. Never throws. */
  store(request: StoreRequest): Promise<Stored>;
  /** Deletes assets; one that is not there counts as deleted. Never throws. */
  destroy(assets: readonly StoredId[]): Promise<{ deleted: string[]; failed: string[] }>;
};
