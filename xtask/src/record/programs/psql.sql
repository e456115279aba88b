select id, name, email from users where id <= 3 order by id;
select count(*) as orders from orders \gset
begin;
insert into orders (user_id, product_id, quantity, status) values (1, 2, 3, 'open') returning id > 0 as made;
savepoint here;
update orders set quantity = quantity + 1 where user_id = 1;
rollback to here;
release here;
commit;
select 1 as one \; select 2 as two \; update products set price_cents = price_cents where id = 1;
select $1::int + $2::int as sum \bind 2 3 \g
\set FETCH_COUNT 2
select id, title from products order by id;
\unset FETCH_COUNT
prepare named (int) as select city, email from users where id = $1;
execute named (2);
execute named (3);
deallocate named;
set application_name = 'nightly';
create table mine (id int, note text);
insert into mine values (1, 'write to ada@example.com'), (2, 'nothing');
select * from mine order by id;
do $$ begin raise notice 'by the way'; end $$;
listen news;
notify news, 'extra';
select null as nothing, true as yes, repeat('x', 300) as long;
