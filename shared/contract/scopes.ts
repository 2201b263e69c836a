import { once } from '../async/once.ts';
import { described, text } from '../schema/build.ts';
import * as z from '../schema/zod.ts';

/** Whose keys and settings are meant. */
export const KeyScope = once(() => z.enum(['user', 'project', 'organization', 'platform']));
export const KeyScopeId = once(() =>
  described(
    text(1, 100),
    'A `proj_…`, which `project` needs, or `org_…`; nothing or `me` for one’s own keys, nothing for the platform’s',
  ),
);

/** Nobody acts for a project unless it is named; an organisation's own API key acts for the organisation. */
export const namesItsProject = () =>
  z.refine<{ scope?: string; scope_id?: string }>(
    ({ scope, scope_id }) => scope !== 'project' || scope_id !== undefined,
    { path: ['scope_id'], error: 'Required with `project`' },
  );
