// Generated deliveries of codewave: documents typed operation by operation and sent in batches, cursors, and executions. The
// operations of a sequential document build a text, which `sampleDocuments` gives for tests to compare with.

import { isoOfMs, type Json, Verbatim, withField, writeJson } from '../../generator/body.ts';
import {
  accept,
  type Draft,
  type Drawing,
  fieldsOf,
  identityOf,
  type Product,
  reject,
  type Sample,
  type SampleOptions,
  type Shape,
  type World,
} from '../../generator/draft.ts';
import type { Random } from '../../generator/random.ts';
import { defineSamples, momentIn, worldOf } from '../../generator/sample.ts';

const LETTERS = [...'etaoin shrdlu\n(){};=+-', 'é', 'ñ', '漢', '😀', '𝒳', '👩', '🏽', 'const ', 'return '];

const editor: Shape = {
  source: 'editor',
  fields:
    fieldsOf(`batch_id type=choice room doc agent sent_at=time ops=array ops.0=object ops.0.seq=integer ops.0.at=epoch
    ops.0.parents=array ops.0.patches=array ops.0.patches.0=array ops.0.patches.0.0=integer ops.0.patches.0.1=integer ops.0.patches.0.2`),
  timePath: 'sent_at',
  timeKind: 'time',
  versionPath: 'v',
  version: 1,
  freeText: 'room',
};

const presence: Shape = {
  source: 'presence',
  fields: fieldsOf('id type=choice room agent at=epoch cursor=object cursor.line=integer cursor.col=integer'),
  timePath: 'at',
  timeKind: 'epoch',
  versionPath: 'v',
  version: 1,
  freeText: 'room',
};

const executionFields = 'type=choice execution_id attempt=integer state=choice at=time worker user room';

const execution: Shape = {
  source: 'executor',
  fields: fieldsOf(executionFields),
  timePath: 'at',
  timeKind: 'time',
  versionPath: 'v',
  version: 1,
  freeText: 'worker',
};

const finished: Shape = {
  ...execution,
  fields: fieldsOf(`${executionFields} exit_code=integer stdout billed_ms=integer`),
};

interface Operation {
  readonly seq: number;
  readonly at: number;
  readonly parents: readonly number[];
  readonly patches: readonly (readonly [position: number, deleted: number, inserted: string])[];
}

/** A document being typed: its code points so far and the next number. */
interface Typing {
  readonly doc: string;
  readonly agent: string;
  points: string[];
  seq: number;
  at: number;
}

function typeOn(random: Random, typing: Typing): Operation {
  const patches: (readonly [number, number, string])[] = [];
  for (let patch = random.chance(0.05) ? 2 : 1; patch > 0; patch--) {
    const position = random.chance(0.85) ? typing.points.length : random.integer(0, typing.points.length);
    const deleted = random.chance(0.12) ? random.integer(0, Math.min(3, typing.points.length - position)) : 0;
    const inserted = random.chance(0.05) && deleted > 0 ? '' : random.pick(LETTERS);
    typing.points.splice(position, deleted, ...inserted);
    patches.push([position, deleted, inserted]);
  }
  const operation: Operation = {
    seq: typing.seq,
    at: typing.at,
    parents: typing.seq === 0 ? [] : [typing.seq - 1],
    patches,
  };
  typing.seq += 1;
  typing.at += 400;
  return operation;
}

function operationsOf(random: Random, typing: Typing, count: number): Operation[] {
  return Array.from({ length: count }, () => typeOn(random, typing));
}

function batchDraft(
  id: string,
  doc: string,
  agent: string,
  operations: readonly Operation[],
  occurredMs: number,
): Draft {
  return {
    shape: editor,
    eventId: identityOf('batch', id),
    eventType: 'edit_batch',
    occurredMicros: occurredMs * 1000,
    body: {
      batch_id: id,
      type: 'edit_batch',
      v: 1,
      room: `room-${doc}`,
      doc,
      agent,
      sent_at: isoOfMs(occurredMs),
      ops: operations.map(({ seq, at, parents, patches }) => ({ seq, at, parents, patches })),
    },
  };
}

function cursorDraft(random: Random, id: string, room: string, agent: string, occurredMs: number): Draft {
  return {
    shape: presence,
    eventId: identityOf('cursor', id),
    eventType: 'cursor_moved',
    occurredMicros: occurredMs * 1000,
    body: {
      id,
      type: 'cursor_moved',
      v: 1,
      room,
      agent,
      at: occurredMs,
      cursor: { line: random.integer(0, 80), col: random.integer(0, 100) },
    },
  };
}

type State = 'queued' | 'started' | 'finished';

