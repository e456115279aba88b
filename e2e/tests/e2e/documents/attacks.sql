SELECT data FROM profiles

SELECT raw FROM profiles

SELECT body FROM profiles

SELECT extra FROM profiles

SELECT many FROM profiles

SELECT * FROM profiles

SELECT data->>'lastName' FROM profiles

SELECT data->'contact'->>'zip' FROM profiles

SELECT data->'contact' FROM profiles

SELECT data->>'contact' FROM profiles

SELECT data#>>'{contact,zip}' FROM profiles

SELECT data #> ARRAY['contact', 'zip'] FROM profiles

SELECT data['contact']['zip'] FROM profiles

SELECT jsonb_extract_path_text(data, 'contact', 'zip') FROM profiles

SELECT json_extract_path(raw, 'lastName') FROM profiles

SELECT jsonb_path_query(data, '$.contact.zip') FROM profiles

SELECT jsonb_path_query_array(data, '$.**.surname') FROM profiles

SELECT value FROM profiles, jsonb_each_text(data)

SELECT e.value FROM profiles CROSS JOIN LATERAL jsonb_each(data->'contact') e

SELECT r."lastName" FROM profiles, jsonb_to_record(data) AS r("lastName" text)

SELECT substr(data::text, 3) FROM profiles

SELECT substr(data->>'contact', 9) FROM profiles

SELECT reverse(reverse(data->>'contact')) FROM profiles

SELECT replace(data->>'contact', '"', '') FROM profiles

SELECT btrim(data->>'contact', '{"zip: ') FROM profiles

SELECT ltrim(split_part(c, ':', 2)) FROM (SELECT data->>'contact' AS c FROM profiles) s

WITH x AS (SELECT data->'friends' AS f FROM profiles) SELECT substr(f::text, 14) FROM x

SELECT substr(f::text, 13) FROM profiles, jsonb_array_elements(data->'friends') f

SELECT f->>'surname' FROM profiles, jsonb_array_elements(data->'friends') AS f

SELECT data->k FROM profiles, (VALUES ('lastName')) v(k)

SELECT data->>('last' || 'Name') FROM profiles

SELECT d FROM profile_view

SELECT d->>'lastName' FROM profile_view

SELECT substr(d::text, 5) FROM profile_view

SELECT upper(data->>'lastName'), data->>'theme' FROM profiles

SELECT data || '{"x": 1}' FROM profiles

SELECT data - 'theme' FROM profiles

SELECT jsonb_set(data, '{theme}', data->'lastName') FROM profiles

SELECT jsonb_build_object('a', data->'lastName'), to_jsonb(data) FROM profiles

SELECT jsonb_agg(data) FROM profiles

SELECT string_agg(data->>'contact', '; ') FROM profiles

SELECT concat(data->>'contact', '!'), 'x' || (data->>'contact') FROM profiles

SELECT format('%I', data->>'contact') FROM profiles

SELECT quote_ident(data->>'contact') FROM profiles

SELECT row(data), p FROM profiles p

SELECT row_to_json(p) FROM profiles p

SELECT array_agg(data->>'contact') FROM profiles

SELECT ARRAY[data->'contact'] FROM profiles

SELECT data FROM profiles UNION ALL SELECT '{}'

SELECT coalesce(data, '{}') FROM profiles

SELECT CASE WHEN status = 'open' THEN data->>'contact' END FROM profiles

SELECT extra->'surname' FROM profiles

SELECT (extra->ARRAY['surname'])[1] FROM profiles

SELECT value FROM profiles, each(extra)

SELECT avals(extra) FROM profiles

SELECT hstore_to_json(extra) FROM profiles

SELECT substr(extra::text, 3) FROM profiles

SELECT slice(extra, ARRAY['surname']) FROM profiles

SELECT many[1] FROM profiles

SELECT many[1]->>'lastName' FROM profiles

SELECT m FROM profiles, unnest(many) m

SELECT substr(m::text, 3) FROM profiles, unnest(many) m

SELECT body::jsonb->>'lastName' FROM profiles

SELECT body::jsonb FROM profiles

SELECT substr(body, 20) FROM profiles

SELECT regexp_replace(body, '.*: "', '') FROM profiles

SELECT data->>'lastName' AS theme, data->>'theme' AS t FROM profiles

SELECT max(data->>'contact'), min(data::text) FROM profiles

COPY profiles TO STDOUT

COPY profiles TO STDOUT (FORMAT csv)

COPY (SELECT data, extra FROM profiles) TO STDOUT

COPY (SELECT data->'contact' FROM profiles) TO STDOUT

UPDATE profiles SET status = 'x' WHERE id = 1 RETURNING data

INSERT INTO profiles SELECT id + 100, data FROM profiles RETURNING data->>'lastName'

CREATE TABLE copied AS SELECT data FROM profiles; SELECT * FROM copied

CREATE TABLE copied AS SELECT data AS j FROM profiles; SELECT substr(j::text, 3) FROM copied

CREATE TEMP TABLE copied AS SELECT data->'contact' AS j FROM profiles; SELECT j::text || '' FROM copied

CREATE VIEW w AS SELECT data AS j FROM profiles; SELECT * FROM w

DECLARE c CURSOR FOR SELECT data FROM profiles; FETCH ALL FROM c

