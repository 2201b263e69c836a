import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freshDatabase } from '../../../test/stack.ts';
import { makeKey, rpc, sha256 } from '../fixtures.ts';
import {
  codeOf,
  join,
  keys,
  makeApiKey,
  makeOrganization,
  makePerson,
  makeProject,
  must,
  type Organization,
  type Person,
  submit,
} from './people.ts';

let pool: Pool;
let owner: Person;
let studio: Organization;
beforeAll(async () => {
  pool = await freshDatabase();
});
beforeEach(async () => {
  owner = await makePerson(pool, 100);
  studio = await makeOrganization(pool, owner);
});
afterAll(() => pool.end());

const members = async (who: Person) => (await must(keys(pool, 'list_members', [who.credential, studio.id]))).data;
const change = (who: Person, user: string, role: string) =>
  keys(pool, 'change_member', [who.credential, studio.id, user, role]);
const remove = (who: Person, user: string, keep = false) =>
  keys(pool, 'remove_member', [who.credential, studio.id, user, keep]);

describe('organisations', () => {
  test('whoever makes one owns it; it has an account of its own', async () => {
    expect(studio.account).not.toBe(owner.account);
    const { data } = await must(keys(pool, 'list_organizations', [owner.credential]));
    expect(data).toMatchObject([{ id: studio.id, object: 'organization', name: 'Studio', role: 'owner' }]);
    expect(await members(owner)).toMatchObject([{ user_id: owner.user, email: owner.email, role: 'owner' }]);
    const renamed = await must(keys(pool, 'rename_organization', [owner.credential, studio.id, 'Films']));
    expect(renamed).toMatchObject({ name: 'Films', role: 'owner' });
  });

  test('under one Idempotency-Key there is one, and a replay shows it as it is now', async () => {
    const once = { key: 'k', request_hash: 'h' };
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => keys(pool, 'create_organization', [owner.credential, { name: 'One' }, once])),
    );
    expect(new Set(answers.map((a) => a.ok.id)).size).toBe(1);
    expect(answers.filter((a) => !a.ok.replayed)).toHaveLength(1);
    await keys(pool, 'rename_organization', [owner.credential, answers[0]?.ok.id, 'Two']);
    const replay = await must(keys(pool, 'create_organization', [owner.credential, { name: 'One' }, once]));
    expect(replay).toMatchObject({ name: 'Two', replayed: true });
    const other = await keys(pool, 'create_organization', [
      owner.credential,
      { name: 'X' },
      { key: 'k', request_hash: 'i' },
    ]);
    expect(codeOf(other)).toBe('idempotency_mismatch');
  });

  test('a key of an organisation cannot make another, and is an admin of its own', async () => {
    const robot = await makeApiKey(pool, owner, { organization_id: studio.id, scopes: ['jobs', 'keys'] });
    expect(codeOf(await keys(pool, 'create_organization', [robot.credential, { name: 'X' }, {}]))).toBe('forbidden');
    const { data } = await must(keys(pool, 'list_organizations', [robot.credential]));
    expect(data).toMatchObject([{ id: studio.id }]);
    expect(codeOf(await keys(pool, 'change_member', [robot.credential, studio.id, owner.user, 'member']))).toBe(
      'forbidden',
    );
  });
});

