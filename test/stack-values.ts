import type { RunningStack } from './run-stack.ts';

/** Of the one web app whose pages may call the stack that all tests share. */
export const APP_ORIGIN = 'https://app.example.org';

/** `stack.json`, as API.md fixes it. */
export type StackValues = {
  origin: string;
  database_url: string;
  supabase_url: string;
  anon_key: string;
  api_key: string;
  admin_api_key: string;
  user: { email: string; password: string; access_token: string };
  inbox: string;
  callback: { url: string; secret: string };
  hooks_url: string;
  sweep_url: string;
  emulators: Record<string, string>;
};

/** Connection URLs of the stack's database `postgres`. */
export type DatabaseValues = { superuser_url: string; owner_url: string; authenticator_url: string };

declare module 'vitest' {
  export interface ProvidedContext {
    stack: StackValues;
    /** The stack's state folder. */
    folder: string;
    database: DatabaseValues;
  }
}

export function databaseOf({ read }: RunningStack): DatabaseValues {
  const { database_url: ownerUrl } = read<{ database_url: string }>('stack.json');
  const { postgres } = read<{ postgres: { superuser: string; authenticator: string } }>('secrets.json');
  const as = (username: string, password: string) => Object.assign(new URL(ownerUrl), { username, password }).href;
  return {
    superuser_url: as('supabase_admin', postgres.superuser),
    owner_url: ownerUrl,
    authenticator_url: as('authenticator', postgres.authenticator),
  };
}
