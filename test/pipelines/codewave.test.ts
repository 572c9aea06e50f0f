import { describe, expect, test } from 'vitest';
import { pipeline } from '../../pipelines/codewave/pipeline.ts';
import { evaluatorOf } from './evaluate-body.ts';

const { evaluate, rowsOf } = evaluatorOf(pipeline, '2026-07-01T12:00:00Z');

describe('executions', () => {
  const execution = (state: string, more: object = {}) =>
    evaluate(
      'executor',
      JSON.stringify({
        type: 'execution',
        v: 1,
        execution_id: 'e:1',
        attempt: 2,
        state,
        at: '2026-07-01T10:25:20.900Z',
        worker: 'w-5',
        user: 'agent-0',
        room: 'r',
        ...more,
      }),
    );

  test('a finished one requires what billing needs', () => {
    const finished = { exit_code: 137, stdout: 'out', billed_ms: 3600 };
    const [row] = rowsOf(execution('finished', finished), 'executions');
    expect(row).toMatchObject({ event_id: 'execution:e%3A1:2:finished', exit_code: 137n, billed_ms: 3600n });
    for (const field of Object.keys(finished)) {
      const without = execution('finished', { ...finished, [field]: null });
      expect(without).toMatchObject({ accepted: false, reason: 'schema_violation', detail: `${field}: null` });
    }
  });

  test('any other ignores it, whatever it holds', () => {
    for (const state of ['queued', 'started']) {
      const [row] = rowsOf(execution(state, { exit_code: 1, stdout: 'secret', billed_ms: 'much' }), 'executions');
      expect(row).toMatchObject({ state, attempt: 2n, exit_code: null, billed_ms: null, stdout: null });
    }
  });

  test('a state that is not listed is rejected', () => {
    expect(execution('paused')).toMatchObject({ accepted: false, reason: 'schema_violation' });
  });
});

describe('edit operations', () => {
  const batch = (ops: string) =>
    evaluate(
      'editor',
      `{"batch_id":"b","type":"edit_batch","v":1,"room":"r","doc":"a:b","agent":"g","sent_at":"2026-07-01T09:30:24Z","ops":${ops}}`,
    );

  test('have an identity of their own and keep their lists as sent', () => {
    const evaluation = batch('[{"seq":7,"at":1782898224000,"parents":[ 6 ],"patches":[[2,1,"é"], [0,0,"\\u0041"]]}]');
    expect(evaluation).toMatchObject({ accepted: true, eventId: 'batch:b', eventType: 'edit_batch' });
    expect(rowsOf(evaluation, 'edit_operations')).toEqual([
      {
        event_id: 'op:a%3Ab:7',
        doc: 'a:b',
        seq: 7n,
        agent: 'g',
        room: 'r',
        batch_id: 'b',
        parents: '[ 6 ]',
        patches: '[[2,1,"é"], [0,0,"\\u0041"]]',
      },
    ]);
  });

  test('a batch may be empty', () => {
    expect(rowsOf(batch('[]'), 'edit_operations')).toEqual([]);
  });

  test.each(['[[2,1]]', '[[2,1,"x",0]]', '[[2,"1","x"]]', '[[2,1,null]]', '[2,1,"x"]'])('no patches: %s', (patches) => {
    const evaluation = batch(`[{"seq":7,"at":1782898224000,"parents":[],"patches":${patches}}]`);
    expect(evaluation).toMatchObject({ accepted: false, reason: 'schema_violation' });
  });
});