describe('members', () => {
  test.each([
    ['owner', 'admin', 'ok'],
    ['owner', 'owner', 'ok'],
    ['admin', 'member', 'ok'],
    ['admin', 'admin', 'ok'],
    ['admin', 'owner', 'forbidden'],
    ['member', 'member', 'forbidden'],
    ['billing', 'member', 'forbidden'],
  ])('%s invites %s: %s', async (role, invited, code) => {
    const inviter = role === 'owner' ? owner : await makePerson(pool);
    if (inviter !== owner) await join(pool, owner, studio, inviter, role);
    const body = { email: 'new@film.test', role: invited, token_hash: sha256(randomUUID()) };
    expect(codeOf(await keys(pool, 'invite_member', [inviter.credential, studio.id, body, {}]))).toBe(code);
  });

  test('roles decide what somebody may do for the account', async () => {
    await makeKey(pool, 'replicate');
    await pool.query(`select darkroom.issue($1, 100, 'promo', 'test', null, 'test')`, [studio.account]);
    const expected = { admin: ['ok', 'ok'], member: ['ok', 'forbidden'], billing: ['forbidden', 'forbidden'] };
    for (const [role, codes] of Object.entries(expected)) {
      const person = await makePerson(pool);
      await join(pool, owner, studio, person, role);
      const job = await submit(pool, person, ['replicate'], { account_id: studio.account });
      const project = await keys(pool, 'create_project', [
        person.credential,
        { name: 'P', organization_id: studio.id },
        {},
      ]);
      expect([role, codeOf(job), codeOf(project)]).toEqual([role, ...codes]);
    }
  });

  test('usage stays attributable to the person where the organisation pays', async () => {
    await makeKey(pool, 'replicate');
    await pool.query(`select darkroom.issue($1, 100, 'promo', 'test', null, 'test')`, [studio.account]);
    const person = await makePerson(pool);
    await join(pool, owner, studio, person, 'member');
    const project_id = await makeProject(pool, owner, studio);
    const { ok } = await submit(pool, person, ['replicate'], { project_id });
    const { rows } = await pool.query('select account_id, user_id, project_id from darkroom.jobs where id = $1', [
      ok.jobs[0].id,
    ]);
    expect(rows).toEqual([{ account_id: studio.account, user_id: person.user, project_id }]);
  });

  test('an admin changes members and admins, never owners', async () => {
    const [admin, member] = [await makePerson(pool), await makePerson(pool)];
    await join(pool, owner, studio, admin, 'admin');
    await join(pool, owner, studio, member, 'member');
    expect(codeOf(await change(admin, member.user, 'billing'))).toBe('ok');
    expect(codeOf(await change(admin, member.user, 'owner'))).toBe('forbidden');
    expect(codeOf(await change(admin, admin.user, 'owner'))).toBe('forbidden');
    expect(codeOf(await change(admin, owner.user, 'member'))).toBe('forbidden');
    expect(codeOf(await remove(admin, owner.user))).toBe('forbidden');
    expect(codeOf(await change(member, admin.user, 'member'))).toBe('forbidden');
    expect(codeOf(await remove(member, admin.user))).toBe('forbidden');
    expect(codeOf(await change(owner, randomUUID(), 'member'))).toBe('not_found');
  });

  test('the last owner cannot leave or step down; with another one they can', async () => {
    expect(codeOf(await remove(owner, owner.user))).toBe('invalid_state');
    expect(codeOf(await change(owner, owner.user, 'admin'))).toBe('invalid_state');
    const second = await makePerson(pool);
    await join(pool, owner, studio, second, 'owner');
    expect(codeOf(await remove(owner, owner.user))).toBe('ok');
    expect(await members(second)).toMatchObject([{ user_id: second.user }]);
    expect(codeOf(await keys(pool, 'list_members', [owner.credential, studio.id]))).toBe('not_found');
  });

  test('two owners who leave or demote each other at once: one owner stays', async () => {
    for (let i = 0; i < 5; i++) {
      const team = await makeOrganization(pool, owner);
      const second = await makePerson(pool);
      await join(pool, owner, team, second, 'owner');
      const out = (who: Person, user: string) => keys(pool, 'remove_member', [who.credential, team.id, user, false]);
      const down = (who: Person, user: string) =>
        keys(pool, 'change_member', [who.credential, team.id, user, 'member']);
      await Promise.all([
        out(owner, owner.user),
        out(second, second.user),
        down(owner, second.user),
        down(second, owner.user),
      ]);
      const { rows } = await pool.query(
        `select count(*)::int as n from darkroom.members where organization_id = $1 and role = 'owner'`,
        [team.id],
      );
      expect(rows).toEqual([{ n: 1 }]);
    }
  });

  const ALL = ['jobs', 'keys', 'billing', 'webhooks'];
  const robotOf = (person: Person, options: object = {}) =>
    makeApiKey(pool, person, { organization_id: studio.id, scopes: ALL, ...options });
  const read = (who: { credential: unknown }) => keys(pool, 'list_members', [who.credential, studio.id]);

  test.each([
    ['a scope less', { scopes: ['jobs', 'keys', 'billing'] }],
    ['an end', { expires_at: '2030-01-01T00:00:00Z' }],
    ['a cap', { monthly_credit_cap: 1_000_000 }],
    ['models', { allowed_models: ['flux-dev'] }],
    ['a rate', { rate_limit_per_minute: 1_000 }],
  ])('a key with %s manages nobody, the person’s own neither', async (_what, limit) => {
    const person = await makePerson(pool);
    await join(pool, owner, studio, person, 'member');
    const invitation = { email: 'new@film.test', role: 'member', token_hash: sha256(randomUUID()) };
    const { id } = await must(keys(pool, 'invite_member', [owner.credential, studio.id, invitation, {}]));
    for (const place of [{ organization_id: studio.id }, { organization_id: undefined }]) {
      const { credential } = await makeApiKey(pool, owner, { scopes: ALL, ...limit, ...place });
      const body = { email: 'eve@film.test', role: 'admin', token_hash: sha256(randomUUID()) };
      for (const answer of [
        await keys(pool, 'invite_member', [credential, studio.id, body, {}]),
        await keys(pool, 'change_member', [credential, studio.id, person.user, 'admin']),
        await keys(pool, 'remove_member', [credential, studio.id, person.user, false]),
        await keys(pool, 'revoke_invitation', [credential, studio.id, id]),
      ])
        expect(answer.refusal).toMatchObject({
          code: 'forbidden',
          detail: expect.stringContaining('key without limits'),
        });
    }
    expect((await members(owner)).map((m: { role: string }) => m.role)).toEqual(['owner', 'member']);
  });

  test('a key that is limited in nothing manages people as an admin does; of an owner, as an owner', async () => {
    const robot = await robotOf(owner);
    const invite = (who: { credential: unknown }, role: string) => {
      const body = { email: `${randomUUID()}@film.test`, role, token_hash: sha256(randomUUID()) };
      return keys(pool, 'invite_member', [who.credential, studio.id, body, {}]);
    };
    expect([codeOf(await invite(robot, 'admin')), codeOf(await invite(robot, 'owner'))]).toEqual(['ok', 'forbidden']);
    expect(codeOf(await invite(await makeApiKey(pool, owner, { scopes: ALL }), 'owner'))).toBe('ok');
  });

  test('a narrower role takes along the keys that may do more, and their client tokens; in the log', async () => {
    const person = await makePerson(pool);
    await join(pool, owner, studio, person, 'admin');
    const [wide, jobs, others] = [
      await robotOf(person),
      await robotOf(person, { scopes: ['jobs'] }),
      await robotOf(owner),
    ];
    const hash = sha256(randomUUID());
    const asked = { user_ref: 'ann', scopes: ['jobs'], expires_in: 600 };
    await must(keys(pool, 'create_client_token', [wide.credential, asked, hash, {}]));
    const alive = async () => [
      codeOf(await read(wide)),
      codeOf(await rpc(pool, 'submit', 'list_jobs', [{ kind: 'client_token', hash }, {}])),
      codeOf(await rpc(pool, 'submit', 'list_jobs', [jobs.credential, {}])),
      codeOf(await read(others)),
    ];
    expect(codeOf(await change(owner, person.user, 'owner'))).toBe('ok');
    expect(await alive()).toEqual(['ok', 'ok', 'ok', 'ok']);
    expect(codeOf(await change(owner, person.user, 'member'))).toBe('ok');
    expect(await alive()).toEqual(['unauthenticated', 'unauthenticated', 'ok', 'ok']);
    const { data } = await must(
      keys(pool, 'audit_log', [owner.credential, { scope: 'organization', scope_id: studio.id, target: wide.id }]),
    );
    expect(data[0]).toMatchObject({
      action: 'api_key.revoked',
      user_id: owner.user,
      after: { because: 'member.changed' },
    });
    await change(owner, person.user, 'billing');
    expect((await alive())[2]).toBe('unauthenticated');
  });

  test('a key belongs to whoever rolled it last: it goes with them, and not with its maker', async () => {
    const [admin, second] = [await makePerson(pool), await makePerson(pool)];
    await join(pool, owner, studio, admin, 'admin');
    await join(pool, owner, studio, second, 'admin');
    const made = await robotOf(second);
    const hash = sha256(randomUUID());
    const next = { prefix: 'p', hash, overlap_seconds: 0 };
    const rolled = await must(keys(pool, 'roll_api_key', [admin.credential, made.id, next, {}]));
    expect(rolled.user_id).toBe(admin.user);
    const token = sha256(randomUUID());
    const credential = { kind: 'api_key', hash };
    const asked = { user_ref: 'ann', scopes: ['jobs'], expires_in: 600 };
    await must(keys(pool, 'create_client_token', [credential, asked, token, {}]));
    const jobs = (credential: object) => rpc(pool, 'submit', 'list_jobs', [credential, {}]);
    await must(remove(owner, second.user));
    expect(codeOf(await read({ credential }))).toBe('ok');
    expect((await must(remove(owner, admin.user))).revoked_api_keys).toEqual([rolled.id]);
    expect(codeOf(await read({ credential }))).toBe('unauthenticated');
    expect(codeOf(await jobs({ kind: 'client_token', hash: token }))).toBe('unauthenticated');
  });

  test('who leaves loses the account, and the organisation’s keys that they made', async () => {
    const person = await makePerson(pool);
    await join(pool, owner, studio, person, 'admin');
    const robot = await makeApiKey(pool, person, { organization_id: studio.id, scopes: ['jobs', 'keys'] });
    const kept = await makePerson(pool);
    await join(pool, owner, studio, kept, 'admin');
    const keptRobot = await makeApiKey(pool, kept, { organization_id: studio.id, scopes: ['jobs', 'keys'] });
    const { revoked_api_keys } = await must(remove(person, person.user));
    expect(revoked_api_keys).toEqual([robot.id]);
    expect((await must(remove(owner, kept.user, true))).revoked_api_keys).toEqual([]);
    const read = (who: { credential: unknown }) => keys(pool, 'list_members', [who.credential, studio.id]);
    expect(codeOf(await read(person))).toBe('not_found');
    expect(codeOf(await read(robot))).toBe('unauthenticated');
    expect(codeOf(await read(keptRobot))).toBe('ok');
  });
});

