-- Keys that are tried before they are kept: so many a minute, each with a line in the audit log. Who has found keys cannot sort them here unseen.
-- request: {provider, last4, fingerprint}. Whoever may keep a key may try one; nobody else gets to ask providers through us.
create function api.begin_key_test(credential jsonb, request jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.enter_scope(credential, 'manage', null, null); v_refusal jsonb;
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  v_refusal := darkroom.count_in_minute('key_tries:' || c.account_id, 1, 30, 'No more keys can be tried in this minute.');
  if v_refusal is not null then return v_refusal; end if;
  perform darkroom.audit(c, c.account_id, 'provider_key.tried', 'provider', request->>'provider', null, request - 'provider');
  return darkroom.ok('{}');
end $$;

select darkroom.expose('api.begin_key_test(jsonb,jsonb)', 'darkroom_account', 'keys');
