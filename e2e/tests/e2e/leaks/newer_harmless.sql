-- since: 17
SELECT json_value FROM (SELECT json_value(to_jsonb(name), '$') FROM people WHERE id = 1) q

-- since: 18
UPDATE people SET age = age WHERE id = 1 RETURNING old.name, new.age + 1

-- since: 18
UPDATE visits SET note = 'seen' WHERE id = 1 RETURNING old::text, new
