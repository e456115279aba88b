-- Two more events: an approval that also counts for what is alike, and its end.

ALTER TABLE approvals
    MODIFY COLUMN event LowCardinality(String) COMMENT 'asked, approved or denied (by one person, or approved by a grant), granted (approved by one person, also for what is alike), revoked (a grant is taken back), expired (nobody has answered in time) or cancelled (whoever waited has given it up)';
