-- Changing, revoking and rolling API keys.

-- patch: {name?, scopes?, allowed_models?, monthly_credit_cap?, rate_limit_per_minute?, expires_at?}; null takes a limit away.
create function api.patch_api_key(credential jsonb, id text, patch jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.enter_api_key(credential, id); o darkroom.api_keys; k darkroom.api_keys; v_why text;
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  select * into o from darkroom.api_keys x where x.id = patch_api_key.id for no key update;
  if o.revoked_at is not null then return darkroom.refuse('invalid_state', 'The key is revoked.'); end if;
  if o.replaced_by is not null then return darkroom.refuse('invalid_state', 'The key was rolled; change the one in its place.', jsonb_build_object('replaced_by', o.replaced_by)); end if;
  k := o;
  if patch ? 'name' then k.name := coalesce(patch->>'name', ''); end if;
  if patch ? 'scopes' then k.scopes := darkroom.text_array(patch->'scopes'); end if;
  if patch ? 'allowed_models' then k.allowed_models := darkroom.text_array(patch->'allowed_models'); end if;
  if patch ? 'monthly_credit_cap' then k.monthly_credit_cap := (patch->>'monthly_credit_cap')::bigint; end if;
  if patch ? 'rate_limit_per_minute' then k.rate_limit_per_minute := (patch->>'rate_limit_per_minute')::int; end if;
  if patch ? 'expires_at' then k.expires_at := (patch->>'expires_at')::timestamptz; end if;
  v_why := coalesce(darkroom.exceeds(c, o), darkroom.exceeds(c, k));
  if v_why is not null then return darkroom.refuse('forbidden', v_why); end if;
  update darkroom.api_keys x set name = k.name, scopes = k.scopes, allowed_models = k.allowed_models, monthly_credit_cap = k.monthly_credit_cap,
      rate_limit_per_minute = k.rate_limit_per_minute, expires_at = k.expires_at where x.id = k.id;
  perform darkroom.audit(c, k.account_id, 'api_key.changed', 'api_key', k.id, darkroom.api_key_audit(o), darkroom.api_key_audit(k));
  return darkroom.ok(darkroom.api_key_json(k));
end $$;

-- At once: the next request with it is refused. Again: no change.
create function api.revoke_api_key(credential jsonb, id text) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.enter_api_key(credential, id); k darkroom.api_keys;
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  update darkroom.api_keys x set revoked_at = darkroom.now() where x.id = revoke_api_key.id and x.revoked_at is null returning * into k;
  if found then perform darkroom.audit(c, k.account_id, 'api_key.revoked', 'api_key', k.id, darkroom.api_key_audit(k), null); end if;
  return darkroom.ok((select darkroom.api_key_json(x) from darkroom.api_keys x where x.id = revoke_api_key.id));
end $$;

-- Whose a rolled key is: an organisation's belongs to the member who rolled it, because that is who has seen the secret.
create function darkroom.roller(c darkroom.caller, o darkroom.api_keys) returns uuid language sql stable as $$
  select coalesce((select m.user_id from darkroom.members m where m.organization_id = c.organization_id and m.user_id = c.user_id), o.user_id)
$$;

-- A new secret for the same key; the old one works for `overlap_seconds` more. Caps are counted on: the new key starts where the old one is.
-- request: {prefix, hash, overlap_seconds}
create function api.roll_api_key(credential jsonb, id text, request jsonb, idempotency jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.enter_api_key(credential, id); o darkroom.api_keys; k darkroom.api_keys; v jsonb; v_why text;
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  v := darkroom.made_before(c, idempotency);
  if v ? 'refusal' then return v; end if;
  if v is not null then
    select * into k from darkroom.api_keys x where x.id = v->'object_ids'->>0;
    return darkroom.ok(darkroom.api_key_json(k) || '{"replayed": true}');
  end if;
  select * into o from darkroom.api_keys x where x.id = roll_api_key.id for no key update;
  if o.revoked_at is not null or o.replaced_by is not null or o.expires_at <= darkroom.now() then
    return darkroom.refuse('invalid_state', 'Only a key in use can be rolled, and only once.');
  end if;
  v_why := darkroom.exceeds(c, o);
  if v_why is not null then return darkroom.refuse('forbidden', v_why); end if;
  insert into darkroom.api_keys (account_id, user_id, hash, prefix, name, scopes, allowed_models, monthly_credit_cap, rate_limit_per_minute, expires_at, root_id)
    values (o.account_id, darkroom.roller(c, o), request->>'hash', request->>'prefix', o.name, o.scopes, o.allowed_models, o.monthly_credit_cap, o.rate_limit_per_minute,
      o.expires_at, coalesce(o.root_id, o.id)) returning * into k;
  update darkroom.api_keys x set replaced_by = k.id,
      expires_at = least(x.expires_at, darkroom.now() + make_interval(secs => (request->>'overlap_seconds')::int)) where x.id = o.id returning * into o;
  perform darkroom.made(c, idempotency, 'api_key', k.id);
  perform darkroom.audit(c, k.account_id, 'api_key.rolled', 'api_key', o.id, null,
    jsonb_build_object('replaced_by', k.id, 'prefix', k.prefix, 'expires_at', darkroom.iso(o.expires_at)));
  return darkroom.ok(darkroom.api_key_json(k) || jsonb_build_object('replayed', false, 'rolled_from', jsonb_build_object('id', o.id, 'expires_at', darkroom.iso(o.expires_at))));
end $$;

select darkroom.expose('api.patch_api_key(jsonb,text,jsonb)', 'darkroom_account', 'keys');
select darkroom.expose('api.revoke_api_key(jsonb,text)', 'darkroom_account', 'keys');
select darkroom.expose('api.roll_api_key(jsonb,text,jsonb,jsonb)', 'darkroom_account', 'keys');
