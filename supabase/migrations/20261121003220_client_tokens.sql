-- Short-lived tokens that an app may hold for one of its users. They run and see that user's jobs and nothing else.

create function darkroom.client_token_json(t darkroom.client_tokens) returns jsonb language plpgsql stable as $$
begin
  return jsonb_build_object('id', t.id, 'object', 'client_token', 'user_ref', t.user_ref, 'scopes', to_jsonb(t.scopes),
    'allowed_models', to_jsonb(t.allowed_models), 'max_credits', t.max_credits, 'credits_used', (select coalesce(sum(x.used), 0)::bigint from darkroom.caps x
      where x.account_id = t.account_id and x.subject = t.id), 'expires_at', darkroom.iso(t.expires_at), 'revoked_at', darkroom.iso(t.revoked_at),
    'created_at', darkroom.iso(t.created_at));
end $$;

-- request: {user_ref, scopes, allowed_models?, max_credits?, expires_in (seconds)}
create function api.create_client_token(credential jsonb, request jsonb, hash text, idempotency jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.authenticate(credential, 'jobs'); t darkroom.client_tokens; v jsonb;
  v_scopes text[] := darkroom.text_array(request->'scopes'); v_models text[] := coalesce(darkroom.text_array(request->'allowed_models'), c.allowed_models);
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  if c.client_token_id is not null then return darkroom.refuse('forbidden', 'A client token cannot make another.'); end if;
  v := darkroom.made_before(c, idempotency);
  if v ? 'refusal' then return v; end if;
  if v is not null then
    select * into t from darkroom.client_tokens x where x.id = v->'object_ids'->>0;
    if not found then return darkroom.refuse('not_found', 'The token has expired.'); end if;
    return darkroom.ok(darkroom.client_token_json(t) || '{"replayed": true}');
  end if;
  if not v_scopes <@ array['jobs'] then return darkroom.refuse('forbidden', 'A client token can have the scope jobs, and no other.'); end if;
  if c.allowed_models is not null and not v_models <@ c.allowed_models then
    return darkroom.refuse('forbidden', 'A token cannot allow models that its maker may not use.');
  end if;
  insert into darkroom.client_tokens (account_id, user_id, api_key_id, hash, user_ref, scopes, allowed_models, max_credits, expires_at)
    values (c.account_id, c.user_id, c.api_key_id, create_client_token.hash, request->>'user_ref', v_scopes, v_models, (request->>'max_credits')::bigint,
      darkroom.now() + make_interval(secs => (request->>'expires_in')::int)) returning * into t;
  perform darkroom.made(c, idempotency, 'client_token', t.id);
  perform darkroom.audit(c, c.account_id, 'client_token.created', 'client_token', t.id, null, jsonb_build_object('user_ref', t.user_ref,
    'allowed_models', to_jsonb(t.allowed_models), 'max_credits', t.max_credits, 'expires_at', darkroom.iso(t.expires_at)));
  return darkroom.ok(darkroom.client_token_json(t) || '{"replayed": false}');
end $$;

create function api.revoke_client_token(credential jsonb, id text) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.authenticate(credential, 'jobs'); t darkroom.client_tokens;
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  if c.client_token_id is not null and c.client_token_id <> revoke_client_token.id then return darkroom.refuse('not_found'); end if;
  update darkroom.client_tokens x set revoked_at = coalesce(x.revoked_at, darkroom.now())
   where x.id = revoke_client_token.id and x.account_id = c.account_id returning * into t;
  if not found then return darkroom.refuse('not_found'); end if;
  perform darkroom.audit(c, c.account_id, 'client_token.revoked', 'client_token', t.id, jsonb_build_object('user_ref', t.user_ref), null);
  return darkroom.ok(darkroom.client_token_json(t));
end $$;

-- Takes out tokens that expired a week ago. Their caps go with them.
create function api.purge_client_tokens(max int) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare v_gone text[];
begin
  with old as (select x.id from darkroom.client_tokens x where x.expires_at < darkroom.now() - interval '7 days' order by x.expires_at limit max for update skip locked),
  gone as (delete from darkroom.client_tokens x using old where x.id = old.id returning x.id, x.account_id),
  caps as (delete from darkroom.caps p using gone where p.account_id = gone.account_id and p.subject = gone.id)
  select array_agg(gone.id) into v_gone from gone;
  return darkroom.ok(jsonb_build_object('purged', coalesce(cardinality(v_gone), 0)));
end $$;

select darkroom.expose('api.create_client_token(jsonb,jsonb,text,jsonb)', 'darkroom_account', 'keys');
select darkroom.expose('api.revoke_client_token(jsonb,text)', 'darkroom_account', 'keys');
select darkroom.expose('api.purge_client_tokens(int)', 'darkroom_system', 'keys');
