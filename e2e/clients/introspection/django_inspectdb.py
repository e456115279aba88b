# What Django's inspectdb writes of each schema, and what its introspection says of each table.
import os
import django
from django.conf import settings

SCHEMAS = ["public", "hr"]
own = {
    "ENGINE": "django.db.backends.postgresql", "HOST": "127.0.0.1", "PORT": os.environ["PGPORT"], "USER": os.environ["PGUSER"],
    "PASSWORD": os.environ["PGPASSWORD"], "NAME": os.environ["PGDATABASE"],
}
databases = {schema: {**own, "OPTIONS": {"options": f"-c search_path={schema}"}} for schema in SCHEMAS}
settings.configure(DATABASES={"default": own, **databases}, USE_TZ=True)
django.setup()

from django.core.management import call_command
from django.db import connections

for schema in SCHEMAS:
    print("==", schema)
    call_command("inspectdb", database=schema, include_partitions=True, include_views=True)
    with connections[schema].cursor() as cursor:
        said = connections[schema].introspection
        for table in sorted(said.get_table_list(cursor), key=lambda table: table.name):
            print(table)
            for what in ["get_table_description", "get_sequences", "get_relations", "get_primary_key_columns", "get_constraints"]:
                answer = getattr(said, what)(cursor, table.name)
                print(what, sorted(answer.items()) if isinstance(answer, dict) else answer)
            # The first row is nobody's business, what it is made of is.
            cursor.execute(f'SELECT * FROM "{table.name}" LIMIT 0')
            print([tuple(column) for column in cursor.description])
