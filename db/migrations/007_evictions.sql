-- DEV-3 across processes: takeovers that the process of the older session has not acted on. An announcement that gets
-- lost is made up for by the next beat (db/sessions_postgres.ts).
create unlogged table eviction (
  node text not null,
  connection text not null,
  seq bigint not null
);
create index eviction_by_node on eviction (node);

create or replace function evict_session() returns trigger language plpgsql as $$
begin
  insert into eviction values (old.node, old.connection, new.seq);
  perform pg_notify('syncline_evict', old.node || ' ' || old.connection || ' ' || new.seq);
  return null;
end $$;
