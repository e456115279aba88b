UPDATE h1 SET id = id + 1 WHERE id > 0; SELECT n, v, upper(v) FROM h1_audit

UPDATE h2 SET id = id + 1 WHERE id > 0; SELECT n, v, upper(v) FROM h2_log

UPDATE h3 SET title = 'another title' WHERE id > 0; SELECT tsv FROM h3

UPDATE h4 SET id = id + 1 WHERE id > 0; SELECT id, v, upper(v) FROM bystander

UPDATE h5 SET id = id + 1 WHERE id > 0; SELECT n, v, upper(v) FROM h5_log

UPDATE g7 SET id = id + 1 WHERE id > 0; UPDATE h6 SET status = 'closed' WHERE id = 1; SELECT id, status, upper(status) FROM h6

UPDATE h7 SET id = id + 1 WHERE id > 0; SELECT id, note, upper(note) FROM h7

UPDATE h8 SET id = id + 1 WHERE id > 0; SELECT id, note, upper(note) FROM h8

UPDATE h9 SET id = id + 1 WHERE id > 0; SELECT id, note, upper(note) FROM h9

UPDATE g32 SET active = false WHERE id = 1; SELECT entity, entity_id, action FROM g32_audit
