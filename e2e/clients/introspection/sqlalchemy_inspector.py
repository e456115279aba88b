# What SQLAlchemy's inspector and its reflection say of a database, driver by driver, as text.
import os, sys
import sqlalchemy as sa
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.pool import NullPool

ASKED = ["columns", "pk_constraint", "foreign_keys", "indexes", "unique_constraints", "check_constraints", "table_comment", "table_options"]


def show(what, value):
    if isinstance(value, (list, tuple)) and value and isinstance(value[0], dict):
        value = sorted((sorted((k, repr(v)) for k, v in one.items()) for one in value), key=repr)
    elif isinstance(value, dict):
        value = sorted((repr(k), repr(v)) for k, v in value.items())
    print(what, repr(value))


def inspect(connection):
    own = sa.inspect(connection)
    schemas = sorted(own.get_schema_names())
    show("schemas", schemas)
    for schema in schemas:
        for kind in ["table", "view", "materialized_view", "sequence"]:
            names = sorted(getattr(own, f"get_{kind}_names")(schema=schema))
            show(f"{schema} {kind}", names)
        show(f"{schema} enums", own.get_enums(schema=schema))
        show(f"{schema} domains", own.get_domains(schema=schema))
        show(f"{schema} foreign", own.get_foreign_table_names(schema=schema))
        if schema in ("information_schema", "pg_catalog"):
            continue
        views = own.get_view_names(schema=schema) + own.get_materialized_view_names(schema=schema)
        for name in sorted(views):
            show(f"{schema}.{name} is", own.get_view_definition(name, schema=schema))
        for name in sorted(own.get_table_names(schema=schema) + views):
            for what in ASKED:
                show(f"{schema}.{name} {what}", getattr(own, f"get_{what}")(name, schema=schema))
        for what in ASKED:
            several = getattr(own, f"get_multi_{what}")(schema=schema, kind=sa.engine.reflection.ObjectKind.ANY)
            show(f"{schema} all {what}", dict(several))
        known = sa.MetaData()
        known.reflect(connection, schema=schema, views=True, resolve_fks=False)
        for name in sorted(known.tables):
            print(CreateTable(known.tables[name]).compile(connection))
            for index in sorted(known.tables[name].indexes, key=lambda index: index.name):
                print(CreateIndex(index).compile(connection))


def main():
    url = "postgresql+{}://{PGUSER}:{PGPASSWORD}@127.0.0.1:{PGPORT}/{PGDATABASE}"
    for driver in ["psycopg", "pg8000"]:
        print("==", driver)
        with sa.create_engine(url.format(driver, **os.environ), poolclass=NullPool).connect() as connection:
            inspect(connection)
    import asyncio
    from sqlalchemy.ext.asyncio import create_async_engine

    async def asynchronous():
        async with create_async_engine(url.format("asyncpg", **os.environ), poolclass=NullPool).connect() as connection:
            await connection.run_sync(inspect)

    print("== asyncpg")
    asyncio.run(asynchronous())


main()
