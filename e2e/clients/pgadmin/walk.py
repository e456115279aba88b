"""pgAdmin without its window: opens the whole tree of a server as somebody with a mouse would, asks all that its pages ask of
each thing in it, and prints each value of each answer on a line of its own."""

import builtins
import json
import os
import re
import sys
import tempfile
import types

PORT, USER, DATABASE, PASSWORD = int(sys.argv[1]), sys.argv[2], sys.argv[3], os.environ.pop("PGPASSWORD")

# The server's own port, which it has among its settings.
SERVER_PORT = sys.argv[4]

# What a GET does more than look, and what it answers nothing to without a form.
NOT_ASKED = re.compile(r"/(connect|reload|check_pgpass|wal_replay|change_password|restore_point|msql|static)/|\.js$")

# What happened on the server meanwhile.
CHANGES = re.compile(r"(hit|read|scans|fetched|returned|inserted|updated|deleted|tuples|Last \w+|counter|written|since \w+)$", re.I)

found = [path for path in sys.path if os.path.isdir(os.path.join(path, "pgadmin4", "pgadmin"))]
sys.path.insert(0, os.path.join(found[0], "pgadmin4"))
builtins.SERVER_MODE = False

import config  # noqa: E402

home = tempfile.mkdtemp(prefix="pgadmin-")
config.DATA_DIR = home
config.SQLITE_PATH = os.path.join(home, "pgadmin4.db")
config.LOG_FILE = os.path.join(home, "pgadmin4.log")
for name in ["SESSION_DB_PATH", "STORAGE_DIR", "AZURE_CREDENTIAL_CACHE_DIR", "KERBEROS_CCACHE_DIR"]:
    setattr(config, name, os.path.join(home, name.lower()))
config.MASTER_PASSWORD_REQUIRED = config.USE_OS_SECRET_STORAGE = config.UPGRADE_CHECK_ENABLED = False
config.WTF_CSRF_ENABLED = False
config.CONSOLE_LOG_LEVEL = 100

from pgadmin.utils import PgAdminModule  # noqa: E402

# It makes servers at cloud providers, whose libraries are large.
cloud = types.ModuleType("pgadmin.misc.cloud")
cloud.blueprint = PgAdminModule("cloud", cloud.__name__, static_url_path="/misc/cloud")
sys.modules[cloud.__name__] = cloud

from pgadmin import create_app  # noqa: E402

app = create_app()
app.config.update(WTF_CSRF_ENABLED=False, PROPAGATE_EXCEPTIONS=False)
app.PGADMIN_INT_KEY, app.PGADMIN_RUNTIME, app.PGADMIN_EXTERNAL_AUTH_SOURCE = "", False, "internal"
app.run_before_app_start()
client = app.test_client()
client.get("/browser/")
address = app.url_map.bind("localhost").build
rules = [rule for rule in app.url_map.iter_rules() if "GET" in rule.methods and not NOT_ASKED.search(rule.rule)]
nodes = {blueprint.node_type: blueprint for blueprint in app.blueprints.values() if hasattr(blueprint, "node_type")}


def ask(path, method="GET", **more):
    answer = client.open(path, method=method, **more)
    text = answer.get_data(as_text=True)
    try:
        return answer.status_code, json.loads(text)
    except ValueError:
        return answer.status_code, text


def tell(path, status, value, key=""):
    """One line for each value."""
    if isinstance(value, dict) and value:
        for name in sorted(value):
            tell(path, status, value[name], f"{key}.{name}")
    elif isinstance(value, list) and value:
        for number, item in enumerate(value):
            tell(path, status, item, f"{key}[{number}]")
    elif "/stats/" not in path or not CHANGES.search(key):
        print(path, status, key, json.dumps(value).replace(str(PORT), "PORT").replace(SERVER_PORT, "PORT"))


def show(path, seen):
    """What it answers, once."""
    if path not in seen:
        seen[path] = ask(path)
        tell(path, *seen[path])
    status, answer = seen[path]
    return answer["data"] if status == 200 and isinstance(answer, dict) and "data" in answer else []


def of(kind, given):
    """The addresses of a kind of thing that a place in the tree is enough for."""
    for rule in rules:
        if rule.endpoint.startswith(nodes[kind].name + ".") and "sid" in rule.arguments and rule.arguments <= given.keys():
            yield rule, address(rule.endpoint, {name: given[name] for name in rule.arguments})


def is_opened(node):
    # Others' databases, and PostgreSQL's own schemas.
    return node["_type"] != "catalog" and (node["_type"] != "database" or node["label"] == DATABASE)


def walk(kind, given, seen):
    """A thing, and what is below it."""
    below = []
    for rule, path in of(kind, given):
        # How busy a server or a database is changes.
        if "/stats/" in path and kind in ("server", "database"):
            continue
        answer = show(path, seen)
        if "/children/" in path:
            below += answer
    for collection in below:
        kind = collection["_type"].removeprefix("coll-")
        if kind in nodes:
            walk_all(kind, given, seen)


def walk_all(kind, given, seen):
    """All of a kind at a place in the tree."""
    own = [rule for rule in rules if rule.endpoint == f"{nodes[kind].name}.nodes_id"]
    for rule, path in list(of(kind, given)):
        if rule.endpoint != f"{nodes[kind].name}.nodes":
            continue
        for node in show(path, seen):
            missing = own[0].arguments - rule.arguments if own else set()
            if len(missing) == 1 and is_opened(node):
                walk(node["_type"] if node["_type"] in nodes else kind, {**given, missing.pop(): node["_id"]}, seen)


def rows(number, did, relation):
    """A table as it is opened to look at its rows."""
    more = {"json": {"password": PASSWORD}}
    ask(f"/sqleditor/initialize/viewdata/{number}/3/table/1/1/{did}/{relation}", "POST", **more)
    ask(f"/sqleditor/view_data/start/{number}")
    status, answer = ask(f"/sqleditor/poll/{number}")
    while status == 200 and answer["data"]["status"] == "Busy":
        status, answer = ask(f"/sqleditor/poll/{number}")
    columns = answer["data"]["colinfo"]
    for part in ["status", "primary_keys"]:
        tell(f"/sqleditor/poll/{number}", status, answer["data"].get(part), part)
    tell(f"/sqleditor/poll/{number}", status, columns, "columns")
    for row, values in enumerate(answer["data"]["result"]):
        for column, value in zip(columns, values):
            tell(f"/sqleditor/poll/{number}/{row}", status, json.dumps(value), "row." + column["name"])


server = {"name": "server", "host": "127.0.0.1", "port": PORT, "db": DATABASE, "username": USER, "connect_now": False}
made = ask("/browser/server/obj/1/", "POST", json=server)
assert made[1]["node"]["_id"] == "1", made
status, answer = ask("/browser/server/connect/1/1", "POST", json={"password": PASSWORD})
assert status == 200, answer
tell("/browser/server/connect/1/1", status, {**answer, "data": {**answer["data"], "version": None}})
seen = {}
walk("server", {"gid": 1, "sid": 1}, seen)
for path in ["/dashboard/config/1", "/dashboard/prepared/1", "/sqleditor/new_connection_database/1/1"]:
    show(path, seen)
did = answer["data"]["did"]
tables = [node for path in seen if re.search(r"/browser/(table|view)/nodes/[\d/]+/$", path) for node in show(path, seen)]
for number, table in enumerate(tables):
    rows(1000 + number, did, table["_id"])
print(len(seen) + len(tables), "answers of pgAdmin", config.APP_VERSION, file=sys.stderr)
sys.stdout.flush()
# Its threads would wait for more.
os._exit(0)