function executionDraft(random: Random, id: string, attempt: number, state: State, occurredMs: number): Draft {
  const end = {
    exit_code: random.pick([0, 0, 0, 1, 137]),
    stdout: `print('hello ${random.integer(0, 9)}')\n`.repeat(random.integer(0, 60)),
    billed_ms: random.integer(100, 20_000),
  };
  return {
    shape: state === 'finished' ? finished : execution,
    eventId: identityOf('execution', id, attempt, state),
    eventType: `execution_${state}`,
    occurredMicros: occurredMs * 1000,
    body: {
      type: 'execution',
      v: 1,
      execution_id: id,
      attempt,
      state,
      at: isoOfMs(occurredMs),
      worker: `w-${random.integer(0, 7)}`,
      user: `agent-${random.integer(0, 9)}`,
      room: `room-${random.integer(0, 9)}`,
      ...(state === 'finished' ? end : {}),
    },
  };
}

function trafficOf(world: World, events: number): Draft[] {
  const { random } = world;
  const drafts: Draft[] = [];
  while (drafts.length < events) {
    const start = momentIn(random, world);
    const doc = world.id(`doc-${world.serial()}`);
    const typing: Typing = { doc, agent: `agent-${random.integer(0, 9)}`, points: [], seq: 0, at: start };
    for (let batch = random.integer(3, 12); batch > 0; batch--) {
      const sentAt = typing.at;
      const operations = operationsOf(random, typing, random.integer(6, 20));
      drafts.push(batchDraft(world.id(random.uuid()), doc, typing.agent, operations, sentAt));
      if (random.chance(0.35))
        drafts.push(cursorDraft(random, world.id(random.uuid()), `room-${doc}`, typing.agent, typing.at));
    }
    if (random.chance(0.6)) {
      const id = world.id(random.uuid());
      const attempts = random.chance(0.1) ? 2 : 1;
      for (let attempt = 1; attempt <= attempts; attempt++) {
        const at = typing.at + attempt * 30_000;
        drafts.push(
          executionDraft(random, id, attempt, 'queued', at),
          executionDraft(random, id, attempt, 'started', at + 900),
        );
        drafts.push(executionDraft(random, id, attempt, 'finished', at + 5_000));
      }
    }
  }
  return drafts.slice(0, events);
}

function freshBatch(world: World, at: number): Draft {
  const typing: Typing = { doc: world.id(`scratch-${world.serial()}`), agent: 'agent-9', points: [], seq: 0, at };
  return batchDraft(world.id(world.random.uuid()), typing.doc, typing.agent, operationsOf(world.random, typing, 8), at);
}

const drawings: readonly Drawing[] = [
  { shape: editor, draw: freshBatch },
  {
    shape: presence,
    draw: ({ id, random }, at) => cursorDraft(random, id(random.uuid()), 'room-scratch', 'agent-9', at),
  },
  {
    shape: execution,
    draw: ({ id, random }, at) => executionDraft(random, id(random.uuid()), 1, random.pick(['queued', 'started']), at),
  },
  { shape: finished, draw: ({ id, random }, at) => executionDraft(random, id(random.uuid()), 1, 'finished', at) },
];

/** The documents of the stories: the text that applying the operations in order must give, null where it is not defined. */
export interface SampleDocument {
  readonly doc: string;
  readonly operations: number;
  readonly text: string | null;
}

interface Stories {
  readonly samples: Sample[];
  readonly documents: SampleDocument[];
}

