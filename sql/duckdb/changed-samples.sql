-- Some rows of `changed`, the causes in turn, with their columns as text before and after.
WITH chosen AS (
  SELECT * FROM changed
  QUALIFY row_number() OVER (PARTITION BY cause, action ORDER BY {{keys}}) <= {{samples}}
  ORDER BY row_number() OVER (PARTITION BY cause, action ORDER BY {{keys}}), cause, action, {{keys}}
  LIMIT {{samples}}
),
-- Looked up first, so that no join holds other rows than these.
b AS MATERIALIZED (SELECT * FROM {{before}} WHERE {{keys_of_row}} IN (SELECT {{keys_of_row}} FROM chosen)),
a AS MATERIALIZED (SELECT * FROM {{after}} WHERE {{keys_of_row}} IN (SELECT {{keys_of_row}} FROM chosen))
SELECT {{key_texts}}, c.action, c.cause, c.from_transform, CAST(c.new_date AS VARCHAR) AS new_date, CAST(c.old_date AS VARCHAR) AS old_date,
  {{values}}
FROM chosen AS c
LEFT JOIN b ON {{before_equal}}
LEFT JOIN a ON {{after_equal}} AND c.action <> 'delete'
ORDER BY c.cause, c.action, {{chosen_keys}};
