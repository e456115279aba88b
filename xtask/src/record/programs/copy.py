db.execute("create temporary table numbers (n int, word text)")
cursor = db.cursor()
with cursor.copy("copy numbers from stdin") as copy:
    for n in range(5):
        copy.write_row((n, "a\tb\\c\n" * n))
with cursor.copy("copy numbers from stdin (format binary)") as copy:
    copy.set_types(["int4", "text"])
    copy.write_row((7, "seven"))
with cursor.copy("copy products to stdout (format binary)") as copy:
    print(b"".join(copy))
try:
    with cursor.copy("copy numbers (n) from stdin") as copy:
        copy.write("one\n")
except psycopg.Error as error:
    print(error.sqlstate)
try:
    with cursor.copy("copy numbers (n) from stdin") as copy:
        copy.write("1\n")
        raise ValueError("given up")
except ValueError:
    pass
try:
    cursor.copy("copy users to stdout").__enter__()
except psycopg.Error as error:
    print(error.sqlstate)
print(db.execute("select count(*) from numbers").fetchone())
db.close()
