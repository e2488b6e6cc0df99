-- +goose Up
-- A lease has a number of its own, with the epoch in its upper bits; what an
-- earlier version had leased is of the epoch 0, which ended.
ALTER TABLE deliveries_open RENAME COLUMN lease_epoch TO lease;

-- The deliveries that were leased when the event was made: while they are, this
-- is their only row. NULL = none.
ALTER TABLE events ADD COLUMN born BLOB;
-- Of the events up to this row, every delivery has a row of its own.
INSERT INTO meta (name, value) SELECT 'settled', coalesce(max(rowid), 0) FROM events;

-- The first attempt of a delivery that needed no other one; NULL = all are in
-- the table of attempts.
ALTER TABLE deliveries ADD COLUMN attempt BLOB;
