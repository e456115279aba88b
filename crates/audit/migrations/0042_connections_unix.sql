-- Connections over UNIX sockets.

ALTER TABLE connections
    ADD COLUMN IF NOT EXISTS socket_path LowCardinality(String)
    COMMENT 'Path that the database''s UNIX socket is bound to, @ before a name that is in no file system; empty over TCP'
    AFTER server_port,
    COMMENT COLUMN IF EXISTS client_address 'The client''s end; IPv4 as ::ffff:a.b.c.d; :: over a UNIX socket',
    COMMENT COLUMN IF EXISTS server_address 'The database''s end; :: over a UNIX socket',
    COMMENT COLUMN IF EXISTS server_port 'The port of that end; over a UNIX socket the number in its name',
    COMMENT COLUMN IF EXISTS bytes_to_server 'Bytes that the database''s end received; 0 over a UNIX socket, where nobody counts',
    COMMENT COLUMN IF EXISTS bytes_to_client 'Bytes that the database''s end sent; 0 over a UNIX socket';
