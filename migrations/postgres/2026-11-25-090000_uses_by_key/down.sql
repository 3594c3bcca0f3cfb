ALTER TABLE secret_uses
  DROP CONSTRAINT secret_uses_pkey,
  ADD PRIMARY KEY (secret_id),
  DROP COLUMN key_id;
