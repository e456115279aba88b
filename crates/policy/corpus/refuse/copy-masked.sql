-- refuse: copy-masked
-- What a SELECT would show masked.
-- returns: example.com

COPY users TO STDOUT

copy/**/public."users" (email) to stdout with (format csv, header)

COPY (SELECT email FROM users) TO STDOUT

COPY (SELECT upper(name) || email FROM users) TO STDOUT

COPY (TABLE users) TO STDOUT

COPY (SELECT u FROM users u) TO STDOUT

COPY (WITH x AS (SELECT * FROM users) SELECT * FROM x) TO STDOUT

COPY (SELECT row_to_json(u) FROM users u) TO STDOUT

COPY (UPDATE users SET active = active WHERE id = 1 RETURNING email) TO STDOUT

COPY (SELECT (SELECT string_agg(email, ',') FROM users)) TO STDOUT

SELECT 1; COPY users TO STDOUT
