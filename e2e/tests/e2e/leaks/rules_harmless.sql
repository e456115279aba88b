UPDATE noting SET n = 2 WHERE n = 1 RETURNING n * 2, upper(note), 'x' || n

DELETE FROM noting WHERE n = 1

DELETE FROM noting WHERE n = 1 RETURNING n + 1, upper(note)

INSERT INTO sometimes VALUES (1)

INSERT INTO noting VALUES (5, 'b') RETURNING n, n * 2, note || '!'
