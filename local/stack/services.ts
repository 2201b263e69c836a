import { join } from 'node:path';
import { createCloudinary } from '../emulators/cloudinary/cloudinary.ts';
import { createFal } from '../emulators/fal/fal.ts';
import { createInbox } from '../emulators/inbox/inbox.ts';
import { createQstash, type Qstash } from '../emulators/qstash/qstash.ts';
import { createRedis } from '../emulators/redis/redis.ts';
import { createReplicate } from '../emulators/replicate/replicate.ts';
import { type Emulator, listen } from '../emulators/support/serve.ts';
import { openDatabase } from '../emulators/support/store.ts';
import { authenticatorUrl, ownerUrl } from '../supabase/database.ts';
import { createGateway } from '../supabase/gateway.ts';
import { type ServiceName, type ServiceOrigins, serviceNames } from './names.ts';
import type { Ports } from './ports.ts';
import { problem } from './problem.ts';
import type { Secrets } from './secrets.ts';
import { damageAdvice, type StateFolder, shown } from './state-folder.ts';

export type Services = {
  /** What is emulated. */
  names: ServiceName[];
  /** Of all, also of what is not. */
  origins: ServiceOrigins;
  /** The queue's keys now: they may have been rotated in an earlier run. */
  queueKeys: { current: string; next: string };
  stop: () => Promise<void>;
};

type Options = {
  state: StateFolder;
  secrets: Secrets;
  ports: Ports;
  /** Of the project that takes the gateway's place. */
  supabaseUrl?: string;
};

/** Starts every emulator on its port. Their state outlives them in `emulators/`. */
export async function startServices(options: Options): Promise<Services> {
  const { qstash, ...others } = openServices(options);
  const emulators: Partial<Record<ServiceName, Emulator>> = { qstash, ...others };
  const names = serviceNames.filter((name) => name in emulators);
  const started = await Promise.all(names.map((name) => listen(emulators[name] as Emulator, options.ports[name])));
  const origins = Object.fromEntries(names.map((name, index) => [name, started[index]?.origin]));
  const stop = async () => void (await Promise.all(started.map((service) => service.close())));
  const all = { supabase: options.supabaseUrl, ...origins } as ServiceOrigins;
  return { names, origins: all, queueKeys: qstash.signingKeys(), stop };
}

function openServices(options: Options) {
  try {
    return createServices(options);
  } catch (error) {
    const { code, file, message } = error as Error & { code?: string; file?: string };
    if (code !== 'ERR_EMULATOR_FILE' || !file) throw error;
    const why = message.slice(0, message.lastIndexOf(':'));
    throw problem(`${shown(file)} is damaged: ${why}.`, damageAdvice(options.state.root), error);
  }
}

/** What stands in front of the local database. */
export function gatewayOf({ secrets, ports }: Pick<Options, 'secrets' | 'ports'>): Emulator {
  const postgres = ports.postgres as number;
  return createGateway({
    authenticatorUrl: authenticatorUrl(postgres, secrets.postgres),
    ownerUrl: ownerUrl(postgres, secrets.postgres),
    signingKey: secrets.supabase.signing_key,
    anonKey: secrets.supabase.anon_key,
  });
}

type Emulators = Partial<Record<Exclude<ServiceName, 'qstash'>, Emulator>> & { qstash: Qstash };

function createServices({ state, secrets, ports, supabaseUrl }: Options): Emulators {
  const file = (name: string) => join(state.emulators, `${name}.sqlite`);
  return {
    ...(supabaseUrl === undefined && { supabase: gatewayOf({ secrets, ports }) }),
    qstash: createQstash({
      file: file('qstash'),
      token: secrets.qstash.token,
      signingKeys: { current: secrets.qstash.current_signing_key, next: secrets.qstash.next_signing_key },
    }),
    redis: createRedis({ file: file('redis'), token: secrets.redis.token }),
    cloudinary: createCloudinary({
      directory: join(state.emulators, 'cloudinary'),
      cloudName: secrets.cloudinary.cloud_name,
      apiKey: secrets.cloudinary.api_key,
      apiSecret: secrets.cloudinary.api_secret,
    }),
    replicate: createReplicate({ database: openDatabase(file('replicate')) }),
    fal: createFal({ database: openDatabase(file('fal')) }),
    inbox: createInbox({ file: file('inbox') }),
  };
}
