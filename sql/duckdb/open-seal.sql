-- What deliveries of one event are compared by, from `_delivery`, as model/keyed.ts has it: the sha256 of the
-- body; of sealed ones its first 32 digits, for which the seal's four rounds are undone. Temporary, so that the key is
-- never written down. And the hash under which the catalog keeps the key of a row.
CREATE OR REPLACE TEMP MACRO catalog_key(id) AS ('0x' || substr(sha256('{{key}}:row:' || id), 1, 15))::BIGINT;
CREATE OR REPLACE TEMP MACRO seal_round(number, half) AS
  ('0x' || substr(sha256('{{key}}:' || number || ':' || lpad(lower(hex(half)), 16, '0')), 1, 16))::UBIGINT;
CREATE OR REPLACE TEMP MACRO seal_left(token) AS ('0x' || substr(token, 2, 16))::UBIGINT;
CREATE OR REPLACE TEMP MACRO seal_third(token) AS
  xor(('0x' || substr(token, 18, 16))::UBIGINT, seal_round(3, seal_left(token)));
CREATE OR REPLACE TEMP MACRO seal_second(token) AS xor(seal_left(token), seal_round(2, seal_third(token)));
CREATE OR REPLACE TEMP MACRO seal_first(token) AS xor(seal_third(token), seal_round(1, seal_second(token)));
CREATE OR REPLACE TEMP MACRO delivery_order(token) AS
  CASE
    WHEN regexp_full_match(token, '~[0-9a-f]{32}') THEN
      lpad(lower(hex(xor(seal_second(token), seal_round(0, seal_first(token))))), 16, '0')
        || lpad(lower(hex(seal_first(token))), 16, '0')
    -- Versions before this one kept four digits as they are, before the seal.
    WHEN regexp_matches(token, '^[0-9a-f]{4}~') THEN substr(token, 1, 4)
    ELSE token
  END;
