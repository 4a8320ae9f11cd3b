-- THR-1: marks ops of threshold configs as sent, in the order of their streams' locks, unless they were dropped since
-- they were read; answers with those that may be sent.
create function claim_sends(p_instance int[], p_owner text[], p_config int[], p_subject text[], p_device text[],
  p_id bigint[], p_at bigint)
returns table (instance int, subject text, config int, device text, id bigint) language plpgsql as $$
begin
  perform pg_advisory_xact_lock(h)
    from (select distinct hashtextextended(u.owner, u.config) h from unnest(p_owner, p_config) u(owner, config) order by 1) x;
  return query
  with claimed as (
    select u.* from unnest(p_instance, p_owner, p_config, p_subject, p_device, p_id)
      u(instance, owner, config, subject, device, id)
    join op o on o.instance = u.instance and o.owner = u.owner and o.config = u.config and o.id = u.id
    where not o.dropped and o.payload is not null
  ), marked as (
    insert into delivery (instance, subject, config, device, id, attempts, at)
    select c.instance, c.subject, c.config, c.device, c.id, 0, p_at from claimed c on conflict do nothing
  )
  select c.instance, c.subject, c.config, c.device, c.id from claimed c;
end $$;

-- THR-1: before deliveries end, the locks of their streams where there is a threshold: nobody sends until drop_ended has
-- decided.
create function lock_ended(p_config int[], p_subject text[]) returns void language sql as $$
  select pg_advisory_xact_lock(h) from (
    select distinct hashtextextended(case c.scope when 'global' then '' else u.subject end, c.no) h
    from unnest(p_config, p_subject) u(config, subject) join config c on c.no = u.config and c.threshold is not null
    order by 1) x
$$;

-- THR-1: an op that was kept because it had been sent is dropped once no target waits for it any more.
create function drop_ended(p_config int[], p_subject text[], p_id bigint[], p_now bigint)
returns void language plpgsql as $$
begin
  if not exists (select 1 from config c where c.no = any (p_config) and c.threshold is not null) then return; end if;
  with ended as materialized (
    select distinct c.no as config, c.instance, c.threshold, c.retention_days * 86400000::bigint as retention,
      case c.scope when 'global' then '' else u.subject end as owner, u.id
    from unnest(p_config, p_subject, p_id) u(config, subject, id)
    join config c on c.no = u.config and c.threshold is not null
  ), victim as (
    select o.instance, o.owner, o.config, o.id, o.mid
    -- op by op, by key: left to choose, the planner reads the whole log when it has grown
    from ended e cross join lateral (select x.* from op x
      where x.instance = e.instance and x.owner = e.owner and x.config = e.config and x.id = e.id
        and not x.dropped and x.payload is not null and least(x.valid_until, x.at + e.retention) > p_now
        and x.id <= (select k.id from op k where k.instance = e.instance and k.owner = e.owner and k.config = e.config
          order by k.id desc offset e.threshold limit 1)
        and (select 1 from delivery d where d.config = x.config and d.id = x.id
          and (d.subject = x.owner or x.owner = '') limit 1) is null
      offset 0) o
  ), dropped as (
    update op o set dropped = true, payload = null from victim v
    where o.instance = v.instance and o.owner = v.owner and o.config = v.config and o.id = v.id
  ), unowed as (
    delete from owed w using victim v where w.config = v.config and w.id = v.id
      and (w.subject = v.owner or v.owner = '')
  )
  insert into dead_letter (instance, subject, config, device, id, mid, reason, attempts, at)
  select v.instance, v.owner, v.config, '', v.id, v.mid, 'threshold', 0, p_now
  from victim v
  where not exists (select 1 from arrival a where a.instance = v.instance and a.owner = v.owner
    and a.config = v.config and a.id = v.id)
  on conflict do nothing;
end $$;

-- DEV-3 across processes: tells the process that held the device's older session to close it.
create function evict_session() returns trigger language plpgsql as $$
begin
  perform pg_notify('syncline_evict', old.node || ' ' || old.connection || ' ' || new.seq);
  return null;
end $$;
create trigger session_evict after update on session for each row
  when (old.node is distinct from new.node) execute function evict_session();
