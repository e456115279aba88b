// Small programs of eight clients of Node.js. Each prints what it got; a second run elsewhere must print the same.
import pg from 'pg';
import postgres from 'postgres';
import knexOf from 'knex';
import pgPromise from 'pg-promise';
import { Sequelize, DataTypes } from 'sequelize';
import 'reflect-metadata';
import { DataSource, EntitySchema } from 'typeorm';
import { Kysely, PostgresDialect, sql as ksql } from 'kysely';
import { drizzle } from 'drizzle-orm/node-postgres';
import { pgTable, serial, text, integer, jsonb } from 'drizzle-orm/pg-core';
import { eq, sql as dsql } from 'drizzle-orm';
import { Readable } from 'node:stream';

const { PGHOST: host, PGPORT: port, PGUSER: user, PGPASSWORD: password, PGDATABASE: database } = process.env;
const way = { host, port: Number(port), user, password, database };
const seen = (client, what) => console.log(client, JSON.stringify(what, (_, v) => typeof v === 'bigint' ? `${v}n` : v));
const failing = async (client, promise) => {
  try { await promise; seen(client, 'no error'); } catch (error) { seen(client, [error.code, error.message, error.severity]); }
};

// node-postgres: text and prepared statements, types, errors, transactions, notifications, cursors by hand.
{
  const client = new pg.Client(way);
  await client.connect();
  await client.query('CREATE TABLE notes (id serial PRIMARY KEY, title text, body jsonb, tags text[], made timestamptz)');
  for (let n = 1; n <= 3; n++) {
    const values = [`title ${n}`, { n }, ['a', `t${n}`], '2024-01-02T03:04:05Z'];
    const insert = { name: 'insert', text: 'INSERT INTO notes (title, body, tags, made) VALUES ($1, $2, $3, $4) RETURNING id', values };
    seen('pg', (await client.query(insert)).rows);
  }
  const { rows, fields, rowCount } = await client.query('SELECT * FROM notes ORDER BY id');
  seen('pg', [rows, rowCount, fields.map(({ name, dataTypeID }) => [name, dataTypeID])]);
  seen('pg', (await client.query('SELECT 1 AS a; SELECT 2 AS b')).map(({ rows }) => rows));
  await failing('pg', client.query('SELECT * FROM nothing_there'));
  await failing('pg', client.query('SELECT 1 / $1::int', [0]));
  await client.query('BEGIN');
  await failing('pg', client.query('INSERT INTO notes (id) VALUES (1)'));
  await failing('pg', client.query('SELECT 1'));
  await client.query('ROLLBACK');
  const heard = new Promise((resolve) => client.on('notification', ({ channel, payload }) => resolve([channel, payload])));
  await client.query('LISTEN news');
  await client.query("NOTIFY news, 'extra'");
  seen('pg', await heard);
  await client.end();
  const pool = new pg.Pool({ ...way, max: 3 });
  seen('pg', (await Promise.all([1, 2, 3, 4, 5].map((n) => pool.query('SELECT $1::int * 2 AS twice', [n])))).map(({ rows }) => rows[0].twice));
  await pool.end();
}

// postgres.js: pipelined by default, types asked from the catalog, cursors, COPY.
{
  const sql = postgres({ ...way, max: 2, onnotice: () => {} });
  seen('postgres.js', await sql`SELECT id, title, tags, body FROM notes WHERE id = ANY(${[1, 3]}) ORDER BY id`);
  seen('postgres.js', await sql`INSERT INTO notes ${sql([{ title: 'many' }, { title: 'more' }], 'title')} RETURNING id, title`);
  seen('postgres.js', await sql.begin((sql) => [sql`SELECT 1 AS a`, sql`SELECT 2 AS b`]));
  await failing('postgres.js', sql.begin(async (sql) => { await sql`DELETE FROM notes`; await sql`SELECT 1 / 0`; }));
  const parts = [];
  await sql`SELECT generate_series(1, 10) AS n`.cursor(4, (rows) => { parts.push(rows.map(({ n }) => n)); });
  seen('postgres.js', parts);
  const writable = await sql`COPY notes (title) FROM stdin`.writable();
  await new Promise((resolve, reject) => Readable.from(['copied\n', 'twice\n']).pipe(writable).on('finish', resolve).on('error', reject));
  const copied = [];
  for await (const chunk of await sql`COPY (SELECT title FROM notes ORDER BY id) TO stdout`.readable()) copied.push(String(chunk));
  seen('postgres.js', copied.join(''));
  await failing('postgres.js', sql`SELECT nothing FROM notes`);
  seen('postgres.js', (await sql`SELECT ${sql.json({ a: 1 })} AS body, ${new Date(0)}::timestamptz AS made`)[0]);
  await sql.end();
}

