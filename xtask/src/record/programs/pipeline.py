def fails(work):
    try:
        work()
    except psycopg.Error as error:
        print(error.sqlstate)
    else:
        sys.exit("no error")

def several():
    with db.pipeline() as pipeline, db.cursor() as first, db.cursor() as second:
        first.execute("select id, title from products where id = %s", [1])
        second.execute("select name, email from users where id = %s", [2])
        print(first.fetchall(), second.fetchall())
        for n in range(6):
            first.execute("insert into orders (user_id, product_id, quantity, status) values (%s, 1, %s, 'new')", [n % 3 + 1, n])
        pipeline.sync()
        first.execute("select count(*) from orders where status = 'new'")
        print(first.fetchone())

def broken(text):
    def work():
        with db.pipeline():
            db.execute("select 'before'")
            db.execute(text)
            db.execute("select 'after'")
    return work

several()
several()
fails(broken("select 1 / 0"))
fails(broken("drop table users"))
fails(broken("selec 1"))
db.execute("select 'whole'")
with db.transaction():
    with db.transaction(force_rollback=True):
        db.execute("delete from orders where status = %s", ["new"])
    fails(broken("select nothing"))
db.execute("delete from orders where status = 'new'", prepare=True)
db.execute("select email from users where id = %b", [3], binary=True)
db.close()
