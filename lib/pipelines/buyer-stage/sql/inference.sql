-- Every member of the newest snapshot. The table holds none after the run date; how old the newest may be is checked
-- with the sources.
SELECT features.*
FROM features
WHERE features.snapshot_date = (SELECT MAX(newest.snapshot_date) FROM features AS newest)
