//! The questions, as each of both is asked. Moments are put in for `{day}` and `{week}`, and a session for `{session}`.

pub(super) struct Question {
    /// In words.
    pub(super) text: &'static str,
    /// Of ClickHouse.
    pub(super) ledger: &'static str,
    /// Of PostgreSQL.
    pub(super) postgres: &'static str,
}

/// Answers are lines of the same texts, in the same order.
pub(super) const QUESTIONS: [Question; 10] = [
    Question {
        text: "who touched this column in the last day (newest 100)",
        ledger: "SELECT toString(at), principal, sequence FROM who_touched \
            WHERE object = 'public.users.email' AND at >= '{day}' ORDER BY at DESC, principal, sequence LIMIT 100",
        postgres: "SELECT to_char(started_at, 'YYYY-MM-DD HH24:MI:SS.US'), principal, sequence FROM statements \
            WHERE objects @> '{public.users.email}' AND started_at >= '{day}' \
            ORDER BY started_at DESC, principal, sequence LIMIT 100",
    },
    Question {
        text: "which people touched this column, ever",
        ledger: "SELECT principal, toString(min(first_at)), toString(max(last_at)) FROM access_days \
            WHERE object = 'public.users.email' GROUP BY principal ORDER BY principal",
        postgres: "SELECT principal, to_char(min(started_at), 'YYYY-MM-DD HH24:MI:SS.US'), \
                to_char(max(started_at), 'YYYY-MM-DD HH24:MI:SS.US') FROM statements \
            WHERE objects @> '{public.users.email}' GROUP BY principal ORDER BY principal",
    },
    Question {
        text: "which people touched this rare table, ever",
        ledger: "SELECT principal, toString(min(first_at)), toString(max(last_at)) FROM access_days \
            WHERE object = 'part22.payments' GROUP BY principal ORDER BY principal",
        postgres: "SELECT principal, to_char(min(started_at), 'YYYY-MM-DD HH24:MI:SS.US'), \
                to_char(max(started_at), 'YYYY-MM-DD HH24:MI:SS.US') FROM statements \
            WHERE objects @> '{part22.payments}' GROUP BY principal ORDER BY principal",
    },
    Question {
        text: "what did this person do last (100)",
        ledger: "SELECT toString(started_at), sequence, text FROM statements FINAL WHERE principal = 'user07' \
            AND started_at >= (SELECT min(started_at) FROM (SELECT started_at FROM statements WHERE principal = 'user07' \
                ORDER BY started_at DESC LIMIT 200)) \
            ORDER BY started_at DESC, sequence LIMIT 100",
        postgres: "SELECT to_char(started_at, 'YYYY-MM-DD HH24:MI:SS.US'), sequence, text FROM statements \
            WHERE principal = 'user07' ORDER BY started_at DESC, sequence LIMIT 100",
    },
    Question {
        text: "what happened in this session",
        ledger: "SELECT sequence, verdict, outcome, text FROM session_timeline \
            WHERE session_id = '{session}' AND event = 'statement' ORDER BY sequence",
        postgres: "SELECT sequence, verdict, outcome, text FROM statements \
            WHERE session_id = '{session}' ORDER BY sequence",
    },
    Question {
        text: "what was refused in the last week, to whom, by which rule",
        ledger: "SELECT principal, arrayJoin(rules) AS rule, count() FROM denied WHERE at >= '{week}' \
            GROUP BY principal, rule ORDER BY principal, rule",
        postgres: "SELECT principal, rule, count(*) FROM statements, unnest(rules) AS rule \
            WHERE verdict <> 'allow' AND started_at >= '{week}' GROUP BY principal, rule ORDER BY principal, rule",
    },
    Question {
        text: "who saw sensitive values in clear in the last week",
        ledger: "SELECT principal, object, count() FROM revealed_access WHERE at >= '{week}' \
            GROUP BY principal, object ORDER BY principal, object",
        postgres: "SELECT principal, object, count(*) FROM statements, unnest(revealed_columns) AS object \
            WHERE revealed_columns <> '{}' AND started_at >= '{week}' GROUP BY principal, object ORDER BY principal, object",
    },
    Question {
        text: "who touched what for the first time (newest 100)",
        ledger: "SELECT principal, database, object, toString(min(first_at)) AS at FROM access_days \
            WHERE read OR written GROUP BY principal, database, object \
            ORDER BY at DESC, principal, database, object LIMIT 100",
        postgres: "SELECT principal, database, object, to_char(min(started_at), 'YYYY-MM-DD HH24:MI:SS.US') AS at \
            FROM statements, unnest(objects) AS object WHERE verdict = 'allow' \
            GROUP BY principal, database, object ORDER BY at DESC, principal, database, object LIMIT 100",
    },
    Question {
        text: "statements and refusals per day, ever",
        ledger: "SELECT toString(toDate(started_at)) AS day, count(), countIf(verdict != 'allow') FROM statements FINAL \
            GROUP BY day ORDER BY day",
        postgres: "SELECT to_char(started_at, 'YYYY-MM-DD') AS day, count(*), count(*) FILTER (WHERE verdict <> 'allow') \
            FROM statements GROUP BY day ORDER BY day",
    },
    Question {
        text: "who sent a text with this value, ever",
        ledger: "SELECT toString(started_at), principal, text FROM statements FINAL WHERE text LIKE '%id = 471%' \
            ORDER BY started_at, principal, text LIMIT 100",
        postgres: "SELECT to_char(started_at, 'YYYY-MM-DD HH24:MI:SS.US'), principal, text FROM statements \
            WHERE text LIKE '%id = 471%' ORDER BY started_at, principal, text LIMIT 100",
    },
];
