-- Keys that are tried before they are kept: so many a minute, each with a line in the audit log. Who has found keys cannot sort them here unseen.
create table darkroom.key_tries (
  account_id text collate "C" primary key references darkroom.accounts (id),
  window_at timestamptz not null default '-infinity',
  window_count int not null default 0
) with (fillfactor = 20);
grant select, insert, update on darkroom.key_tries to darkroom_account;

-- Counts one. Null, or the refusal.
create function darkroom.count_key_try(p_account text, p_limit int) returns jsonb language plpgsql as $$
declare r darkroom.key_tries; v_now timestamptz := darkroom.now();
begin
  insert into darkroom.key_tries (account_id) values (p_account) on conflict do nothing;
  select * into r from darkroom.key_tries x where x.account_id = p_account for no key update;
  if r.window_at not between v_now - interval '1 minute' and v_now + interval '1 minute' then r.window_at := v_now; r.window_count := 0; end if;
  if r.window_count >= p_limit then
    return darkroom.refuse('rate_limited', 'No more keys can be tried in this minute.', jsonb_build_object('limit', p_limit,
      'retry_after', greatest(1, ceil(extract(epoch from r.window_at + interval '1 minute' - v_now)))::int));
  end if;
  update darkroom.key_tries x set window_at = r.window_at, window_count = r.window_count + 1 where x.account_id = p_account;
  return null;
end $$;

-- request: {provider, last4, fingerprint}. Whoever may keep a key may try one; nobody else gets to ask providers through us.
create function api.begin_key_test(credential jsonb, request jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.enter_scope(credential, 'manage', null, null); v_refusal jsonb;
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  v_refusal := darkroom.count_key_try(c.account_id, 30);
  if v_refusal is not null then return v_refusal; end if;
  perform darkroom.audit(c, c.account_id, 'provider_key.tried', 'provider', request->>'provider', null, request - 'provider');
  return darkroom.ok('{}');
end $$;

select darkroom.own('darkroom.count_key_try(text, int)', 'darkroom_account');
select darkroom.expose('api.begin_key_test(jsonb,jsonb)', 'darkroom_account', 'keys');
