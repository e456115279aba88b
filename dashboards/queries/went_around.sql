-- Who went around the proxy, the newest first; where a rule of the agent allows it, its name.
SELECT at, host, process_command, process_executable, user, login_user,
    if(process_container != '', process_container, process_unit) AS runs_in, process_cgroup, client, server, database_role, database, application_name, encryption, state, rule, duration_seconds,
    bytes_to_server + bytes_to_client AS bytes, message
FROM bypasses
WHERE day >= toDate($__fromTime) AND at >= $__fromTime AND at <= $__toTime
ORDER BY at DESC
LIMIT 200