// knex: builder, schema, migrations' lock table, transactions with savepoints, streams.
{
  const knex = knexOf({ client: 'pg', connection: way });
  await knex.schema.createTable('places', (table) => { table.increments('id'); table.string('name').unique(); table.integer('size').index(); });
  seen('knex', await knex('places').insert([{ name: 'Basel', size: 3 }, { name: 'Bern', size: 2 }]).returning(['id', 'name']));
  await failing('knex', knex('places').insert({ name: 'Bern' }));
  seen('knex', await knex('places').insert({ name: 'Bern', size: 9 }).onConflict('name').merge().returning('size'));
  await knex.transaction(async (outer) => {
    await outer('places').insert({ name: 'Chur' });
    await outer.transaction(async (inner) => { await inner('places').del(); throw new Error('back'); }).catch(() => {});
  });
  seen('knex', await knex('places').select('name').orderBy('name'));
  seen('knex', [await knex.schema.hasTable('places'), await knex.schema.hasColumn('places', 'none'), await knex('places').columnInfo()]);
  const streamed = [];
  for await (const row of knex('places').select('name').orderBy('name').stream?.() ?? []) streamed.push(row.name);
  seen('knex', streamed);
  await knex.schema.dropTable('places');
  await knex.destroy();
}

// TypeORM: an entity, synchronisation of a schema that it reads from the catalog first, relations.
{
  const Author = new EntitySchema({ name: 'Author', tableName: 'authors', columns: { id: { type: Number, primary: true, generated: true }, name: { type: String } }, relations: { books: { type: 'one-to-many', target: 'Book', inverseSide: 'author' } } });
  const Book = new EntitySchema({ name: 'Book', tableName: 'books', columns: { id: { type: Number, primary: true, generated: true }, title: { type: String, unique: true }, pages: { type: 'int', default: 100 } }, relations: { author: { type: 'many-to-one', target: 'Author', inverseSide: 'books', joinColumn: true } } });
  const source = new DataSource({ type: 'postgres', host, port: Number(port), username: user, password, database, entities: [Author, Book], synchronize: true });
  await source.initialize();
  const author = await source.getRepository('Author').save({ name: 'Ada' });
  await source.getRepository('Book').save([{ title: 'One', author }, { title: 'Two', author, pages: 7 }]);
  seen('typeorm', await source.getRepository('Author').find({ relations: { books: true }, order: { books: { id: 'ASC' } } }));
  seen('typeorm', await source.getRepository('Book').createQueryBuilder('b').select('sum(b.pages)', 'sum').getRawOne());
  await failing('typeorm', source.getRepository('Book').insert({ title: 'One' }));
  await failing('typeorm', source.transaction(async (manager) => { await manager.delete('Book', { title: 'One' }); throw Object.assign(new Error('back'), { code: 'own' }); }));
  await source.synchronize();
  seen('typeorm', await source.getRepository('Book').count());
  await source.destroy();
}

