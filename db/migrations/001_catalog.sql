-- Instances, secrets and sync configs: small tables, cached by every server process.

create table meta (
  key text primary key,
  value text not null
);

-- One row; raised by every change of the catalog, polled each second, announced on channel syncline_catalog (CFG-4).
create table catalog_version (n bigint not null);
insert into catalog_version values (1);

create table instance (
  no int generated always as identity primary key,
  id text not null unique,                       -- workspaceId_appId (INS-1)
  workspace_id text not null,
  app_id text not null,
  name text not null,
  signature boolean not null default true,       -- INS-2
  session_validate_url text,
  epoch text not null,
  created_at bigint not null                     -- all times: ms since 1970
);

create table secret (
  id text primary key,
  instance int not null references instance,
  kind text not null check (kind in ('server', 'app')),
  secret text not null,
  created_at bigint not null,
  revoked_at bigint
);
create index secret_instance on secret (instance);

create table config (
  no int generated always as identity primary key,
  instance int not null references instance,
  biz_type text not null,
  description text not null,
  scope text not null check (scope in ('single', 'global')),
  target text not null check (target in ('user', 'device')),
  multi_device boolean not null,
  persistent boolean not null,
  retention_days int not null check (retention_days between 1 and 30),
  threshold int check (threshold between 1 and 1000),
  consistency boolean not null,
  status text not null check (status in ('online', 'offline')),
  floor bigint not null default 0,               -- ids of its streams are above this (STR-1, CFG-5)
  created_at bigint not null,
  updated_at bigint not null,
  deleted_at bigint                              -- a deleted config keeps its row: it remembers the floor
);
create unique index config_biz on config (instance, biz_type) where deleted_at is null;
create index config_history on config (instance, biz_type);

create function touch_catalog() returns trigger language plpgsql as $$
begin
  update catalog_version set n = n + 1;
  perform pg_notify('syncline_catalog', '');
  return null;
end $$;
create trigger instance_touch after insert or update or delete on instance
  for each statement execute function touch_catalog();
create trigger secret_touch after insert or update or delete on secret
  for each statement execute function touch_catalog();
create trigger config_touch after insert or update or delete on config
  for each statement execute function touch_catalog();
