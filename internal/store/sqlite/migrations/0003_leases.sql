-- +goose Up
-- A lease has a number of its own, with the epoch in its upper bits; what an
-- earlier version had leased is of the epoch 0, which ended.
ALTER TABLE deliveries_open RENAME COLUMN lease_epoch TO lease;
