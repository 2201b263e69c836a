import type { Suggestion } from '../../shared/catalog/suggestions.ts';
import type { Cloudinary } from '../../shared/cloudinary/types.ts';
import type { Work } from '../../shared/db/rows.ts';
import type { WorkerDatabase } from '../../shared/db/worker.ts';
import type { Result } from '../../shared/errors/result.ts';
import type { KeyVault } from '../../shared/internal/key-vault.ts';
import type { PostSigned } from '../../shared/internal/post-signed.ts';
import type { Log } from '../../shared/log/log.ts';
import type { Fetch, MediaKind, ProviderModule, PublicKeys } from '../../shared/providers/types.ts';
import type { Wake } from '../../shared/qstash/wake.ts';
import type { StoreAsset } from './store-outputs.ts';

/** A provider's protocol, with what this environment says about it. */
export type Adapter = ProviderModule & {
  /** Answers in the request that asked: nobody can be asked later, so an answer that got lost stays lost. */
  synchronous?: boolean;
  /** Replaces the provider's API origin and base path. */
  baseUrl?: string;
  /** Where the provider signs for all its customers alike. */
  publicKeys?: PublicKeys;
};

/** What the Worker `worker` needs of the world. */
export type WorkerDeps = {
  db: WorkerDatabase;
  keys: KeyVault;
  /** Undefined for a provider that we do not speak to. */
  adapter: (provider: string) => Adapter | undefined;
  /** The provider's own input fields for an attempt, from the catalogue; refused where it no longer knows the route. */
  providerInput: (work: Work) => Result<Record<string, unknown>>;
  /** What to try in place of an attempt that failed for no fault of its input. */
  suggestions: (work: Work, now: number) => Suggestion[];
  /** What an attempt makes. */
  kindOf: (work: Work) => MediaKind;
  store: StoreAsset;
  destroy: Cloudinary['destroy'];
  wake: Wake;
  /** Signed messages to our own origin. */
  post: PostSigned;
  /** Reaches providers. */
  fetch: Fetch;
  log: Log;
  /** Milliseconds. */
  now: () => number;
  sleep: (ms: number) => Promise<void>;
  /** The public origin, without a slash at the end. */
  origin: string;
  /** Shared by the Workers. */
  signingSecret: string;
  qstash: { currentKey: string; nextKey: string };
  /** Whether providers can reach us; without, polling does the work. */
  hooks: boolean;
  /** The local stack: sweeps come every second, so the first poll may come early. */
  local: boolean;
  /** Origins that outputs may come from besides the providers' own hosts (emulators). */
  outputOrigins: readonly string[];
};
