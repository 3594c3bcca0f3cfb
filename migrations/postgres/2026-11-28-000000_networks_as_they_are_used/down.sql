CREATE INDEX key_traces_by_first ON key_traces (first_at);
