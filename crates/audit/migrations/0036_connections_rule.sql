-- Who may go around the proxy, by which rule of its agent's configuration.

ALTER TABLE connections
    ADD COLUMN IF NOT EXISTS rule LowCardinality(String)
    COMMENT 'Name of the rule that allows it around the proxy; empty where none does'
    AFTER evidence,
    COMMENT COLUMN IF EXISTS class 'How it came: proxied, bypass, allowed, outgoing or unknown';
