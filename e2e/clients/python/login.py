# Logs in over TLS, and says what the database answers to a query with a parameter.
import asyncio, os, ssl, sys
import asyncpg

async def main():
    ca, *own = sys.argv[1:]
    tls = ssl.create_default_context(cafile=ca)
    if own:
        tls.load_cert_chain(*own)
    db = await asyncpg.connect(host=os.environ["PGHOST"], port=os.environ["PGPORT"], user=os.environ["PGUSER"],
                               password=os.environ.get("PGPASSWORD"), database=os.environ["PGDATABASE"], ssl=tls)
    print(await db.fetchval("SELECT count(*) FROM users WHERE id > $1", 0))
    await db.close()

asyncio.run(main())
