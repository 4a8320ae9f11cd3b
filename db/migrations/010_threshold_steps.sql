-- Databases of before the first version have this function from 003_append.sql, some of them with a switch in place of the
-- last two arguments.
drop function if exists drop_over_threshold(int[], text[], bigint, boolean);
drop function if exists drop_over_threshold(int[], text[], bigint, bigint[], int);

-- THR-1: drops what lies below the newest N of these streams and was not sent to a target that has not answered yet.
-- What has expired is left to the sweeper.
-- Called once per appended row, so looking at as many rows below the cut as there are calls for the stream is enough.
-- After the threshold was lowered p_from says for each stream from which id on all are looked at. p_most of a stream are
-- dropped then at once, since its lock keeps its pushes waiting; answers with the streams that go on, and from where.
-- Under the streams' locks: nobody sends meanwhile.
create function drop_over_threshold(
  p_config int[], p_owner text[], p_now bigint, p_from bigint[] default null, p_most int default null
) returns table (owner text, next bigint) language plpgsql as $$
#variable_conflict use_column
begin
  perform pg_advisory_xact_lock(h)
    from (select distinct hashtextextended(u.owner, u.config) h from unnest(p_owner, p_config) u(owner, config) order by 1) x;
  return query with stream as (
    select c.instance, u.owner, c.no as config, c.threshold, c.retention_days * 86400000::bigint as retention,
      count(*) as k, min(u.from_id) as from_id
    from unnest(p_config, p_owner, p_from) u(config, owner, from_id)
    join config c on c.no = u.config and c.threshold is not null
    group by 1, 2, 3, 4, 5
  ), cut as materialized (
    select s.*, (select o.id from op o where o.instance = s.instance and o.owner = s.owner and o.config = s.config
        order by o.id desc offset s.threshold limit 1) as cut_id,
      coalesce(s.from_id, (select o.id from op o where o.instance = s.instance and o.owner = s.owner
        and o.config = s.config order by o.id desc offset s.threshold + s.k - 1 limit 1), 0) as first_id
    from stream s
  ), victim as (
    select o.instance, o.owner, o.config, o.id, o.mid
    -- stream by stream, by key: left to choose, the planner reads the whole log when it has grown
    from cut c cross join lateral (select x.* from op x
      where x.instance = c.instance and x.owner = c.owner and x.config = c.config
        and x.id <= c.cut_id and x.id >= c.first_id
        and not x.dropped and x.payload is not null and least(x.valid_until, x.at + c.retention) > p_now
        and (select 1 from delivery d where d.config = x.config and d.id = x.id
          and (d.subject = x.owner or x.owner = '') limit 1) is null
      order by x.id limit p_most) o
  ), dropped as (
    update op o set dropped = true, payload = null from victim v
    where o.instance = v.instance and o.owner = v.owner and o.config = v.config and o.id = v.id
  ), unowed as (
    delete from owed w using victim v where w.config = v.config and w.id = v.id
      and (w.subject = v.owner or v.owner = '')
  ), told as (
    insert into dead_letter (instance, subject, config, device, id, mid, reason, attempts, at)
    select v.instance, v.owner, v.config, '', v.id, v.mid, 'threshold', 0, p_now
    from victim v
    where not exists (select 1 from arrival a where a.instance = v.instance and a.owner = v.owner
      and a.config = v.config and a.id = v.id)
    on conflict do nothing
  )
  select v.owner, max(v.id) + 1 from victim v group by v.owner having count(*) = p_most;
end $$;
