-- Share of the connections and bytes that came through the proxy, by day and database: 1 is all.
SELECT day, host, server, connections, proxied, bypassed, allowed, unknown, share, bytes_share
FROM coverage
WHERE day >= toDate($__fromTime) AND day <= toDate($__toTime)
ORDER BY day DESC, share
LIMIT 200
