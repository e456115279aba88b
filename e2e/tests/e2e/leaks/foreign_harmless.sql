SELECT i, n, a, i * 2, upper(n) FROM far ORDER BY i, n

SELECT i, upper(x), x FROM far_plain ORDER BY i

SELECT i, upper(n) FROM near ORDER BY i

COPY (SELECT i, x FROM far_plain ORDER BY i) TO STDOUT
