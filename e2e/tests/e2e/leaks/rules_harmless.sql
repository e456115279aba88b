UPDATE noting SET n = 2 WHERE n = 1 RETURNING n * 2, upper(note), 'x' || n

DELETE FROM noting WHERE n = 1

DELETE FROM noting WHERE n = 1 RETURNING n + 1, upper(note)

INSERT INTO sometimes VALUES (1)

INSERT INTO noting VALUES (5, 'b') RETURNING n, n * 2, note || '!'

INSERT INTO giving VALUES ('a', 1) RETURNING n

INSERT INTO book VALUES (9, 'x', 'y') RETURNING n

DELETE FROM book WHERE n = 1 RETURNING n

INSERT INTO echoing VALUES (1, 'mine') RETURNING n, label

UPDATE echoing SET label = 'mine' WHERE n = 1 RETURNING n, label

INSERT INTO writing VALUES (1); SELECT extra FROM ticks3

SELECT n FROM giving
