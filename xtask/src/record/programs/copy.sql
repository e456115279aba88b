create temporary table places (id int generated always as identity, name text);
copy places (name) from stdin;
Basel
Zürich
Bern
\.
copy places (id) from stdin;
1
\.
select id, name from places order by id;
copy (select id, title from products order by id) to stdout with (format csv, header);
copy orders to stdout;
copy users (id, name, email) to stdout;
\copy places (name) from pstdin with csv
"Chur, GR"
Genf
\.
select count(*) from places;
