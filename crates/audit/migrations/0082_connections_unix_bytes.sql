-- Bytes over UNIX sockets are counted.

ALTER TABLE connections
    COMMENT COLUMN IF EXISTS bytes_to_server 'Bytes that the database''s end received; 0 over a UNIX socket that nobody counted, and while it is open',
    COMMENT COLUMN IF EXISTS bytes_to_client 'Bytes that the database''s end sent; 0 over a UNIX socket that nobody counted, and while it is open';