describe('invitations', () => {
  const invite = async (email: string, role = 'member') => {
    const token_hash = sha256(randomUUID());
    const { id } = await must(
      keys(pool, 'invite_member', [owner.credential, studio.id, { email, role, token_hash }, {}]),
    );
    return { id, token_hash };
  };
  const take = (who: Person, token: string, clock?: string) =>
    keys(pool, 'accept_invitation', [who.credential, token, {}], clock);

  test('only the person with that address takes it, however the address is written, and once', async () => {
    const [guest, other] = [await makePerson(pool), await makePerson(pool)];
    const { token_hash } = await invite(guest.email.toUpperCase());
    expect(codeOf(await take(other, token_hash))).toBe('not_found');
    expect((await must(take(guest, token_hash))).role).toBe('member');
    expect(codeOf(await take(guest, token_hash))).toBe('ok');
    expect(codeOf(await take(guest, sha256('guess')))).toBe('not_found');
    await remove(owner, guest.user);
    expect(codeOf(await take(guest, token_hash))).toBe('invalid_state');
    expect(await members(owner)).toHaveLength(1);
  });

  test('it expires after seven days, and a revoked or newer one ends it', async () => {
    const guest = await makePerson(pool);
    const first = await invite(guest.email);
    expect(codeOf(await take(guest, first.token_hash, '7 days 1 minute'))).toBe('invalid_state');
    const second = await invite(guest.email, 'admin');
    expect(codeOf(await take(guest, first.token_hash))).toBe('not_found');
    const list = async () => (await must(keys(pool, 'list_invitations', [owner.credential, studio.id]))).data;
    expect(await list()).toMatchObject([{ id: second.id, email: guest.email, role: 'admin', status: 'pending' }]);
    await must(keys(pool, 'revoke_invitation', [owner.credential, studio.id, second.id]));
    expect(codeOf(await take(guest, second.token_hash))).toBe('not_found');
    expect(await list()).toEqual([]);
  });

  test('an API key cannot take one, and members are not invited again', async () => {
    const guest = await makePerson(pool);
    const { token_hash } = await invite(guest.email);
    const key = await makeApiKey(pool, guest, { scopes: ['keys'] });
    expect(codeOf(await keys(pool, 'accept_invitation', [key.credential, token_hash, {}]))).toBe('forbidden');
    await must(take(guest, token_hash));
    const again = { email: guest.email, role: 'member', token_hash: sha256(randomUUID()) };
    expect(codeOf(await keys(pool, 'invite_member', [owner.credential, studio.id, again, {}]))).toBe('invalid_state');
  });
});

