-- Some rows of `changed`, the causes in turn, with their columns as text before and after.
WITH chosen AS (
  SELECT * FROM changed
  QUALIFY row_number() OVER (PARTITION BY cause, action ORDER BY {{keys}}) <= {{samples}}
  ORDER BY row_number() OVER (PARTITION BY cause, action ORDER BY {{keys}}), cause, action, {{keys}}
  LIMIT {{samples}}
)
SELECT {{key_texts}}, c.action, c.cause, c.from_transform, CAST(c.new_date AS VARCHAR) AS new_date, CAST(c.old_date AS VARCHAR) AS old_date,
  {{values}}
FROM chosen AS c
LEFT JOIN {{before}} AS b ON {{before_equal}}
LEFT JOIN {{after}} AS a ON {{after_equal}} AND c.action <> 'delete'
ORDER BY c.cause, c.action, {{chosen_keys}};
