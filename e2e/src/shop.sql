-- A small shop. Everything is written out or computed: the same rows every time.
SET ROLE shop_owner;

CREATE TABLE users (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    email text NOT NULL UNIQUE,
    city text NOT NULL
);

CREATE TABLE products (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title text NOT NULL,
    price_cents integer NOT NULL
);

CREATE TABLE orders (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id integer NOT NULL REFERENCES users,
    product_id integer NOT NULL REFERENCES products,
    quantity integer NOT NULL,
    status text NOT NULL
);

INSERT INTO users (name, email, city) VALUES
    ('Ada Byron', 'ada@example.com', 'London'),
    ('Alan Stone', 'alan.stone@example.org', 'Cambridge'),
    ('Barbara Lind', 'barbara@example.net', 'Boston'),
    ('Edsger Maas', 'edsger@example.com', 'Nuenen'),
    ('Grace Arroyo', 'grace@example.org', 'Arlington'),
    ('Karen Moss', 'karen.moss@example.net', 'Huddersfield'),
    ('Niklaus Thur', 'niklaus@example.com', 'Winterthur'),
    ('Radia Penn', 'radia@example.org', 'Norfolk');

INSERT INTO products (title, price_cents) VALUES
    ('Teapot', 2450), ('Kettle', 3900), ('Cup', 650), ('Tea, 100 g', 890), ('Strainer', 420);

INSERT INTO orders (user_id, product_id, quantity, status)
SELECT 1 + n % 8, 1 + n % 5, 1 + n % 3, CASE n % 4 WHEN 0 THEN 'open' ELSE 'shipped' END
FROM generate_series(0, 39) AS n;

GRANT SELECT ON ALL TABLES IN SCHEMA public TO shop_staff;
RESET ROLE;
