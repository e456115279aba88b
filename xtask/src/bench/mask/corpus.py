"""Writes a labelled corpus to standard output; its arguments are a seed and how many values of each kind.

A record is: class (`-` for harmless), kind, where what is sensitive begins and ends in bytes, and the value, with tabs
between and NUL behind it.
"""

import random
import sys

import harmless
import positives

# Sentences that do not say what stands in them.
PLAIN = [
    "Please check {} again.", "see {}", "({})", "He wrote {} on the form.", "Bitte {} prüfen.", "Voir {} svp.", "Ver {} por favor.",
    "id={}", '{"value": "{}", "n": 3}', "a;{};b", "2026-11-27 04:18:15 INFO got {}", "{}, done", "注意：{}。", "<b>{}</b>", "old: {}\nnew: -",
]
NAMED = ["{name} {}", "{name}: {}", "My {name} is {}.", '{"{name}": "{}"}', "{name}={}", "Customer gave {name} {} today"]


def write(label, kind, before, secret, after):
    start = len(before.encode())
    value = f"{before}{secret}{after}"
    record = [label, kind, str(start), str(start + len(secret.encode())), value]
    sys.stdout.buffer.write("\t".join(record).encode() + b"\0")


def main():
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    draw = positives.Draw(random.Random(seed))
    choice = draw.random.choice
    for label, kind, make, names in positives.kinds(draw):
        for _ in range(count):
            made = make()
            before, secret, after = made if isinstance(made, tuple) else ("", made, "")
            if names:
                template = choice(NAMED).replace("{name}", choice(names))
            else:
                template = "{}" if draw.random.random() < 0.4 else choice(PLAIN)
            head, tail = template.split("{}")
            write(label, kind, head + before, secret, after + tail)
    for kind, make in harmless.kinds(draw):
        for _ in range(count):
            write("-", kind, make(), "", "")


main()
