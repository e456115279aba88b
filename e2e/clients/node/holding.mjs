// In one transaction: a statement that somebody approves, and one that somebody denies, which a savepoint takes back.
import pg from 'pg';

const { PGHOST: host, PGPORT: port, PGUSER: user, PGPASSWORD: password, PGDATABASE: database } = process.env;
const db = new pg.Client({ host, port: Number(port), user, password, database });
db.on('notice', ({ message }) => console.log('told', message));
await db.connect();
await db.query("BEGIN; UPDATE users SET city = 'Rome' WHERE id = 1");
const remove = (id) => db.query({ name: 'remove', text: 'DELETE FROM orders WHERE id = $1', values: [id] });
console.log('deleted', (await remove(1)).rowCount);
await db.query('SAVEPOINT before');
try {
  console.log('deleted', (await remove(2)).rowCount);
} catch ({ code }) {
  console.log('refused', code);
}
await db.query('ROLLBACK TO before');
await db.query('COMMIT');
await db.end();
