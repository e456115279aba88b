SET app.who = 'alice.canary@example.com'; SELECT current_person(), current_person_sql(), current_person() + 1

SET app.who = 'alice.canary@example.com'; SELECT id, note, upper(note) FROM visits WHERE person = current_person()

SET app.who = 'alice.canary@example.com'; SELECT id, note FROM visits WHERE person = current_person_sql() AND is_grown_up(person)

SELECT is_known('alice.canary@example.com'), is_known('nobody'), is_grown_up(1)

SELECT id, note, upper(note) FROM visits_of('alice.canary@example.com')

SELECT who, years + 1 FROM ages() ORDER BY who

SELECT registered('nobody@example.com')

SELECT boss_of(2), boss_of(1)

SELECT acts_as('alice.canary@example.com'); SHOW app.person

SELECT noted('alice.canary@example.com'); SELECT who + 1, what, upper(what) FROM seen_log

SET app.who = 'alice.canary@example.com'; INSERT INTO orders_of (id, title) VALUES (1, 'a chair'); SELECT id, placed_by, title, changed_by, upper(title) FROM orders_of; SELECT who, what, upper(what) FROM orders_log

SET app.who = 'alice.canary@example.com'; UPDATE staff SET title = 'chief' WHERE id = 1; SELECT who, id, what, upper(what) FROM staff_log

SET app.who = 'alice.canary@example.com'; SELECT id, who, title, upper(title) FROM owned ORDER BY id

SET app.who = 'alice.canary@example.com'; SELECT id, upper(note), who + 1 FROM own_visits

DO $$ DECLARE r record; BEGIN FOR r IN SELECT id, name, email FROM people ORDER BY id LOOP INSERT INTO orders_log VALUES (r.id, r.name); END LOOP; END $$; SELECT who, upper(what) FROM orders_log ORDER BY who

DO $$ DECLARE v int; BEGIN SELECT id INTO v FROM people WHERE email = 'alice.canary@example.com'; PERFORM set_config('app.person', v::text, true); END $$; SHOW app.person

DO $$ BEGIN UPDATE visits SET note = 'by ' || p.name FROM people p WHERE p.id = visits.person AND p.email IS NOT NULL; END $$; SELECT id, upper(note) FROM visits ORDER BY id

SELECT h1(), upper(h1(3)), h1(3, 'x')

SELECT h2(1), upper(h2(2))

SELECT upper(h3())

SELECT id, h4(id) + 1 FROM visits
