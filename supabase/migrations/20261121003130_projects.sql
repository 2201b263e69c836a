-- Projects: work that is kept apart, of a person or of an organisation, with keys and settings of its own.

create function darkroom.project_json(p darkroom.projects) returns jsonb language sql stable as $$
  select jsonb_build_object('id', p.id, 'object', 'project', 'name', p.name, 'account_id', p.account_id,
    'organization_id', darkroom.scope_id('organization', p.account_id), 'created_at', darkroom.iso(p.created_at))
$$;

create function api.create_project(credential jsonb, request jsonb, idempotency jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  c darkroom.caller := darkroom.enter_scope(credential, 'manage', case when request->>'organization_id' is not null then 'organization' end, request->>'organization_id');
  v jsonb; p darkroom.projects;
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  v := darkroom.made_before(c, idempotency);
  if v ? 'refusal' then return v; end if;
  if v is null then
    insert into darkroom.projects (account_id, name) values (c.account_id, request->>'name') returning * into p;
    perform darkroom.made(c, idempotency, 'project', p.id);
    perform darkroom.audit(c, c.account_id, 'project.created', 'project', p.id, null, jsonb_build_object('name', p.name));
  else
    select * into p from darkroom.projects x where x.id = v->'object_ids'->>0;
  end if;
  return darkroom.ok(darkroom.project_json(p) || jsonb_build_object('replayed', v is not null));
end $$;

-- filter: {organization_id?, limit?, cursor?}. Without an organisation: the caller's own.
create function api.list_projects(credential jsonb, filter jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  c darkroom.caller := darkroom.enter_scope(credential, 'read', case when filter->>'organization_id' is not null then 'organization' end, filter->>'organization_id');
  v_limit int := coalesce((filter->>'limit')::int, 50); v_ids text[];
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  select array_agg(x.id order by x.id desc) into v_ids from (
    select p.id from darkroom.projects p where p.account_id = c.account_id and p.deleted_at is null
       and (filter->>'cursor' is null or p.id < filter->>'cursor') order by p.id desc limit v_limit + 1) x;
  return darkroom.ok(jsonb_build_object(
    'data', (select coalesce(jsonb_agg(darkroom.project_json(p) order by p.id desc), '[]') from darkroom.projects p where p.id = any (v_ids[1:v_limit])),
    'next_cursor', case when cardinality(v_ids) > v_limit then v_ids[v_limit] end));
end $$;

create function api.get_project(credential jsonb, id text) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.enter_scope(credential, 'read', 'project', id);
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  return darkroom.ok((select darkroom.project_json(p) from darkroom.projects p where p.id = get_project.id));
end $$;

create function api.rename_project(credential jsonb, id text, name text) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.enter_scope(credential, 'manage', 'project', id); p darkroom.projects; v_before text;
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  select x.name into v_before from darkroom.projects x where x.id = rename_project.id for no key update;
  update darkroom.projects x set name = rename_project.name where x.id = rename_project.id returning * into p;
  perform darkroom.audit(c, c.account_id, 'project.renamed', 'project', p.id, jsonb_build_object('name', v_before), jsonb_build_object('name', p.name));
  return darkroom.ok(darkroom.project_json(p));
end $$;

-- Its jobs stay; its keys and settings go with it.
create function api.delete_project(credential jsonb, id text) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.enter_scope(credential, 'manage', 'project', id); p darkroom.projects; k darkroom.provider_api_keys; s darkroom.provider_settings;
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  perform darkroom.lock_keys('project', id);
  update darkroom.projects x set deleted_at = darkroom.now() where x.id = delete_project.id returning * into p;
  perform 1 from darkroom.provider_api_keys x where x.owner_kind = 'project' and x.owner_id = p.id and x.deleted_at is null order by x.id for no key update;
  for s in delete from darkroom.provider_settings x where x.owner_kind = 'project' and x.owner_id = p.id returning * loop
    perform darkroom.note_setting(c, 'setting.deleted', s, null);
  end loop;
  for k in select * from darkroom.provider_api_keys x where x.owner_kind = 'project' and x.owner_id = p.id and x.deleted_at is null loop
    perform darkroom.retire_key(c, k);
  end loop;
  perform darkroom.audit(c, c.account_id, 'project.deleted', 'project', p.id, jsonb_build_object('name', p.name), null);
  return darkroom.ok(jsonb_build_object('id', p.id, 'object', 'project', 'deleted', true));
end $$;

select darkroom.expose('api.create_project(jsonb,jsonb,jsonb)', 'darkroom_account', 'keys');
select darkroom.expose('api.list_projects(jsonb,jsonb)', 'darkroom_account', 'keys');
select darkroom.expose('api.get_project(jsonb,text)', 'darkroom_account', 'keys');
select darkroom.expose('api.rename_project(jsonb,text,text)', 'darkroom_account', 'keys');
select darkroom.expose('api.delete_project(jsonb,text)', 'darkroom_account', 'keys');
