-- What waited for an approval, who answered, and how long it took.
SELECT
    minIf(at, event = 'asked') AS asked_at,
    argMin(principal, at) AS principal,
    argMin(database, at) AS database,
    argMin(arrayStringConcat(rules, ' '), at) AS rules,
    argMaxIf(event, at, event != 'asked') AS answer,
    argMaxIf(by, at, event != 'asked') AS by,
    argMaxIf(reason, at, event != 'asked') AS reason,
    if(answer = '', NULL, dateDiff('millisecond', asked_at, maxIf(at, event != 'asked')) / 1000) AS waited_seconds,
    argMin(text, at) AS text
FROM approvals FINAL
WHERE at >= $__fromTime AND at <= $__toTime
GROUP BY request_id
ORDER BY asked_at DESC
LIMIT 200
