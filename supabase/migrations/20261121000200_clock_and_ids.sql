-- Time and identity: each from one function, so that clocks can be moved in tests and ids sort by age.
-- Helpers set no search_path of their own: every way in is an API function that has set it to nothing, and without the clause
-- PostgreSQL inlines the small ones (if they are declared no less volatile than what they call). Those called on every request are plpgsql where they query: SQL functions are planned at each call.

-- The transaction's time. `darkroom.clock_offset` is an interval; nothing sets it in production.
create function darkroom.now() returns timestamptz language sql stable as $$
  select pg_catalog.now() + coalesce(nullif(current_setting('darkroom.clock_offset', true), '')::interval, interval '0')
$$;

-- The time at the call, for turns and queue ages: two claims of one transaction must differ.
create function darkroom.clock() returns timestamptz language sql volatile as $$
  select clock_timestamp() + coalesce(nullif(current_setting('darkroom.clock_offset', true), '')::interval, interval '0')
$$;

-- `prefix_` and 32 hex digits: UUIDv7's layout (RFC 9562) without dashes. Text, because a row then shows what the API shows.
create function darkroom.new_id(p_prefix text) returns text language sql volatile as $$
  select concat(p_prefix, '_', lpad(to_hex((date_part('epoch', clock_timestamp()) * 1000)::bigint), 12, '0'), '7',
    substr(encode(uuid_send(gen_random_uuid()), 'hex'), 14))
$$;

-- The id of a row that has another key: of the same form, and the same each time. p_rest: 19 hex digits.
create function darkroom.derived_id(p_prefix text, p_at timestamptz, p_rest text) returns text language sql immutable as $$
  select concat(p_prefix, '_', lpad(to_hex((date_part('epoch', p_at) * 1000)::bigint), 12, '0'), '7', p_rest)
$$;

-- A JSON array of names as PostgreSQL has arrays; null for anything else. A loop: an assignment costs less than a query.
create function darkroom.text_array(p jsonb) returns text[] language plpgsql immutable as $$
declare v text[] := '{}'; i int;
begin
  if p is null or jsonb_typeof(p) <> 'array' then return null; end if;
  for i in 0 .. jsonb_array_length(p) - 1 loop v := v || (p->>i); end loop;
  return v;
end $$;

-- Rows that say what happened are never changed; corrections are new rows.
create function darkroom.append_only() returns trigger language plpgsql set search_path = '' as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = '55000';
end $$;

create function darkroom.ok(p_value jsonb) returns jsonb language sql stable as $$
  select jsonb_build_object('ok', p_value)
$$;

-- A business refusal is a value: the transaction stands, and the caller's table of codes decides the status.
create function darkroom.refuse(p_code text, p_detail text default null, p_more jsonb default '{}') returns jsonb
language sql stable as $$
  select jsonb_build_object('refusal', jsonb_strip_nulls(jsonb_build_object('code', p_code, 'detail', p_detail)) || p_more)
$$;

-- Of a minute that began then. It may have begun a little later than now: transactions reach a lock in another order than they began.
create function darkroom.seconds_left(p_minute timestamptz, p_now timestamptz) returns int language sql immutable as $$
  select greatest(1, least(60, ceil(extract(epoch from p_minute + interval '1 minute' - p_now))))::int
$$;
