-- What is in flight fills and empties its tables within seconds. Counted in a quiet moment, with a handful of rows of one
-- user, the planner would read all of it for each look-up in the next storm of connects. Without such counts it takes
-- every key for a rare one, as it is, and goes by the primary key.
alter table delivery
  alter instance set statistics 0, alter subject set statistics 0, alter config set statistics 0,
  alter device set statistics 0, alter id set statistics 0;
alter table owed
  alter instance set statistics 0, alter subject set statistics 0, alter config set statistics 0,
  alter device set statistics 0, alter id set statistics 0;

-- As wide as the primary key: a smaller index would be read whole instead of it, when the table was empty at the planning.
drop index delivery_op;
create index delivery_op on delivery (config, id, subject, device, instance);
