import { sha256Hex } from '../../shared/auth/secrets.ts';
import { appliedVersions, migrate, migrationVersions, withClient } from '../supabase/database.ts';
import type { StackContext } from './context.ts';
import { shownDatabase } from './database-address.ts';
import { type Problem, problem } from './problem.ts';
import { checkAccess } from './project-access.ts';
import { explainProject } from './project-problems.ts';
import type { Secrets } from './secrets.ts';
import type { SupabaseProject } from './supabase-project.ts';

type Opening = { project: SupabaseProject; secrets: Secrets; takeDatabase: boolean };

/**
 * Brings the database of a real project up to date, once it is sure that it is ours to use: nothing is dropped or reset
 * there, but Workers with other keys than those that serve it would do harm. Then asks its REST address. Answers the
 * owner's URL.
 */
export async function openProject({ state, progress }: StackContext, opening: Opening): Promise<string> {
  const { database_url: address } = opening.project;
  const where = shownDatabase(address);
  const migrated = async () => {
    await withClient(address, () => Promise.resolve()).catch(explainProject(address));
    await checkOurs(opening);
    const applied = await migrate(address, { home: state.supabase, newer: newerProject(where) });
    if (opening.takeDatabase) await takeFromOthers(address, opening.secrets);
    return applied;
  };
  await progress.step(
    `Supabase: ${where}`,
    migrated,
    (applied) => `Supabase: ${where}, ${applied === 0 ? 'up to date' : `${applied} migrations applied`}`,
  );
  await progress.step(`Access to ${opening.project.url}`, () => checkAccess(opening.project));
  return address;
}

type Found = { version: number; schemas: boolean; tables: boolean };

async function checkOurs({ project: { database_url: address }, secrets, takeDatabase }: Opening): Promise<void> {
  const where = shownDatabase(address);
  const [found, applied] = await Promise.all([look(address), appliedVersions(address)]);
  if (found.version < 170000) {
    const major = Math.floor(found.version / 10000);
    throw problem(`${where} is PostgreSQL ${major}; Darkroom needs 17.`, 'Upgrade the project, or make a new one');
  }
  if (found.schemas && !applied.includes(migrationVersions()[0] as string)) {
    throw problem(`${where} has a schema "api" or "darkroom" that is not Darkroom's.`, ANOTHER);
  }
  if (found.tables && !takeDatabase && (await servedByOthers(address, secrets))) {
    throw problem(`Another Darkroom has served ${where}: a deployed one, or one with another state folder.`, TAKE_OVER);
  }
}

const ANOTHER = 'Nothing was changed there. Take a project of its own';
const TAKE_OVER = `${ANOTHER}; or if nothing else serves this one, npm start -- --take-over`;

async function look(address: string): Promise<Found> {
  return withClient(address, async (client) => {
    const { rows } = await client.query<Found>(
      `select current_setting('server_version_num')::int as version,
         coalesce(to_regnamespace('api'), to_regnamespace('darkroom')) is not null as schemas,
         to_regclass('darkroom.provider_api_keys') is not null as tables`,
    );
    return rows[0] as Found;
  });
}

/** It has accounts or platform keys, and does not know this state folder's operator. */
async function servedByOthers(address: string, { demo }: Secrets): Promise<boolean> {
  const operator = await sha256Hex(demo.admin_api_key);
  return withClient(address, async (client) => {
    const { rows } = await client.query<{ others: boolean }>(
      `select not exists (select from darkroom.api_keys where hash = $1 and revoked_at is null) and (exists (select from darkroom.accounts)
         or exists (select from darkroom.provider_api_keys where source = 'environment' and deleted_at is null)) as others`,
      [operator],
    );
    return rows[0]?.others === true;
  });
}

/** Who served it until now finds out at its next start: its operator's key opens nothing any more. */
async function takeFromOthers(address: string, { demo }: Secrets): Promise<void> {
  const operator = await sha256Hex(demo.admin_api_key);
  await withClient(address, (client) =>
    client.query(
      `update darkroom.api_keys set revoked_at = case when hash <> $1 then coalesce(revoked_at, now()) end
        where name = 'operator' and 'admin' = any (scopes)`,
      [operator],
    ),
  );
}

const newerProject =
  (where: string) =>
  (versions: string[]): Problem =>
    problem(
      `${where} has migrations that this checkout has not: ${versions.join(', ')}.`,
      `Check out the version that made them. ${ANOTHER}`,
    );
