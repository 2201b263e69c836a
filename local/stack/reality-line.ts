import type { DevVars } from './dev-vars.ts';
import { realityOf } from './environment.ts';

/** What is real, and which database: whoever starts this must see where the jobs and the credits go. */
export function realityLine(vars: DevVars): string | undefined {
  const { publicUrl, supabase, qstash, redis, cloudinary, providers } = realityOf(vars);
  const services = Object.entries({ QStash: qstash, Redis: redis, Cloudinary: cloudinary });
  const database = supabase === undefined ? [] : [`Supabase (${supabase})`];
  const real = [...database, ...providers, ...services.filter(([, isReal]) => isReal).map(([name]) => name)];
  return real.length === 0 ? undefined : `Real, by .dev.vars: ${real.join(', ')}${howReached(publicUrl, providers)}`;
}

function howReached(publicUrl: string | undefined, providers: string[]): string {
  if (publicUrl !== undefined) return ` reached at ${publicUrl}`;
  return providers.length === 0 ? '' : ' (no PUBLIC_URL: providers are polled)';
}
