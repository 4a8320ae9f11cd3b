-- The log. Every table that grows with users is keyed by (instance, owner or subject, ...) first, so that it can be
-- hash-partitioned or distributed by owner without changing a query.
-- owner: user id, device id, or '' for everybody. subject: the user or device that a delivery is for.
-- device: the device of a user's delivery; '' where the subject is the device, and for single-device attempts.

create table op (
  instance int not null,
  owner text collate "C" not null,
  config int not null,
  id bigint not null,
  mid text collate "C",                 -- thirdMsgId; null once its 30 days are over (the stream's newest row stays)
  at bigint not null,                   -- accepted, ms
  valid_until bigint not null,          -- validTimeEnd, at most the retention's end (PUSH-6)
  early boolean not null,               -- valid_until lies before the retention's end
  enc text not null,                    -- t: payload as text; j: JSON-escaped (it holds a NUL); b: base64 as it came
  payload text,                         -- null once expired or dropped (PER-1)
  os text,
  min_version text,
  max_version text,
  dropped boolean not null default false, -- over the threshold (THR-1)
  primary key (instance, owner, config, id)
);
create unique index op_mid on op (instance, owner, config, mid);
create index op_at on op (config, at);
create index op_expiry on op (valid_until) where early and payload is not null;

-- The first device's acknowledgement of an op. Insert only.
create table arrival (
  instance int not null,
  owner text collate "C" not null,
  config int not null,
  id bigint not null,
  at bigint not null,
  device text collate "C" not null,
  primary key (instance, owner, config, id)
);

-- The server's record of sync points.
create table sync_point (
  instance int not null,
  subject text collate "C" not null,
  config int not null,
  device text collate "C" not null,
  point bigint not null,
  at bigint not null,
  primary key (instance, subject, config, device)
);

-- Ops that were sent and not acknowledged for longer than one flush, with the retries charged so far (DLV-4).
create table delivery (
  instance int not null,
  subject text collate "C" not null,
  config int not null,
  device text collate "C" not null,
  id bigint not null,
  attempts int not null,
  at bigint not null,
  primary key (instance, subject, config, device, id)
);
create index delivery_op on delivery (config, id);

-- Ops skipped for a device only because of OS or version (FLT-3).
create table owed (
  instance int not null,
  subject text collate "C" not null,
  config int not null,
  device text collate "C" not null,
  id bigint not null,
  primary key (instance, subject, config, device, id)
);

create table dead_letter (
  instance int not null,
  subject text collate "C" not null,
  config int not null,
  device text collate "C" not null,
  id bigint not null,
  mid text,
  reason text not null check (reason in ('retries', 'threshold')),
  attempts int not null,
  at bigint not null,
  primary key (instance, subject, config, device, id)
);
create index dead_letter_at on dead_letter (instance, at desc);

-- Counters per config and hour (STA-1). kind: 0 pushes, 1 arrivals, 2 discards; 10-20 arrivals by latency bucket.
-- Appends insert deltas (no contended row on the hot path); the sweeper folds them into stat.
create table stat (
  config int not null,
  hour int not null,                    -- hours since 1970
  kind smallint not null,
  n bigint not null,
  primary key (config, hour, kind)
);
create table stat_delta (
  config int not null,
  hour int not null,
  kind smallint not null,
  n bigint not null
);

-- Live server processes and sessions (DEV-3 across processes, the console's status pages).
create table node (
  id text primary key,
  seen_at bigint not null
);
create table session (
  instance int not null,
  device text collate "C" not null,
  connection text not null,
  node text not null,
  seq bigint not null,
  os text,
  app_version text,
  foreground boolean not null,
  user_id text collate "C",
  consistency text,
  connected_at bigint not null,
  primary key (instance, device)
);
create index session_by_user on session (instance, user_id);
create index session_by_node on session (node);

-- How far the sweeper came, per config: payloads dropped and rows deleted for everything accepted up to then, and the
-- threshold that all its streams were last cut to.
create table sweep (
  config int primary key,
  payload_at bigint not null default 0,
  row_at bigint not null default 0,
  threshold int
);
