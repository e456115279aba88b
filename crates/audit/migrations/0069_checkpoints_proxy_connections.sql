-- Checkpoints are also over rows of `proxy_connections`.

ALTER TABLE checkpoints
    MODIFY COLUMN tables Array(Enum8('sessions' = 1, 'statements' = 2, 'connections' = 3, 'alerts' = 4, 'agent_health' = 5, 'column_classes' = 6, 'gaps' = 7, 'approvals' = 8, 'proxy_connections' = 9));
