-- since: 16
SELECT json_array::text FROM (SELECT json_array(email) FROM people WHERE id = 1) q

-- since: 16
SELECT * FROM (SELECT json_array(email) FROM people WHERE id = 1) q

-- since: 16
SELECT json_object::text FROM (SELECT json_object('a': email) FROM people WHERE id = 1) q

-- since: 16
WITH q AS (SELECT json_arrayagg(email) FROM people) SELECT json_arrayagg::text FROM q

-- since: 16
WITH q AS (SELECT json_objectagg(id: email) FROM people) SELECT json_objectagg FROM q

-- since: 17
WITH q AS (SELECT json_scalar(email) FROM people) SELECT * FROM q

-- since: 17
SELECT json_serialize || '' FROM (SELECT json_serialize(to_json(email)) FROM people WHERE id = 1) q

-- since: 17
SELECT json FROM (SELECT json(to_json(email)::text) FROM people WHERE id = 1) q

-- since: 17
SELECT json_query FROM (SELECT json_query(to_jsonb(email), '$') FROM people WHERE id = 1) q

-- since: 17
SELECT json_value FROM (SELECT json_value(to_jsonb(email), '$') FROM people WHERE id = 1) q

-- since: 18
UPDATE people SET age = age WHERE id = 1 RETURNING old

-- since: 18
UPDATE people SET age = age WHERE id = 1 RETURNING old::text, to_jsonb(new)

-- since: 18
UPDATE people SET age = age WHERE id = 1 RETURNING WITH (OLD AS o, NEW AS n) o::text, n

-- since: 18
DELETE FROM people WHERE id = 1 RETURNING row_to_json(old)

-- since: 18
INSERT INTO people (id, name) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET age = 1 RETURNING old::text

-- since: 18
MERGE INTO people p USING (SELECT 1 AS k) s ON p.id = s.k WHEN MATCHED THEN UPDATE SET age = p.age RETURNING merge_action(), old::text

-- since: 18
WITH u AS (UPDATE people SET age = age WHERE id = 1 RETURNING old::text AS z) SELECT z || '' FROM u

-- since: 18
CREATE FUNCTION fo() RETURNS text LANGUAGE sql AS 'UPDATE people SET age = age WHERE id = 1 RETURNING old::text'; SELECT fo()

-- since: 18
WITH u AS (UPDATE people SET age = age WHERE id = 1 RETURNING old::text AS z) INSERT INTO visits SELECT 99, 1, z FROM u; SELECT note FROM visits WHERE id = 99

-- since: 18
WITH u AS (UPDATE people SET age = age WHERE id = 1 RETURNING old::text AS z) SELECT set_config('x.z', z, false) FROM u; SELECT current_setting('x.z')

-- since: 16
CREATE TABLE tj AS SELECT * FROM (SELECT json_array(email) FROM people) q; SELECT * FROM tj
