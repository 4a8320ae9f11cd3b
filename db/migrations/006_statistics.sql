-- Sums of `stat` over hours that are over, so that a month of many configs is told from thousands of rows and not from
-- millions (STA-2). Hours up to the one in meta under `statistics_hour` (hours since 1970) are in them, and in no other
-- table that is read with them.

create table stat_day (
  config int not null,
  day int not null,
  kind smallint not null,
  n bigint not null,
  primary key (config, day, kind)
);

create table stat_instance (
  instance int not null,
  hour int not null,
  kind smallint not null,
  n bigint not null,
  primary key (instance, hour, kind)
);
