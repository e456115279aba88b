import asyncio, asyncpg, datetime, sys

async def fails(work):
    try:
        await work
    except asyncpg.PostgresError as error:
        print(error.sqlstate)
    else:
        sys.exit("no error")

async def speak():
    settings = dict(setting.split("=", 1) for setting in sys.argv[1].split())
    db = await asyncpg.connect(
        host=settings["host"], port=int(settings["port"]), user=settings["user"], database=settings["dbname"])
    print(await db.fetch("select id, title from products where id = $1", 1))
    print(await db.fetch("select id, title from products where id = $1", 2))
    print(await db.fetchval("select email from users where id = $1", 2))
    async with db.transaction():
        await db.executemany(
            "insert into orders (user_id, product_id, quantity, status) values ($1, 1, $2, 'new')", [(1, 2), (2, 3), (3, 4)])
        async for row in db.cursor("select id from products order by id", prefetch=2):
            print(row)
    await fails(db.fetch("select 1 / $1::int", 0))
    await fails(db.fetch("drop table users"))
    await fails(db.fetch("selec 1"))
    await db.execute("begin; delete from orders where status = 'new'; commit")
    await db.copy_records_to_table("orders", records=[(1000, 1, 1, 5, "copied")],
        columns=["id", "user_id", "product_id", "quantity", "status"])
    await db.reset()
    await db.close()

asyncio.run(speak())