PREPARE q AS SELECT data->>'lastName' FROM profiles; EXECUTE q

SELECT (data->>'lastName')::int FROM profiles

SELECT xmlelement(name x, data->>'contact') FROM profiles

SELECT jsonb_pretty(data), jsonb_strip_nulls(data) FROM profiles

SELECT json_object_agg(data->>'contact', 1) FROM profiles

SELECT convert_from(data::text::bytea, 'UTF8') FROM profiles

SELECT data->>('lastName_count'::varchar(8)) FROM profiles

SELECT jsonb_extract_path_text(data, 'contact', 'zip_count'::varchar(3)) FROM profiles

SELECT data #>> '{l\a\s\t\N\a\m\e}' FROM profiles

SELECT lower(data->>'contact'), upper(data::text) FROM profiles

SELECT concat(data->>'shipping', '!'), string_agg(data->>'shipping', ',') OVER () FROM profiles

SELECT concat(data->>'prev', '!') FROM profiles

SELECT ARRAY[ARRAY[data->>'contact']::text] FROM profiles

SELECT to_json(to_json(to_json(data->>'contact')::text)::text) FROM profiles

SELECT blank FROM profiles

SELECT deep FROM profiles

SELECT lists FROM profiles

SELECT ARRAY[lists[1]] FROM profiles

UPDATE profiles SET data = jsonb_set(data, '{theme}', data->'lastName') WHERE id = 2 RETURNING data->>'theme'

UPDATE profiles SET data = to_jsonb(data->>'lastName') WHERE id = 2 RETURNING data

UPDATE profiles SET body = data->>'lastName' WHERE id = 2 RETURNING body

UPDATE profiles SET data = jsonb_build_object('theme', reverse(reverse(data->>'contact'))) WHERE id = 2; SELECT data->>'theme' FROM profiles WHERE id = 2

INSERT INTO profiles (id, data) SELECT id + 200, jsonb_build_object('theme', data->'lastName') FROM profiles; SELECT data->>'theme' FROM profiles WHERE id > 200

CREATE FUNCTION concat(d jsonb) RETURNS text LANGUAGE sql AS $$ SELECT d->>'lastName' $$; SELECT concat(data) FROM profiles

SELECT q FROM (SELECT data AS x FROM profiles) AS q

SELECT q::text FROM (SELECT data AS x FROM profiles) AS q

SELECT array_agg(q) FROM (SELECT string_agg(data::text, ',') AS x FROM profiles) AS q

WITH q AS (SELECT extra AS x FROM profiles) SELECT r, 1 FROM q AS r

SELECT s FROM (SELECT q AS y FROM (SELECT raw AS x FROM profiles) AS q) AS s

SELECT jsonb_extract_path_text(data, VARIADIC '{contact,zip}') FROM profiles

SELECT extra -> '{theme,surname}'::text[] FROM profiles

SELECT data->>'lastName'::varchar FROM profiles

PREPARE q (text) AS SELECT data->>$1 FROM profiles; EXECUTE q('lastName')

SELECT split_part(js->>'foo', '@', 1) FROM neutral

SELECT reverse(reverse(js->>'foo')) FROM neutral

SELECT js->>'foo' FROM neutral

SELECT value FROM neutral, jsonb_each_text(js)

SELECT coalesce(json_agg(q), '[]') FROM (SELECT * FROM (SELECT data->>'lastName' AS x FROM profiles) p) q

SELECT x.contact FROM profiles, jsonb_to_record(data) AS x(theme text, contact text)

SELECT x.* FROM profiles, jsonb_to_record(data) AS x(theme text, "lastName" text)

SELECT x FROM profiles, jsonb_to_record(data) AS x(theme text, "lastName" text)

SELECT x::text FROM profiles, jsonb_to_record(data) AS x(theme text, contact jsonb)

SELECT row_to_json(x)::text FROM profiles, jsonb_to_record(data) AS x(theme text, contact jsonb)

SELECT substr(x.contact, 3) FROM profiles, jsonb_to_record(data) AS x(theme text, contact text)

SELECT y.b FROM profiles, LATERAL (SELECT * FROM jsonb_to_record(data) AS x(theme text, "lastName" text)) y(a, b)

SELECT f.surname FROM profiles, jsonb_to_recordset(data->'friends') AS f(surname text)

SELECT upper(f::text) FROM profiles, jsonb_to_recordset(data->'friends') AS f(surname text, age int)

SELECT x.theme FROM profiles, jsonb_to_record(jsonb_build_object('theme', data->>'lastName')) AS x(theme text)

SELECT z.theme FROM profiles, jsonb_to_record(replace(data::text, '"lastName"', '"thema"')::jsonb) AS x(thema text), LATERAL (SELECT x.thema AS theme) z

SELECT foo FROM neutral, jsonb_to_record(js) AS x(foo text)

SELECT x.contact FROM profiles, jsonb_to_record(data) AS x(contact char(60))

SELECT x.shipping FROM profiles, ROWS FROM (jsonb_to_record(data) AS (theme text, shipping text)) AS x

SELECT p.contact FROM profiles, jsonb_to_record(data) AS x(contact text), jsonb_populate_record(x, data) AS p(contact text)
