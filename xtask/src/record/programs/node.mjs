// Two clients of Node.js that speak the protocol by themselves. The argument says which.
import pg from 'pg';
import postgres from 'postgres';

const { PGHOST: host, PGPORT: port, PGUSER: user, PGPASSWORD: password, PGDATABASE: database } = process.env;
const way = { host, port: Number(port), user, password, database };
const failing = async (promise) => {
  try { await promise; } catch { return; }
  throw new Error('no error');
};

if (process.argv[2] === 'pg') {
  const client = new pg.Client(way);
  await client.connect();
  const named = (id) => ({ name: 'product', text: 'SELECT id, title FROM products WHERE id = $1', values: [id] });
  await client.query(named(1));
  await client.query(named(2));
  await client.query('SELECT name, email FROM users WHERE id = $1', [4]);
  await client.query('SELECT 1 AS a; SELECT 2 AS b');
  await failing(client.query('SELECT 1 / $1::int', [0]));
  await failing(client.query('DROP TABLE users'));
  await failing(client.query('DROP TABLE users', []));
  await client.query('BEGIN');
  await failing(client.query('INSERT INTO products (title) VALUES ($1)', [null]));
  await failing(client.query(named(3)));
  await client.query('ROLLBACK');
  await client.query(named(3));
  await client.end();
} else {
  const sql = postgres({ ...way, max: 1, onnotice: () => {} });
  await sql`SELECT id, title FROM products WHERE id = ANY(${[1, 3]}) ORDER BY id`;
  await Promise.all([1, 2, 3, 4].map((id) => sql`SELECT name, email FROM users WHERE id = ${id}`));
  await sql.begin((sql) => [sql`SELECT 1 AS a`, sql`UPDATE products SET title = title WHERE id = ${2}`]);
  await failing(sql.begin(async (sql) => { await sql`DELETE FROM orders WHERE id = ${1}`; await sql`SELECT 1 / 0`; }));
  await sql`SELECT n FROM generate_series(1, 10) AS n`.cursor(4, () => {});
  await failing(Promise.all([sql`SELECT ${1}::int AS a`, sql`SELECT nothing FROM products`, sql`SELECT ${2}::int AS b`]));
  await failing(sql`DROP TABLE users`);
  await sql`SELECT ${sql.json({ a: 1 })} AS body, ${new Date(0)}::timestamptz AS made`;
  await sql.end();
}
