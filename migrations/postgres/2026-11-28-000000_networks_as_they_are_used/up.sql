-- New networks are looked for in what is about to be written, and not in what was.
DROP INDEX key_traces_by_first;
