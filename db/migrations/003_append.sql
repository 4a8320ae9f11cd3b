-- Which database this is: changes after a restore into another cluster or database, and after a fail-over (STR-1).
create function database_identity() returns text language sql volatile as $$
  select (select system_identifier from pg_control_system())::text
    || ':' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)
    || ':' || (select oid from pg_database where datname = current_database())::text
$$;

-- Lets all ids go on above any that can have been given out: 1,000 ids for each ms since 2024 outrun every real rate,
-- so that a later jump always lies above an earlier one, whatever backup is restored (2^53 is reached in 285 years).
-- A config that is made later may have existed after the backup was taken: meta remembers what its ids must be above.
create function jump_ids(p_instance int default null) returns bigint language plpgsql as $$
declare v_target bigint := ((extract(epoch from clock_timestamp()) * 1000)::bigint - 1704067200000) * 1000;
begin
  update config set floor = greatest(floor + 1000000000, v_target)
  where p_instance is null or instance = p_instance;
  insert into meta select 'ids_above:' || i.no, v_target from instance i where p_instance is null or i.no = p_instance
  on conflict (key) do update set value = greatest(meta.value::bigint + 1000000000, v_target);
  return v_target;
end $$;

-- Checks once per database connection that this is still the database whose ids were given out (STR-1).
create function ensure_identity() returns void language plpgsql as $$
declare
  here text;
  seen text;
begin
  if current_setting('syncline.identity_checked', true) = 'yes' then return; end if;
  here := database_identity();
  select value into seen from meta where key = 'identity';
  if seen is distinct from here then
    -- only now: a first append whose commit is late must not hold back those of other connections
    perform pg_advisory_xact_lock(727, 1);
    select value into seen from meta where key = 'identity';
    if seen is distinct from here and seen is not null then perform jump_ids(); end if;
    insert into meta values ('identity', here) on conflict (key) do update set value = excluded.value;
  end if;
  perform set_config('syncline.identity_checked', 'yes', false);
end $$;

-- A plan that was made for an empty table is kept while the table grows, and may be any: until there are some rows,
-- every call is planned anew.
create function plan_for_growth() returns void language plpgsql as $$
begin
  if current_setting('syncline.grown', true) = 'yes' then return; end if;
  if pg_relation_size('op') > 1000000 then
    perform set_config('plan_cache_mode', 'force_generic_plan', false), set_config('syncline.grown', 'yes', false);
  else
    perform set_config('plan_cache_mode', 'force_custom_plan', false);
  end if;
end $$;

-- Appends many pushes in one commit; no key (config, owner, mid) may come twice. p_rank counts the rows of a stream, from
-- 1, in order of arrival; p_early, p_os, p_min and p_max may be null where no row has one. Answers with a list of JSON
-- values, one for each row: its id where it was stored (rank above the head that the stream had before all of them), or
-- "duplicate", "offline" (config unknown or offline), "expired". One text: rows would cost the caller more than all else.
-- A lock per stream is held to commit and ids are allocated under it, in a statement that began after the lock was
-- taken: commits become visible in id order (STR-2) and simultaneous calls of one key store once (PUSH-4).
-- Nearly always all are new: they go in unjudged, and the unique key stops what is not. Then all of it is undone and each is
-- judged, and so are those of the next calls: where some come twice, more will. A lone one gains nothing by an attempt.
create function append_ops(
  p_config int[], p_owner text[], p_rank int[], p_mid text[], p_at bigint[], p_valid_until bigint[], p_early boolean[],
  p_enc text[], p_payload text[], p_os text[], p_min text[], p_max text[]
) returns text language plpgsql as $$
declare
  v_careful int := coalesce(nullif(current_setting('syncline.careful', true), ''), '0');
  v_results text;
  v_threshold boolean;
  v_stored int;
