CREATE TABLE profiles (id int PRIMARY KEY, data jsonb, raw json, body text, extra hstore, many jsonb[], status text, blank text, deep hstore, lists hstore[]);
INSERT INTO profiles
SELECT n,
    jsonb_build_object('theme', 'dark', 'amount', n, 'lastName', 'Canaryson', 'items', jsonb_build_array(jsonb_build_object('sku', 'A' || n, 'price', 3)),
        'contact', jsonb_build_object('zip', 'CANARYZIP', 'lang', 'en'), 'friends', jsonb_build_array(jsonb_build_object('surname', 'Canaryson')),
        'shipping', '{"address": {"geo": {"x": 1}, "line1": "CANARYLINE"}}'::jsonb, 'prev', '{"streets": ["Main [old]", "CANARYST"]}'::jsonb),
    '{"theme": "dark", "lastName": "Canaryson"}',
    '{"theme": "dark", "lastName": "Canaryson"}',
    'theme=>dark, surname=>Canaryson',
    ARRAY['{"theme": "dark", "lastName": "Canaryson"}'::jsonb],
    'open',
    E'\n {"lastName": "Canaryson"}',
    hstore('a', '{"lastName": "Canaryson"}'),
    ARRAY['surname=>Canaryson'::hstore]
FROM generate_series(1, 30) n;
CREATE VIEW profile_view AS SELECT id, data AS d, data->>'theme' AS theme FROM profiles;
ANALYZE profiles;
CREATE TABLE neutral (id int PRIMARY KEY, js jsonb);
INSERT INTO neutral SELECT n, jsonb_build_object('foo', 'canary' || n || '@example.com', 'n', n) FROM generate_series(1, 30) n;
ANALYZE neutral;

CREATE TABLE steps (id int PRIMARY KEY, step text);
INSERT INTO steps VALUES (1, 'pack'), (2, 'send');
