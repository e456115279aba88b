"""Values that hold nothing sensitive, and look like what does."""

import datetime
import uuid

from stdnum import ean, luhn

PROSE = [
    "Die Lieferung erfolgt am 3. Mai um 14:30 Uhr in Halle 7.", "Der Umsatz stieg um 12,5 % auf 1,2 Mrd. Euro.",
    "Bitte Formular 27b in dreifacher Ausfertigung einreichen.", "Auf Seite 112 steht, dass § 823 Abs. 1 BGB gilt.",
    "Weg mit dem Müll: am Montag ab 7 Uhr.", "Das Passwort wurde geändert.", "Wir trafen uns um 8 am großen Platz.",
    "Le colis sera livré le 3 mai à 14 h 30, quai 7.", "Le chiffre d'affaires a augmenté de 12,5 % en 2025.",
    "Rendez-vous au 2e étage, salle 204.", "L'article 1240 du code civil s'applique.", "Il a répondu 3 fois sur 10.",
    "La réunion dure 45 minutes, dont 10 de pause.", "Via Lisbonne, le vol dure 3 heures.", "En rue libre : 20 places.",
    "El pedido llegará el 3 de mayo a las 14:30.", "Las ventas crecieron un 12,5 % en 2025.", "Ley 39/2015, artículo 14.",
    "La contraseña caduca en 90 días.", "Tel Aviv is 2 hours ahead.", "The call lasted 1234567 milliseconds.",
    "Le mot de passe est expiré.", "Paso 3 de 12: confirme los datos.", "Road closed for 3 days, 12 cars towed.",
    "会议于2026年5月3日14:30开始，共12人。", "東京の気温は28.5度です。", "Заказ 12345 отправлен 3 мая в 14:30.",
    "اجتماع في الساعة 14:30 يوم 3 مايو", "הפגישה ב-14:30", "🎉 5/5 ⭐⭐⭐⭐⭐ great!", "naïve café résumé №12", "e\u0301te\u0301 2026",
    "１２３４５６", "Ελληνικά 2026", "ทดสอบ 123", "family 👨‍👩‍👧‍👦 of 4", "½ cup, ¾ tsp, 180 °C", "𝟙𝟚𝟛𝟜", "ﬁve ﬁles", "zero\u200bwidth 42",
]
WORDS = [
    "Your password was reset.", "password reset requested 3 times", "token expired after 3600 s", "password: required",
    "secret santa on 12 December", "the api key was rotated", "password_changed_at=2026-11-27", "token count: 4096", "max_tokens=4096",
    "Password must have 12 characters", "no secret here", "passport control at gate 12", "token: expired", "secret=false",
    "born to run", "phone support opens at 9", "call center, floor 3", "mobile first", "email sent", "card declined", "IBAN missing",
    "tax id: unknown", "ssn: n/a", "date of birth: unknown", "passport: yes", "password=<your password>", "password=${DB_PASSWORD}",
    "api_key=os.environ['API_KEY']", "token = request.headers.get('X-Token')", "pwd = os.getcwd()", "secret: !vault db", "password is not set",
    "password=********", "Bearer token missing", "Authorization: Basic realm", "password: string;", "reset_password_token is null", "passwordless=true",
]
CODE = [
    "SELECT id, name FROM orders WHERE id = 4711 LIMIT 10", "std::vector<int>::iterator it = v.begin();", "a::b::c", "&::before { top: 0 }",
    "@media (max-width: 1024px) { body { margin: 0 } }", "@app.route('/users/<int:id>')", "npm i @types/node@18.19.3", "git@github.com:org/repo.git",
    "user@localhost", "root@web01:~# ls -la", "@handle", "follow @jane_doe42!", "a@2x.png", "logo@3x.webp", "foo@1.2.3", "pip install pkg@main",
    "for (int i = 0; i < 10; i++) { sum += a[i]; }", "0x7ffe5367e044", "0xDEADBEEF", "#ff8800", "rgba(255, 128, 0, 0.5)", "x = y @ z.T",
    "git commit -m 'fix #1234'", "std::chrono::seconds(30)", "kubectl get pods -n kube-system", "$1$2", "${x}", "{0}", "C:\\Users\\Public\\file.txt",
    "at com.example.Main.run(Main.java:123)", "File \"main.py\", line 42, in <module>", "E: Unable to locate package libfoo1.2", "s/foo/bar/g",
    "https://example.com/orders/4111?page=2&size=50", "https://user@example.com/x", "ssh://git@host.example/repo", "http://[::1]:8080/", "tcp://127.0.0.1:5432",
    "<a href=\"#s12\">12</a>", "def token(self): return self._token", "WHERE email = $1", "CHECK (phone ~ '^[0-9]+$')",
]