describe('projects', () => {
  test('are of a person or of an organisation, and listed apart', async () => {
    const [own, shared] = [await makeProject(pool, owner), await makeProject(pool, owner, studio)];
    const list = async (filter: object) =>
      (await must(keys(pool, 'list_projects', [owner.credential, filter]))).data.map((p: { id: string }) => p.id);
    expect(await list({})).toEqual([own]);
    expect(await list({ organization_id: studio.id })).toEqual([shared]);
    expect(await must(keys(pool, 'get_project', [owner.credential, shared]))).toMatchObject({
      organization_id: studio.id,
      account_id: studio.account,
    });
    expect((await must(keys(pool, 'rename_project', [owner.credential, own, 'Short']))).name).toBe('Short');
  });

  test('a deleted one takes no more jobs', async () => {
    await makeKey(pool, 'replicate');
    const project_id = await makeProject(pool, owner);
    expect(codeOf(await submit(pool, owner, ['replicate'], { project_id }))).toBe('ok');
    await must(keys(pool, 'delete_project', [owner.credential, project_id]));
    expect(codeOf(await submit(pool, owner, ['replicate'], { project_id }))).toBe('not_found');
    expect(codeOf(await keys(pool, 'get_project', [owner.credential, project_id]))).toBe('not_found');
  });

  test('pages go on where the last one ended', async () => {
    for (let i = 0; i < 5; i++) await makeProject(pool, owner);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await must(keys(pool, 'list_projects', [owner.credential, { limit: 2, cursor }]));
      seen.push(...page.data.map((p: { id: string }) => p.id));
      cursor = page.next_cursor;
    } while (cursor);
    expect(seen).toHaveLength(5);
    expect(new Set(seen).size).toBe(5);
  });
});
