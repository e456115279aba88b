selec 1;
select * from nothing_there;
select 1 / 0;
drop table users;
select 1 as one \; drop table users \; select 3 as three;
begin;
select id from users where id = 1;
select 1 / 0;
select id from users where id = 2;
drop table users;
commit;
\set ON_ERROR_ROLLBACK on
begin;
insert into products (id, title, price_cents) overriding system value values (1, 'twice', 1);
insert into products (title, price_cents) values ('once', 1);
rollback;
copy users to stdout;
set standard_conforming_strings = off;