def kinds(draw):
    random, form, choice = draw.random, draw.form, draw.random.choice

    def when():
        return datetime.datetime(2019, 1, 1) + datetime.timedelta(seconds=random.randrange(240_000_000), microseconds=random.randrange(10**6))

    def with_luhn(beginning, length):
        value = beginning + form("#" * (length - 1 - len(beginning)))
        return value + luhn.calc_check_digit(value)

    def with_ean(beginning):
        value = beginning + form("#" * (12 - len(beginning)))
        return value + ean.calc_check_digit(value)

    def timestamp():
        at = when()
        return choice([
            at.isoformat(), f"{at}+00", at.strftime("%Y-%m-%dT%H:%M:%SZ"), str(int(at.timestamp())), str(int(at.timestamp() * 1e3)),
            str(int(at.timestamp() * 1e6)), at.strftime("%Y%m%d%H%M%S"), at.strftime("%a, %d %b %Y %H:%M:%S +0000"), at.strftime("%d.%m.%Y %H:%M"),
            at.strftime("%d/%b/%Y:%H:%M:%S +0100"), at.strftime("%H:%M:%S.%f"), at.strftime("%Y%m%d"), at.strftime("%Y%m%dT%H%M%S"),
        ])

    def date():
        at = when()
        return choice(["{}", "released {}", "valid until {}", "Termin am {}", "invoice of {}", "published {}", "livré le {}", "joined {}"]).format(choice([
            at.strftime("%Y-%m-%d"), at.strftime("%d.%m.%Y"), at.strftime("%d/%m/%Y"), f"{at.day} {at.strftime('%B %Y')}",
            f"{at.strftime('%B')} {at.day}, {at.year}"]))

    def price():
        cents = random.randrange(100, 10**random.randrange(4, 11))
        text = f"{cents / 100:,.2f}"
        return choice([
            f"${text}", text.replace(",", " ").replace(".", ",") + " €", text.replace(",", "X").replace(".", ",").replace("X", ".") + " €",
            f"EUR {cents / 100:.2f}", f"{cents / 100:.2f}", f"£{text}", f"total: {text}", str(cents), f"¥{cents:,}", f"CHF {cents // 100:,}.-".replace(",", "'"),
        ])

    def version():
        a, b, c, d = (random.randrange(n) for n in (20, 30, 100, 200))
        return choice([
            f"{a}.{b}.{c}", f"v{a}.{b}.{c}.{d}", f"version {a}.{b}.{c}.{d}", f"Chrome/{100 + b}.0.{4000 + c}.{d} Safari/537.36", f"{a}.{b}.{c}-rc.{d}",
            f"kernel 5.{b}.{c}-{d}-generic", f"{a}:{b}.{c}-{d}ubuntu{a}", f"release {a}.{b}.{c}.{d}", f"libssl.so.{a}.{b}.{c}", f"Firmware V{a}.{b}.{c}.{d}",
        ])

    def log():
        at, pid = when().strftime("%Y-%m-%d %H:%M:%S"), random.randrange(40_000)
        return choice([
            f"{at}.123 UTC [{pid}] LOG:  checkpoint complete: wrote {pid} buffers (0.3%); write=2.{pid} s",
            f"{at} INFO  [main-{pid}] c.e.App: started in {pid} ms", f"[{pid}.{pid:06}] usb 1-1.{pid % 9}: new high-speed USB device number {pid}",
            f"level=info ts={at} dur=12.{pid}ms status=200 bytes={pid}", f"127.0.0.1 - - [{at}] \"GET /api/v1/items/{pid} HTTP/1.1\" 200 {pid}",
            f"Nov 27 04:18:15 host sshd[{pid}]: Connection closed [preauth]", f"{at} ERROR thread 0x7f3a{pid:05}: timeout after {pid}ms (attempt 3/5)",
            f"GC pause (G1) {pid}M->{pid // 2}M({pid * 2}M), 0.0{pid} secs", f"duration: {pid}.123 ms  statement: SELECT {pid}",
        ])

    def order():
        return choice([
            f"ORD-2026-{form('######')}", f"#{form('######')}", f"order {form('##########')}", f"Bestellung {form('########')}", f"PO{form('########')}",
            f"R{form('###-#######-#######')}", form("######"), form("########"), f"commande n° {form('#######')}", f"ticket {form('#####')}",
            f"case {form('##-####-##')}", f"{form('###-#######-#######')}", f"invoice 2026/{form('####')}/{form('###')}", f"txn_{form('*' * 24)}",
        ])

    def sku():
        return choice([
            form("@@-######-@"), f"SKU {form('########')}", form("@@@#######"), form("@##-###-##"), f"SKU-{form('###-##-####')}", form("####-@@@-###"), form("@@@@-####"),
            with_ean("40"), "ISBN " + with_ean("978"), "ISBN 978-3-" + form("##-######-#"),
            f"Art.-Nr. {form('######')}", f"Part {form('#####-####')}", f"Teil {form('@#######')}", form("@@#######@@"), f"model {form('@@@###@')}",
        ])

    def phone_like():
        return choice([
            with_luhn("35" + form("######"), 15), f"1Z{form('@@@#########')}", f"+{random.randrange(1, 99)}% vs. last year", f"({random.randrange(1990, 2030)}) {form('##')}",
            f"batch {form('###-####')}", f"DIN {form('###-#-##')}", f"{form('#')}-{form('###')} units", f"+{form('##:##')}", f"room {form('###-###')}", f"{form('##')}/{form('##')} passed",
            f"{form('####')} {form('####')} {form('##')}", f"score {form('###')}-{form('###')}", f"lot {form('######')}-{form('##')}", f"rows {form('#######')}-{form('#######')}",
        ])

    def numbers():
        return choice([
            f"[{', '.join(f'{random.uniform(-1, 1):.6f}' for _ in range(6))}]", f"{random.uniform(0, 9):.2f}, {random.uniform(0, 9):.2f}", f"{random.uniform(0, 1):.16f}",
            f"{random.randrange(10**12):,}", f"{random.uniform(0, 99):.1f} %", f"{random.uniform(1, 9):.4e}", "1920x1080", f"{form('#')}:{form('##')}", form("#" * random.randrange(1, 20)),
            f"p50={form('##')}ms p99={form('###')}ms", f"{form('##')}°{form('##')}'", f"{random.uniform(0, 500):.3f} {random.uniform(0, 500):.3f} {random.uniform(0, 500):.3f}",
        ])

    def no_card():
        value = with_luhn(choice("23456"), 16)
        return draw.groups(value[:-1] + str((int(value[-1]) + random.randrange(1, 9)) % 10), [4, 4, 4, 4], ["", " ", "-"])

    def no_iban():
        return draw.groups(f"{choice(['DE', 'GB', 'FR', 'ES'])}00{form('##################')}", [4, 4, 4, 4, 4], ["", " "])

    def addresses():
        return choice([
            "127.0.0.1", "0.0.0.0", "::1", "255.255.255.255", form("16:%%:ac:%%:05:2b:00:b9:%%:72:fb:d4:58:8c:24:f1"), "00:00:00:00:00:00", f"{form('##:##:##:##')}",
            "SHA256:" + form("*" * 43), f"section {form('#.#.#.#')}", f"1.3.6.1.4.1.{form('#####')}", "16:9", "10:30", f"chapter {form('#.#.##')}", "ab::cd",
        ])

    def streets():
        return choice([
            "iPad 2", "Spring 5", "Engineering 101", "5 Star hotel", "12 monkeys", "10 Way Valve", "Windows 11", "Chapter 5", "3 Days of Rain", "Route 66", "Platz 3",
            "Version 2 Beta", "Room 204", "Halle 7", "Gate B 12", "Terminal 2", "100 Years War", "Formula 1", "7 Seas", "Boeing 737", "Area 51", "2 Fast 2 Furious",
            "Apollo 13", "24 Hours", "Q3 2026", "Top 10 Places", "Level 3 Drive", "Weg 1", "First 5", "Catch 22", "Umweg 3 km", "Damm 2", "Abendkurs 12", "Allee",
        ])

    return [
        ("order number", order), ("order number, Luhn holds", lambda: choice(["", "order ", "Order-No. "]) + with_luhn(choice(["2026", "1000", "1", "9", "70", "08"]), 16)),
        ("order number that a card could have", lambda: f"order no. {with_luhn('4', 16)}"),
        ("version", version), ("moment", timestamp), ("day", date), ("uuid", lambda: choice([str, lambda u: u.hex, lambda u: str(u).upper()])(uuid.UUID(int=random.getrandbits(128), version=4))),
        ("digest", lambda: form("%" * choice([7, 12, 32, 40, 64, 128]))), ("price", price), ("product", sku), ("log", log), ("code", lambda: choice(CODE)),
        ("like a telephone", phone_like), ("words for secrets", lambda: choice(WORDS)), ("numbers", numbers), ("card, wrong check digit", no_card),
        ("account, wrong check digits", no_iban), ("like an address of a network", addresses), ("like a street", streets), ("prose", lambda: choice(PROSE)),
        ("identifier", lambda: choice([form("@@@@##@@@@"), f"cus_{form('*' * 14)}", form("********"), f"{form('@@')}{form('####')}", form("@#@ #@#").lower(), f"1HGCM82633A{form('######')}"])),
    ]