// Sequelize: models, sync, eager loading, transactions.
{
  const sequelize = new Sequelize(database, user, password, { host, port: Number(port), dialect: 'postgres', logging: false });
  const Task = sequelize.define('task', { name: { type: DataTypes.STRING, unique: true }, done: DataTypes.BOOLEAN, parts: DataTypes.ARRAY(DataTypes.INTEGER), more: DataTypes.JSONB, kind: DataTypes.ENUM('a', 'b') }, { timestamps: false });
  await sequelize.sync();
  await Task.bulkCreate([{ name: 'x', done: true, parts: [1, 2], more: { a: 1 }, kind: 'a' }, { name: 'y', done: false, kind: 'b' }]);
  seen('sequelize', await Task.findAll({ order: ['id'], raw: true }));
  await failing('sequelize', Task.create({ name: 'x' }));
  seen('sequelize', await Task.upsert({ id: 1, name: 'z' }).then(([row]) => row.get({ plain: true })));
  await sequelize.transaction((transaction) => Task.update({ done: true }, { where: { name: 'y' }, transaction }));
  seen('sequelize', await Task.count({ where: { done: true } }));
  seen('sequelize', await sequelize.getQueryInterface().describeTable('tasks'));
  await sequelize.sync({ alter: true });
  await sequelize.close();
}

// Drizzle and Kysely on node-postgres.
{
  const pool = new pg.Pool(way);
  const db = drizzle(pool);
  const users = pgTable('people', { id: serial('id').primaryKey(), name: text('name').notNull(), age: integer('age'), more: jsonb('more') });
  await db.execute(dsql`CREATE TABLE people (id serial PRIMARY KEY, name text NOT NULL, age int, more jsonb)`);
  seen('drizzle', await db.insert(users).values([{ name: 'a', age: 1, more: { b: [1] } }, { name: 'b' }]).returning());
  await failing('drizzle', db.transaction(async (tx) => { await tx.update(users).set({ age: 9 }); await tx.transaction(async (inner) => inner.rollback()); }));
  seen('drizzle', await db.select().from(users).where(eq(users.name, 'a')));
  seen('drizzle', await db.select().from(users).where(eq(users.name, dsql.placeholder('who'))).prepare('by_name').execute({ who: 'b' }));
  const kysely = new Kysely({ dialect: new PostgresDialect({ pool }) });
  seen('kysely', await kysely.insertInto('people').values({ name: 'k', age: 5 }).returningAll().executeTakeFirst());
  seen('kysely', await kysely.selectFrom('people').select(({ fn }) => fn.countAll().as('n')).executeTakeFirst());
  seen('kysely', (await kysely.introspection.getTables()).map(({ name, columns }) => [name, columns.map(({ name, dataType }) => [name, dataType])]));
  await failing('kysely', kysely.transaction().execute(async (trx) => { await trx.deleteFrom('people').execute(); await ksql`select 1 / 0`.execute(trx); }));
  seen('kysely', await kysely.selectFrom('people').select('name').orderBy('id').execute());
  await kysely.destroy();
}

// pg-promise: tasks, nested transactions, multi-results, batches.
{
  const pgp = pgPromise({ noWarnings: true });
  const db = pgp(way);
  seen('pg-promise', await db.one('SELECT $1:name, ${b} AS b FROM notes WHERE id = 1'.replace('${b}', '$2'), ['title', 5]));
  seen('pg-promise', await db.multi('SELECT 1 AS a; SELECT 2 AS b; SELECT count(*) FROM notes'));
  await failing('pg-promise', db.tx(async (outer) => { await outer.none('DELETE FROM notes'); await outer.tx((inner) => inner.one('SELECT 1 WHERE false')); }));
  seen('pg-promise', await db.task((task) => task.batch([task.one('SELECT 1 AS a'), task.any('SELECT id FROM notes ORDER BY id')])));
  const columns = new pgp.helpers.ColumnSet(['title', 'tags'], { table: 'notes' });
  seen('pg-promise', await db.many(pgp.helpers.insert([{ title: "it's", tags: ['x'] }, { title: 'b', tags: null }], columns) + ' RETURNING id, title, tags'));
  pgp.end();
}
