-- A session that an operator closes stands among the evictions, too, so that it is closed also when the word of it is lost.
alter table eviction alter column seq drop not null;
comment on column eviction.seq is 'of the session that took over; null: an operator closes this one';
