-- Connections from the address of a proxy that no proxy says are its own. They are judged when they are a minute old.
SELECT count() AS value
FROM unclaimed_connections
WHERE day >= toDate($__fromTime) - 1 AND opened_at >= $__fromTime - toIntervalMinute(5) AND opened_at <= $__toTime
    AND client_class = '' AND rule = ''