function storiesOf(world: World): Stories {
  const random = world.random.fork('stories');
  const moment = () => momentIn(random, world);
  const arriving = (draft: Draft, fault: string, afterMs = 700) =>
    accept(draft, Math.ceil(draft.occurredMicros / 1000) + afterMs, fault);
  const changed = (draft: Draft, path: string, value: Json): Draft => ({
    ...draft,
    body: withField(draft.body, path, value),
  });
  const samples: Sample[] = [];
  const documents: SampleDocument[] = [];
  const id = () => world.id(random.uuid());

  function typed(name: string, count: number): { readonly typing: Typing; readonly operations: Operation[] } {
    const typing: Typing = { doc: world.id(name), agent: 'agent-9', points: [], seq: 0, at: moment() };
    return { typing, operations: operationsOf(random, typing, count) };
  }
  function send(fault: string, doc: string, operations: readonly Operation[], batch = id(), afterMs = 700): void {
    samples.push(arriving(batchDraft(batch, doc, 'agent-9', operations, operations[0]!.at), fault, afterMs));
  }
  const document = ({ doc, points }: Typing, operations: number, defined = true) =>
    documents.push({ doc, operations, text: defined ? points.join('') : null });

  // A client that retries cuts its batches anew: other batches, the same operations, received later and out of order.
  const release = typed('release-notes', 40);
  for (const start of [0, 8, 16, 24, 32])
    send('batches_cut_anew', release.typing.doc, release.operations.slice(start, start + 8));
  for (const start of [28, 14, 0]) {
    send(
      'batches_cut_anew',
      release.typing.doc,
      release.operations.slice(start, start + 14),
      id(),
      120_000 + (40 - start) * 1000,
    );
  }
  document(release.typing, 40);

  // One operation from two batches with other content: the batch received later has it, although its id is the smaller one.
  const contested = typed('contested', 10);
  const before = contested.operations.slice(0, 9);
  const last = contested.operations[9]!;
  send(
    'operation_from_two_batches',
    contested.typing.doc,
    [...before, { ...last, patches: [[0, 0, 'lost ']] }],
    world.id('ffff-contested'),
  );
  send('operation_from_two_batches', contested.typing.doc, [last], world.id('0000-contested'), 90_000);
  document(contested.typing, 10);

  // Inside one batch the later in the list.
  const repeated = typed('repeated', 6);
  send('operation_twice_in_a_batch', repeated.typing.doc, [
    { ...repeated.operations[0]!, patches: [[0, 0, 'first try']] },
    ...repeated.operations,
  ]);
  document(repeated.typing, 6);

  // The later copy of a batch has fewer operations: those it dropped are gone.
  const retracted = typed('retracted', 15);
  const kept = retracted.operations.slice(0, 12);
  const batch = id();
  send('copy_with_fewer_operations', retracted.typing.doc, retracted.operations, batch);
  send('copy_with_fewer_operations', retracted.typing.doc, kept, batch, 60_000);
  const points: string[] = [];
  for (const { patches } of kept)
    for (const [position, deleted, inserted] of patches) points.splice(position, deleted, ...inserted);
  document({ ...retracted.typing, points }, 12);

  // An operation was lost: no text.
  const gap = typed('draft', 20);
  send('operation_lost', gap.typing.doc, gap.operations.slice(0, 9));
  send('operation_lost', gap.typing.doc, gap.operations.slice(10));
  document(gap.typing, 19, false);

  // Two parents, or another than the one before: not sequential, no text.
  const branch = typed('branch', 12);
  const branched = branch.operations.map((operation) =>
    operation.seq === 7
      ? { ...operation, parents: [5] }
      : operation.seq === 8
        ? { ...operation, parents: [6, 7] }
        : operation,
  );
  send('branched', branch.typing.doc, branched);
  document(branch.typing, 12, false);

  // Operations keep their own time: sent after midnight, typed before it.
  const night = typed('night', 6);
  const midnight = world.fromMs + 86_400_000;
  const late = night.operations.map((operation, i) => ({ ...operation, at: midnight - 1000 + i * 400 }));
  samples.push(
    arriving(batchDraft(id(), night.typing.doc, 'agent-9', late, midnight + 5_000), 'operations_before_midnight'),
  );
  document(night.typing, 6);

  const points2 = typed('code-points', 30);
  send('code_points', points2.typing.doc, points2.operations);
  document(points2.typing, 30);

  samples.push(arriving(batchDraft(id(), world.id('empty'), 'agent-9', [], moment()), 'batch_without_operations'));
  const still = typed('still', 1);
  send('operation_without_patches', still.typing.doc, [{ ...still.operations[0]!, patches: [] }]);
  document({ ...still.typing, points: [] }, 1);
  const colon = typed('a:50%', 2);
  send('id_to_encode', colon.typing.doc, colon.operations, `batch:${world.id('1')}%`);
  document(colon.typing, 2);

  // Before it finished, what a finished one must have is ignored.
  const ignored = changed(executionDraft(random, id(), 1, 'queued', moment()), 'exit_code', 'none yet');
  samples.push(arriving(changed(ignored, 'billed_ms', new Verbatim('1.5')), 'finished_fields_ignored'));
  const again = id();
  for (const attempt of [1, 2]) {
    for (const state of ['queued', 'started', 'finished'] as const) {
      samples.push(arriving(executionDraft(random, again, attempt, state, moment()), 'second_attempt'));
    }
  }
  const end = executionDraft(random, id(), 1, 'finished', moment());
  samples.push(arriving(end, 'billed_once'), arriving(changed(end, 'billed_ms', 77), 'billed_once', 30_000));

  for (const [path, value] of [
    ['type', 'edit'],
    ['ops.1.seq', '1'],
    ['ops.2.patches.0.0', new Verbatim('0.0')],
    ['ops.3', 'insert'],
  ] as const) {
    const draft = freshBatch(world, moment());
    const body = writeJson(withField(draft.body, path, value));
    samples.push(
      reject('editor', Math.ceil(draft.occurredMicros / 1000) + 900, body, 'schema_violation', 'wrong_deep_in_a_batch'),
    );
  }
  const state = executionDraft(random, id(), 1, 'queued', moment());
  const cancelled = writeJson(withField(state.body, 'state', 'cancelled'));
  samples.push(
    reject('executor', Math.ceil(state.occurredMicros / 1000) + 900, cancelled, 'schema_violation', 'value_not_listed'),
  );
  return { samples, documents };
}

const product: Product = {
  pipeline: 'codewave',
  unlistedSources: ['terminal', 'Editor', 'executor-2', 'presence '],
  shapes: drawings,
  traffic: trafficOf,
  stories: (world) => storiesOf(world).samples,
};

export const samples = defineSamples(product);

/** What the stories of the set that `generate` gives for the same options (of 400 events or more) must build. */
export function sampleDocuments(options: SampleOptions): SampleDocument[] {
  return storiesOf(worldOf(product, options)).documents;
}
