UPDATE g1 SET id = id + 1 WHERE id > 0
---
SELECT v, upper(v) FROM g1_log

UPDATE g2 SET id = id + 1 WHERE id > 0
---
SELECT v, upper(v) FROM g2_log

UPDATE g3 SET id = id + 1 WHERE id > 0
---
SELECT v, upper(v) FROM g3_audit

UPDATE g4 SET id = id + 1 WHERE id > 0
---
SELECT v, upper(v) FROM g4_log

UPDATE g5 SET id = id + 1 WHERE id > 0
---
SELECT v, upper(v) FROM audit.kept

UPDATE g6 SET id = id + 1 WHERE id > 0
---
SELECT v, upper(v) FROM g6_log

UPDATE g7 SET id = id + 1 WHERE id > 0
---
SELECT row_data FROM audit.logged_actions

UPDATE g8 SET id = id + 1 WHERE id > 0
---
SELECT v, upper(v) FROM g8_history

UPDATE g9 SET id = id + 1 WHERE id > 0
---
SELECT v, upper(v) FROM g9_updates

UPDATE g10 SET id = id + 1 WHERE id > 0
---
SELECT v, upper(v) FROM g10_log

UPDATE g11 SET id = id + 1 WHERE id > 0
---
SELECT v, upper(v) FROM g11_log

UPDATE g12 SET id = id + 1 WHERE id > 0
---
SELECT v, upper(v) FROM g12_log

UPDATE g13 SET id = id + 1 WHERE id > 0
---
SELECT tsv, strip(tsv) FROM g13

UPDATE g14 SET id = id + 1 WHERE id > 0
---
SELECT tsv, strip(tsv) FROM g14

UPDATE g15 SET id = id + 1 WHERE id > 0
---
SELECT v, upper(v) FROM g15_log

UPDATE g16 SET id = id + 1 WHERE id > 0
---
SELECT v, upper(v) FROM g16_log

UPDATE g17 SET id = id + 1 WHERE id > 0
---
SELECT v, upper(v) FROM g17_log

UPDATE g18_base SET id = id + 1 WHERE id > 0
---
SELECT v, upper(v) FROM g18_2026

UPDATE g19 SET id = id + 1 WHERE id > 0
---
SELECT note, upper(note) FROM g19

SELECT noted(last_name) FROM g20
---
SELECT v, upper(v) FROM g20_log

UPDATE g21 SET id = id + 1 WHERE id > 0
---
SELECT note, upper(note) FROM g21

UPDATE g22 SET id = id + 1 WHERE id > 0
---
SELECT note, upper(note) FROM g22

UPDATE g23 SET id = id + 1 WHERE id > 0
---
SELECT note, upper(note) FROM g23

UPDATE g24 SET id = id + 1 WHERE id > 0
---
SELECT note, upper(note) FROM g24

UPDATE g25 SET id = id + 1 WHERE id > 0
---
SELECT note, upper(note) FROM g25

UPDATE g26 SET id = id + 1 WHERE id > 0
---
SELECT note, upper(note) FROM g26

UPDATE g27 SET id = id + 1 WHERE id > 0
---
SELECT note, upper(note) FROM g27

UPDATE g28 SET id = id + 1 WHERE id > 0
---
SELECT note, upper(note) FROM g28

UPDATE g29 SET id = id + 1 WHERE id > 0
---
SELECT note, upper(note) FROM g29

UPDATE g30 SET id = id + 1 WHERE id > 0
---
SELECT note, upper(note) FROM g30

UPDATE g31 SET id = id + 1 WHERE id > 0
---
SELECT v, upper(v) FROM g31_log

UPDATE g32 SET active = false WHERE id = 1
---
SELECT diff, diff::text, upper(diff::text), diff -> 'last_name', diff ->> 'last_name', was, jsonb_each_text(was) FROM g32_audit

INSERT INTO kc42 (id) VALUES (1)
---
SELECT w FROM kc42

INSERT INTO kc43 (id) VALUES (1)
---
SELECT lower(w) FROM kc43

INSERT INTO kc44 (id) VALUES (1)
---
SELECT w FROM kc44

INSERT INTO kc45 (id) VALUES (1)
---
SELECT w FROM kc45

INSERT INTO kc46 (id) VALUES (1)
---
SELECT w FROM kc46

INSERT INTO kc47 (id) VALUES (1)
---
SELECT w FROM kc47

INSERT INTO kc48 (id) VALUES (1)
---
SELECT w FROM kc48

INSERT INTO kc49 (id) VALUES (1)
---
SELECT w FROM kc49

INSERT INTO kc50 (id) VALUES (1)
---
SELECT w FROM kc50

INSERT INTO kc51 (id) VALUES (1)
---
SELECT w FROM kc51

INSERT INTO kc52 (id) VALUES (1)
---
SELECT w FROM kc52

INSERT INTO kc53 (id) VALUES (1)
---
SELECT w FROM kc53

INSERT INTO kc54 (id) VALUES (1)
---
SELECT n FROM kc54_log

INSERT INTO kc55 (id) VALUES (1)
---
SELECT n FROM kc55_log

INSERT INTO kc56 (id) VALUES (1)
---
SELECT w FROM kc56

INSERT INTO kc57 (id) VALUES (1)
---
SELECT w FROM kc57

INSERT INTO kc58 (id) VALUES (1)
---
SELECT v FROM kc58
