-- Row-level security of what this part added. Every table has its policies from the loop before; here is what an account may do with
-- them, and the rows that are the platform's: visible to whoever entered that scope as an operator.
grant select, insert, update on darkroom.provider_api_keys, darkroom.provider_key_versions, darkroom.key_pools, darkroom.api_keys, darkroom.client_tokens,
  darkroom.projects, darkroom.organizations, darkroom.invitations to darkroom_account;
grant select, insert, update, delete on darkroom.members, darkroom.provider_settings to darkroom_account;
grant select, insert on darkroom.audit_log to darkroom_account;
grant select on darkroom.settings_events, darkroom.key_events to darkroom_account;
grant usage on sequence darkroom.pick_turn, darkroom.setting_version, darkroom.audit_log_id_seq to darkroom_account, darkroom_system;

-- What happened is appended to, by nobody changed.
revoke update, delete on darkroom.audit_log, darkroom.key_events, darkroom.settings_events from darkroom_system;

create policy owner_adds on darkroom.provider_api_keys for insert to darkroom_account
  with check (case owner_kind when 'platform' then current_setting('app.operator', true) = 'on' else account_id = current_setting('app.account_id', true) end);
create policy owner_changes on darkroom.provider_api_keys for update to darkroom_account
  using (case owner_kind when 'platform' then current_setting('app.operator', true) = 'on' else account_id = current_setting('app.account_id', true) end);
create policy person on darkroom.provider_settings for select to darkroom_account using (account_id = current_setting('app.person_account', true));
create policy platform on darkroom.key_pools to darkroom_account
  using (owner_kind = 'platform' and current_setting('app.operator', true) = 'on') with check (owner_kind = 'platform' and current_setting('app.operator', true) = 'on');
create policy platform on darkroom.provider_key_versions to darkroom_account
  using (account_id is null and current_setting('app.operator', true) = 'on') with check (account_id is null and current_setting('app.operator', true) = 'on');
create policy platform on darkroom.audit_log to darkroom_account
  using (account_id is null and current_setting('app.operator', true) = 'on') with check (account_id is null and current_setting('app.operator', true) = 'on');

-- People see which organisations they belong to.
create policy self on darkroom.members for select to darkroom_account using (user_id = nullif(current_setting('app.user_id', true), '')::uuid);
create policy member on darkroom.organizations for select to darkroom_account
  using (exists (select from darkroom.members m where m.organization_id = id and m.user_id = nullif(current_setting('app.user_id', true), '')::uuid));