begin
  if current_setting('syncline.grown', true) is distinct from 'yes' then
    perform ensure_identity();
    perform plan_for_growth();
  end if;
  perform pg_advisory_xact_lock_shared(726, c) from (select distinct unnest(p_config) c order by 1) x;
  perform pg_advisory_xact_lock(h)
    from (select hashtextextended(u.owner, u.config) h from unnest(p_owner, p_config) u(owner, config) order by 1) x;
  if v_careful > 0 then
    perform set_config('syncline.careful', (v_careful - 1)::text, false);
  elsif cardinality(p_owner) > 1 then
    begin
      with stored as (
        -- sorted: what it returns comes in the order of the calls
        insert into op (instance, owner, config, id, mid, at, valid_until, early, enc, payload, os, min_version, max_version)
        select c.instance, i.owner, i.config, i.rank + greatest(c.floor, (select o.id from op o where o.instance = c.instance
            and o.owner = i.owner and o.config = i.config order by o.id desc limit 1)),
          i.mid, i.at, i.valid_until, coalesce(i.early, false), i.enc, i.payload, i.os, i.min_version, i.max_version
        from unnest(p_config, p_owner, p_rank, p_mid, p_at, p_valid_until, p_early, p_enc, p_payload, p_os, p_min, p_max)
          with ordinality as i(config, owner, rank, mid, at, valid_until, early, enc, payload, os, min_version, max_version, n)
        join config c on c.no = i.config and c.status = 'online' and c.deleted_at is null
        where i.valid_until > i.at order by i.n
        returning id, config, at
      ), counted as (
        insert into stat_delta select s.config, (s.at / 3600000)::int, 0, count(*) from stored s group by 1, 2
      )
      select string_agg(s.id::text, ','), count(*),
        exists (select from config c where c.no = any (p_config) and c.threshold is not null)
      into v_results, v_stored, v_threshold from stored s;
      if v_stored < cardinality(p_owner) then raise 'not all are new' using errcode = 'SY001'; end if;
    exception when unique_violation or sqlstate 'SY001' then
      v_results := null;
      perform set_config('syncline.careful', '20', false);
    end;
  end if;
  if v_results is null then with judged as materialized (
    -- scalar look-ups by key: nothing here can be planned as a join that reads the log
    select i.*, c.instance, c.threshold is not null as threshold,
      case when c.no is null then 'offline'
        when (select 1 from op o where o.instance = c.instance and o.owner = i.owner and o.config = i.config
          and o.mid = i.mid limit 1) = 1 then 'duplicate'
        when i.valid_until <= i.at then 'expired' else 'stored' end as verdict,
      i.rank + greatest(c.floor, (select o.id from op o where o.instance = c.instance and o.owner = i.owner
        and o.config = i.config order by o.id desc limit 1)) as new_id
    from unnest(p_config, p_owner, p_rank, p_mid, p_at, p_valid_until, p_early, p_enc, p_payload, p_os, p_min, p_max)
      with ordinality as i(config, owner, rank, mid, at, valid_until, early, enc, payload, os, min_version, max_version, n)
    left join config c on c.no = i.config and c.status = 'online' and c.deleted_at is null
  ), stored as (
    insert into op (instance, owner, config, id, mid, at, valid_until, early, enc, payload, os, min_version, max_version)
    select x.instance, x.owner, x.config, x.new_id, x.mid, x.at, x.valid_until, coalesce(x.early, false), x.enc,
      x.payload, x.os, x.min_version, x.max_version from judged x where x.verdict = 'stored'
  ), counted as (
    insert into stat_delta select x.config, (x.at / 3600000)::int, 0, count(*) from judged x
    where x.verdict = 'stored' group by 1, 2
  )
  select string_agg(case x.verdict when 'stored' then x.new_id::text else '"' || x.verdict || '"' end, ',' order by x.n),
    bool_or(x.threshold) into v_results, v_threshold
  from judged x;
  end if;
  if v_threshold then perform drop_over_threshold(p_config, p_owner, (select max(x) from unnest(p_at) x)); end if;
  return v_results;
end $$;
