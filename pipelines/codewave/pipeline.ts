// codewave, a collaborative editor: edit batches and the operations in them, cursors, and executions that are billed.
// Reads in the order of the event contract.

import { array, epochMs, integer, object, text, timeText, tuple } from '../../model/fields.ts';
import { column, definePipeline, listed, raw } from '../../model/language.ts';

/** What every execution tells, whatever its state. */
const executionFields = {
  execution_id: text(),
  attempt: integer(),
  at: timeText(),
  worker: text(),
  user: text({ subject: 'user' }),
  room: text(),
};
/** Billing counts each state of an attempt once. */
const executionIdentity = { prefix: 'execution', parts: ['execution_id', 'attempt', 'state'] };

export const pipeline = definePipeline({
  name: 'codewave',
  title: 'collaborative editor: edit operations, cursors, executions',

  sources: {
    editor: { versions: [1] },
    presence: { versions: [1] },
    executor: { versions: [1] },
  },

  shapes: {
    edit_batch: {
      source: 'editor',
      version: 1,
      when: { type: listed('edit_batch') },
      eventType: { of: 'type' },
      fields: {
        batch_id: text(),
        room: text(),
        doc: text(),
        agent: text({ subject: 'agent' }),
        sent_at: timeText(),
        ops: array(
          object({
            seq: integer(),
            at: epochMs(),
            parents: array(integer()),
            // Position in code points, how many are deleted there, the text inserted.
            patches: array(tuple([integer(), integer(), text()])),
          }),
        ),
      },
      identity: { prefix: 'batch', parts: ['batch_id'] },
      occurredAt: 'sent_at',
    },
    cursor: {
      source: 'presence',
      version: 1,
      when: { type: listed('cursor_moved') },
      eventType: { of: 'type' },
      fields: {
        id: text(),
        room: text(),
        agent: text({ subject: 'agent' }),
        at: epochMs(),
        cursor: object({ line: integer(), col: integer() }),
      },
      identity: { prefix: 'cursor', parts: ['id'] },
      occurredAt: 'at',
    },
    execution_underway: {
      source: 'executor',
      version: 1,
      when: { type: listed('execution'), state: listed('queued', 'started') },
      eventType: { of: 'state', prefix: 'execution_' },
      fields: executionFields,
      identity: executionIdentity,
      occurredAt: 'at',
    },
    execution_finished: {
      source: 'executor',
      version: 1,
      when: { type: listed('execution'), state: listed('finished') },
      eventType: { of: 'state', prefix: 'execution_' },
      fields: { ...executionFields, exit_code: integer(), stdout: text({ restricted: true }), billed_ms: integer() },
      identity: executionIdentity,
      occurredAt: 'at',
    },
  },

  tables: {
    edit_operations: {
      about: 'a client that retries cuts its batches anew, so operations have an identity of their own',
      shapes: ['edit_batch'],
      rows: { of: { edit_batch: 'ops' } },
      offered: { identity: { prefix: 'op', parts: ['doc', './seq'] }, occurredAt: './at' },
      columns: {
        doc: column.text('doc'),
        seq: column.integer('./seq'),
        agent: column.text('agent'),
        room: column.text('room'),
        batch_id: column.text('batch_id'),
        parents: column.json(raw('./parents')),
        patches: column.json(raw('./patches'), { about: '[position, deleted, inserted], in code points' }),
      },
    },
    presence: {
      shapes: ['cursor'],
      columns: {
        room: column.text('room'),
        agent: column.text('agent'),
        line: column.integer('cursor.line'),
        col: column.integer('cursor.col'),
      },
    },
    executions: {
      shapes: ['execution_underway', 'execution_finished'],
      columns: {
        execution_id: column.text('execution_id'),
        attempt: column.integer('attempt'),
        state: column.text('state'),
        room: column.text('room'),
        user_id: column.text('user'),
        worker: column.text('worker'),
        exit_code: column.integer({ execution_finished: 'exit_code' }),
        billed_ms: column.integer({ execution_finished: 'billed_ms' }),
        stdout: column.text({ execution_finished: 'stdout' }, { restricted: true, about: 'may hold user code' }),
      },
    },
  },
});
