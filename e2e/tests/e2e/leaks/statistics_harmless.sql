SELECT t, a, n, c FROM st_plain WHERE t = 'people' ORDER BY a

SELECT upper(a), n + 1 FROM st_plain WHERE t = 'visits' ORDER BY a

SELECT r, n FROM st_sizes WHERE r = 'people'

SELECT tablename, attname, null_frac, most_common_freqs FROM st WHERE tablename = 'people' ORDER BY attname

SELECT a, t FROM st_one ORDER BY a

SELECT relation::regclass, place FROM st_raw WHERE relation = 'people'::regclass ORDER BY place

SELECT n, u, a FROM st_mixed ORDER BY n

SELECT n FROM st_ext

SELECT a FROM st_kept ORDER BY a

SELECT count(*) FROM st_activity WHERE p = pg_backend_pid()

COPY (SELECT t, a FROM st_plain WHERE t = 'people' ORDER BY a) TO STDOUT

SELECT s.tablename, s.attname, s.null_frac, s.n_distinct * 2 FROM pg_stats s WHERE s.tablename = 'people' ORDER BY 2
