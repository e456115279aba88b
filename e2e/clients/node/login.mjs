// Logs in over TLS, and says what the database answers to a query with a parameter.
import { readFileSync } from 'node:fs';
import pg from 'pg';

const { PGHOST: host, PGPORT: port, PGUSER: user, PGPASSWORD: password, PGDATABASE: database } = process.env;
const [ca, cert, key] = process.argv.slice(2).map((file) => readFileSync(file));
const db = new pg.Client({ host, port: Number(port), user, password, database, ssl: { ca, cert, key } });
await db.connect();
console.log((await db.query('SELECT count(*) AS n FROM users WHERE id > $1', [0])).rows[0].n);
await db.end();
