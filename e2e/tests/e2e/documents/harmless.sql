SELECT id, status FROM profiles ORDER BY id

SELECT data->>'theme', data->'items', data->'contact'->>'lang' FROM profiles ORDER BY id

SELECT (data->>'amount')::int + 1, sum((data->>'amount')::numeric) OVER () FROM profiles ORDER BY id

SELECT data#>>'{items,0,sku}', data['items'][0]['price'] FROM profiles ORDER BY id

SELECT jsonb_extract_path_text(data, 'contact', 'lang') FROM profiles ORDER BY id

SELECT btrim(data->>'theme'), coalesce(data->>'theme', 'none'), data->>'theme' = 'dark', (data->>'theme') || '!' FROM profiles ORDER BY id

SELECT i->>'sku', (i->>'price')::int * 2 FROM profiles, jsonb_array_elements(data->'items') i ORDER BY id

SELECT data->>'theme' AS theme, count(*), min((data->>'amount')::int) FROM profiles GROUP BY 1

SELECT t, concat(t, '!') FROM (SELECT data->>'theme' AS t FROM profiles ORDER BY id) s

WITH s AS (SELECT id, (data->>'amount')::numeric AS amount FROM profiles) SELECT round(avg(amount), 2), max(amount * 2) FROM s

SELECT raw->>'theme', extra->'theme' FROM profiles ORDER BY id

SELECT theme FROM profile_view ORDER BY id

SELECT jsonb_agg(data->'items'), string_agg(data->>'theme', ',') FROM profiles

SELECT CASE data->>'theme' WHEN 'dark' THEN 1 ELSE 0 END FROM profiles ORDER BY id

SELECT id FROM profiles WHERE data->>'theme' = 'dark' AND (data->>'amount')::int > 3 ORDER BY data->>'theme', id

SELECT jsonb_build_object('t', data->'theme', 'n', data->'amount') FROM profiles ORDER BY id

SELECT count(data), data IS NULL FROM profiles GROUP BY 2

SELECT many[1]->>'theme' FROM profiles ORDER BY id

INSERT INTO profiles (id, data) VALUES (200, '{"lastName": "Z"}') RETURNING id, data->>'theme'

UPDATE profiles SET data = data || '{"theme": "light"}' WHERE id = 1 RETURNING id, data->>'theme'

UPDATE profiles SET data = jsonb_set(data, '{theme}', '"light"') WHERE id = 1 RETURNING id, data->>'theme', data->'contact'->>'lang'

SELECT sum(coalesce(data->>'amount', '0')::numeric), sum(nullif(data->>'amount', '')::int), sum(CASE WHEN data->>'theme' = 'dark' THEN 1 ELSE 0 END) FROM profiles

COPY (SELECT id, data->>'theme', data->'items' FROM profiles ORDER BY id) TO STDOUT

SELECT data->>'theme' FROM profiles WHERE id = 7

SELECT data->'contact'->>'lang', data - 'lastName' - 'contact' - 'friends' - 'shipping' - 'prev' FROM profiles ORDER BY id

SELECT data->>'theme'::varchar, data->'items'->0::int->>'sku', data #>> '{contact,lang}'::text[] FROM profiles ORDER BY id

SELECT jsonb_extract_path_text(data, VARIADIC '{contact,lang}') FROM profiles ORDER BY id

SELECT id, (js->>'n')::int + 1 FROM neutral ORDER BY id

SELECT coalesce(json_agg(t), '[]') FROM (SELECT * FROM steps) t

WITH source AS (SELECT id, step FROM steps) SELECT null::bigint AS total_result_set, pg_catalog.count(_postgrest_t) AS page_total, coalesce(json_agg(_postgrest_t), '[]') AS body FROM (SELECT * FROM source) _postgrest_t

SELECT p.id, x.theme, x.amount FROM profiles p, jsonb_to_record(p.data) AS x(theme text, amount int) ORDER BY p.id

SELECT x.* FROM profiles, jsonb_to_record(data) AS x(theme text, amount numeric) ORDER BY amount

SELECT i.sku, i.price FROM profiles, jsonb_to_recordset(data->'items') AS i(sku text, price int) ORDER BY sku

SELECT theme FROM profiles, json_to_record(raw) AS (theme text, amount int)

SELECT n FROM neutral, jsonb_to_record(js) AS x(n int, foo text) ORDER BY n
