-- refuse: copy-masked
-- COPY that cannot be masked: beside other statements, or in an encoding in which a byte does not tell what it is.
-- returns: example.com

SELECT 1; COPY users TO STDOUT

COPY users TO STDOUT; SELECT 1

BEGIN; COPY (SELECT email FROM users) TO STDOUT; COMMIT

COPY public."users" (email) TO STDOUT WITH (FORMAT csv, HEADER); COPY orders TO STDOUT

COPY users TO STDOUT ENCODING 'SJIS'

COPY (SELECT email FROM users) TO STDOUT (FORMAT csv, ENCODING 'GB18030')
