UPDATE ticks SET n = n WHERE n > 0

UPDATE public.ticks AS t SET note = note WHERE t.n = 1

INSERT INTO ticks VALUES (3, 'c')

INSERT INTO ticks SELECT id, note FROM visits

DELETE FROM ticks WHERE n > 0

DELETE FROM ticks WHERE n = 1

UPDATE instead SET n = 2 WHERE n > 0

UPDATE instead SET n = 2 WHERE n = 1

INSERT INTO instead VALUES (1, 'b')

DELETE FROM instead WHERE n > 0

UPDATE heading SET n = 2 WHERE n > 0

UPDATE secrets SET id = 1 WHERE id > 0

UPDATE calling SET n = 2 WHERE n > 0

DELETE FROM calling WHERE n > 0

INSERT INTO calling VALUES (1)

INSERT INTO door VALUES (1)

UPDATE door SET n = 2 WHERE n > 0

INSERT INTO sometimes VALUES (2)

INSERT INTO giving VALUES ('a', 1) RETURNING g

INSERT INTO giving VALUES ('a', 1) RETURNING upper(g), n

WITH w AS (INSERT INTO giving VALUES ('a', 1) RETURNING g) SELECT g || '' FROM w

PREPARE p AS UPDATE ticks SET n = n WHERE n > 0; EXECUTE p

PREPARE p (int) AS UPDATE ticks SET n = $1 WHERE n > 0; EXECUTE p (1)

CREATE RULE r AS ON UPDATE TO visits DO ALSO SELECT lower(email) FROM people; UPDATE visits SET note = note WHERE id > 0

CREATE RULE r AS ON INSERT TO visits DO INSTEAD SELECT lower(email) FROM people; INSERT INTO visits VALUES (1)

CREATE TABLE mine (n int); INSERT INTO mine VALUES (1); CREATE RULE r AS ON DELETE TO mine DO ALSO SELECT lower(email) FROM people; DELETE FROM mine WHERE n > 0

CREATE OR REPLACE RULE reads AS ON DELETE TO noting DO ALSO SELECT upper(email), 1 FROM people; DELETE FROM noting WHERE n > 0

ALTER RULE also_u ON ticks RENAME TO other; UPDATE ticks SET n = n WHERE n > 0

ALTER TABLE ticks RENAME TO tocks; UPDATE tocks SET n = n WHERE n > 0

ALTER TABLE ticks ENABLE ALWAYS RULE also_u; UPDATE ticks SET n = n WHERE n > 0

BEGIN; SAVEPOINT s; UPDATE ticks SET n = n WHERE n > 0; RELEASE s; ROLLBACK

WITH w AS (INSERT INTO giving VALUES ('a', 1) RETURNING g) SELECT g FROM w

PREPARE p AS INSERT INTO giving VALUES ('a', 1) RETURNING g; EXECUTE p

COPY (INSERT INTO giving VALUES ('a', 1) RETURNING g) TO STDOUT

INSERT INTO book VALUES (9, 'alice.canary9@example.com', 'x') RETURNING n, "word"

UPDATE book SET label = 'y' WHERE n = 1 RETURNING "word"

DELETE FROM book WHERE n = 1 RETURNING *

INSERT INTO book VALUES (9, 'x', (SELECT email FROM people WHERE id = 1)) RETURNING label

INSERT INTO book VALUES (9, 'x', mail(1)) RETURNING label

UPDATE book SET label = (SELECT email FROM people WHERE id = 2) WHERE n = 1 RETURNING label

CREATE RULE r AS ON INSERT TO visits DO INSTEAD INSERT INTO ticks (n) VALUES (1) RETURNING n, n, (SELECT lower(email) FROM people WHERE id = 1); INSERT INTO visits VALUES (1) RETURNING note

BEGIN; ALTER TABLE giving RENAME TO gave; INSERT INTO gave VALUES ('a', 1) RETURNING g; ROLLBACK

BEGIN; ALTER TABLE giving RENAME g TO h; INSERT INTO giving VALUES ('a', 1) RETURNING h; ROLLBACK

INSERT INTO giving_view VALUES ('a', 1) RETURNING h

INSERT INTO chained VALUES (1, 'a') RETURNING label

CREATE VIEW through AS SELECT n, g AS h FROM giving; INSERT INTO through VALUES (1, 'a') RETURNING h

INSERT INTO echoing SELECT id, email FROM people WHERE id = 1 RETURNING label

INSERT INTO echoing VALUES (1, (SELECT reverse(email) FROM people WHERE id = 1)) RETURNING label

UPDATE echoing SET label = email FROM people WHERE people.id = n AND n = 1 RETURNING label

UPDATE echoing SET label = reverse(email) FROM people WHERE people.id = n AND n = 1 RETURNING label

UPDATE echoing SET label = mail(1) WHERE n = 1 RETURNING label

DELETE FROM echoing USING people WHERE n = 1 RETURNING label

INSERT INTO echoing2 SELECT id, email FROM people WHERE id = 1; SELECT note FROM ticks2

INSERT INTO writing VALUES (1); SELECT note FROM ticks3

INSERT INTO asking VALUES (1, 'a') RETURNING label

BEGIN; ALTER VIEW giving_view RENAME TO gave; INSERT INTO gave VALUES ('a', 1) RETURNING h; ROLLBACK

BEGIN; ALTER TABLE giving RENAME TO gave; PREPARE p AS INSERT INTO gave VALUES ('a', 1) RETURNING g; EXECUTE p; ROLLBACK

BEGIN; CREATE SCHEMA elsewhere; ALTER TABLE giving SET SCHEMA elsewhere; INSERT INTO elsewhere.giving VALUES ('a', 1) RETURNING g; ROLLBACK

WITH i AS (INSERT INTO both_ways VALUES (1, 'x') RETURNING n), d AS (DELETE FROM both_ways WHERE n = 1 RETURNING label) SELECT d.label FROM i, d

WITH d AS (DELETE FROM both_ways WHERE n = 1 RETURNING label), i AS (INSERT INTO both_ways VALUES (1, 'x') RETURNING n) SELECT d.label FROM i, d
