DROP TABLE key_traces;
