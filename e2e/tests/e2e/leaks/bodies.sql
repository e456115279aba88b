SELECT v1()

SELECT v2()

SELECT v3()

SELECT * FROM v4()

SELECT (v4()).b

SELECT v5()

SELECT v6()

SELECT v7()

SELECT v8()

SELECT v9()

SELECT v10()

SELECT v12('x')

SELECT note FROM v13()

SELECT v14()

SELECT v15('x'); SELECT what FROM v15_log

INSERT INTO v16 (id) VALUES (1); SELECT changed_by FROM v16

INSERT INTO v17 (id) VALUES (1); SELECT placed_by FROM v17

UPDATE v18 SET title = 'none' WHERE id = 1; SELECT what FROM v18_log

SELECT v19(); SELECT what FROM v19_log

SELECT v20(); SHOW app.told

UPDATE v21 SET title = 'none' WHERE id = 1; SELECT what FROM v21_log

SELECT v22()

SELECT v23()

SELECT v24()

SELECT v25()

SELECT v26()

SELECT v27()

SELECT (current_row()).email

SELECT current_row()

SELECT current_row()::text

DO $$ DECLARE v text; BEGIN SELECT email INTO v FROM people WHERE id = 1; INSERT INTO seen_log VALUES (1, v); END $$; SELECT what FROM seen_log

DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM people LOOP INSERT INTO orders_log VALUES (r.id, lower(r.email)); END LOOP; END $$; SELECT what FROM orders_log

DO $$ BEGIN PERFORM v19_g(email) FROM people; END $$; SELECT what FROM v19_log

DO $$ BEGIN PERFORM set_config('app.told', v1(), true); END $$; SHOW app.told

DO $$ DECLARE v text; BEGIN SELECT email INTO v FROM people WHERE id = 1; PERFORM v19_g(v); END $$; SELECT what FROM v19_log

DO $$ BEGIN CREATE TEMP TABLE told AS SELECT email AS x FROM people; END $$; SELECT x FROM told

SELECT w1()

SELECT w2()

SELECT w3()

SELECT w4()

SELECT w5()

SELECT w6(1)

SELECT w7(1)

SELECT w8(1)

SELECT w9(); SELECT v FROM w9_log

SELECT w10(); SHOW my.x

SELECT w11(email) FROM people; SHOW my.x
