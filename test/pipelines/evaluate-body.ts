// Evaluates one body of a pipeline as if it had just been received, for tests of declarations.

import { createHash } from 'node:crypto';
import { compilePipeline } from '../../model/compile.ts';
import { type Evaluation, Evaluator } from '../../model/evaluate.ts';
import type { Pipeline, Value } from '../../model/language.ts';
import { parseTimeText } from '../../model/time.ts';

/** Gives a function of source and body; `rowsOf` names the columns of one table's rows. */
export function evaluatorOf(pipeline: Pipeline, receivedAt: string) {
  const compiled = compilePipeline(pipeline, { sourceDigest: 'test' });
  const evaluator = new Evaluator(compiled, Buffer.from('key of the tests'));
  return {
    evaluate: (source: string, body: string): Evaluation =>
      evaluator.evaluate({
        row: 0,
        receivedAtMicros: parseTimeText(receivedAt) as bigint,
        source,
        body,
        bodyBytes: Buffer.byteLength(body),
        bodySha256: createHash('sha256').update(body).digest('hex'),
      }),
    rowsOf: (evaluation: Evaluation, table: string): Record<string, Value | undefined>[] => {
      if (!evaluation.accepted) throw new Error(`rejected: ${evaluation.reason} ${evaluation.detail}`);
      const place = compiled.tables.findIndex(({ name }) => name === table);
      return evaluation.rows
        .filter((row) => row.table === place)
        .map((row) => ({
          event_id: row.eventId,
          ...Object.fromEntries(compiled.tables[place]!.own.map(({ name }, at) => [name, row.values[at]])),
        }));
    },
  };
}
