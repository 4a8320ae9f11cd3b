-- Operators, their login sessions and records; nonces of signed requests; samples of connections.

create table operator (
  id int generated always as identity primary key,
  login text collate "C" not null,
  role text not null check (role in ('viewer', 'operator', 'admin')),
  hash text not null,                            -- scrypt, with its parameters
  disabled boolean not null default false,
  must_change boolean not null,                  -- a one-time password: nothing is allowed before another is chosen
  created_at bigint not null,
  last_login_at bigint
);
create unique index operator_login on operator (lower(login));

create table operator_session (
  token_hash text primary key,                   -- SHA-256: who reads the table cannot log in with it
  operator int not null references operator on delete cascade,
  created_at bigint not null,
  expires_at bigint not null
);
create index operator_session_operator on operator_session (operator);

-- REC-1: written in the transaction of what they record, never altered.
create table record (
  id bigint generated always as identity primary key,
  at bigint not null,
  operator text collate "C" not null,            -- the login, as it was
  action text not null,
  instance int not null,                         -- 0: concerns no instance
  object text not null,
  before json,                                   -- json, not jsonb: a payload may hold a NUL
  after json
);
create index record_at on record (instance, at desc, id desc);

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'Cannot alter a record: records stay as they were written (REC-1)';
end $$;
create trigger record_stays before update or delete on record
  for each row execute function refuse_change();
create trigger record_stays_whole before truncate on record
  for each statement execute function refuse_change();

-- SIG-3. Unlogged: a nonce matters for minutes, and signed pushes must stay fast.
create unlogged table nonce (
  instance int not null,
  kind text not null,                            -- server or app: which secrets sign with it
  nonce text collate "C" not null,
  at bigint not null,
  primary key (instance, kind, nonce)
);
create index nonce_at on nonce (at);

-- STA-2: live sessions per instance and minute.
create table connection_sample (
  instance int not null,
  at bigint not null,
  n int not null,
  primary key (instance, at)
);

-- What became of one push (CON-4). Rows of these tables are made once, when a delivery goes wrong or a device is new.
create index dead_letter_op on dead_letter (config, id);
create index owed_op on owed (config, id);
create index sync_point_config on sync_point (config);
