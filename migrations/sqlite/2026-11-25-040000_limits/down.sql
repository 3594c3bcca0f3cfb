DROP TABLE key_rate_limits;
