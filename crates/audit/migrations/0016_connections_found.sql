-- Connections that were open before the agent saw them, and ends that it did not see.

ALTER TABLE connections
    ADD COLUMN IF NOT EXISTS opening LowCardinality(String) DEFAULT 'seen'
    COMMENT 'How its opening is known: seen, or found (the agent found it open: opened_at is when)',
    ADD COLUMN IF NOT EXISTS ending LowCardinality(String) DEFAULT if(isNull(closed_at), '', 'seen')
    COMMENT 'How its end is known: empty while it is open, seen, away (it ended while the agent was away) or missed (a look found it gone); in the last two closed_at is when it was found gone, and bytes are those of the last look',
    COMMENT COLUMN IF EXISTS opened_at 'When the connection was established, or was found',
    COMMENT COLUMN IF EXISTS closed_at 'When it closed, or was found gone; NULL while it is open',
    COMMENT COLUMN IF EXISTS class 'How it came: proxied, bypass, outgoing or unknown',
    COMMENT COLUMN IF EXISTS evidence 'What the class rests on: kernel, holder, address or none';
