-- Version 2 of the vault store's tables. Frozen once shipped: the next version is another file.
-- Claims look for work that nobody has, and for leases that are over, without passing by all that
-- others have.
CREATE INDEX rows_free ON rows (kind, state, due_at, subject)
    WHERE due_at IS NOT NULL AND lease_until IS NULL;
CREATE INDEX rows_leased ON rows (kind, state, lease_until) WHERE lease_until IS NOT NULL;
