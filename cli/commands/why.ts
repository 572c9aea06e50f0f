// Explains one event: its copies in raw, which wins by which rule, and whether the warehouse agrees.

import { findCopies } from '../../engine/explain/copies.ts';
import { tellStory } from '../../engine/explain/story.ts';
import type { RunRecord } from '../../engine/run/run-record.ts';
import type { CompiledPipeline } from '../../model/compile.ts';
import { isRepriseError, RepriseError } from '../../model/errors.ts';
import type { Inspector } from '../../ports/inspector.ts';
import type { Engine } from '../../profiles/embedded/engine.ts';
import { inspectorOf } from '../../profiles/embedded/readers.ts';
import { type Command, optionalText, textArgument } from '../command.ts';
import type { Terminal } from '../render/terminal.ts';
import { bytes } from '../render/text.ts';
import { shownValue } from '../render/values.ts';
import { renderStory, type ToldStory, whyDocument } from '../render/why.ts';
import { withReader } from './session.ts';

export const whyCommand: Command = {
  usage: 'why <event>',
  summary: 'the story of a row: every copy in raw, which one wins and why, what wrote the row, whether it is right',
  positionals: { event: { type: 'string', describe: 'the event_id' } },
  options: { pipeline: { type: 'string', describe: 'look here only; every pipeline when not given' } },
  examples: [
    ['reprise why order-service:ord-536365', 'an order'],
    ['reprise why op:friendsforever:17 --pipeline codewave --json', 'an operation that several batches may offer'],
  ],
  run: (args, terminal) =>
    withReader(args, terminal, 'why', async (engine) => {
      const key = textArgument(args, 'event');
      const inspector = inspectorOf(await engine.warehouse());
      const named = optionalText(args, 'pipeline');
      const names = named === undefined ? engine.pipelines.names() : [named];
      const stories: ToldStory[] = [];
      for (const pipeline of await candidates(engine, inspector, names, key)) {
        const told = await storyOf(engine, inspector, pipeline, key, terminal);
        if (told !== undefined) stories.push(told);
      }
      terminal.clear();
      if (stories.length === 0) throw unknown(key, names);
      terminal.result(whyDocument(key, stories), stories.map(renderStory).join('\n\n'));
      return 0;
    }),
};

/** Pipelines whose tables have the key; when none has it, all of them, since raw may. */
async function candidates(
  engine: Engine,
  inspector: Inspector,
  names: readonly string[],
  key: string,
): Promise<CompiledPipeline[]> {
  const pipelines: CompiledPipeline[] = [];
  for (const name of names) pipelines.push(await engine.pipelines.compiled(name));
  const having: CompiledPipeline[] = [];
  for (const pipeline of pipelines) {
    for (const table of pipeline.tables.filter((one) => one.kind !== 'parts')) {
      if ((await inspector.rowsOf(pipeline, table, key)).length === 0) continue;
      having.push(pipeline);
      break;
    }
  }
  return having.length > 0 ? having : pipelines;
}

async function storyOf(
  engine: Engine,
  inspector: Inspector,
  pipeline: CompiledPipeline,
  key: string,
  terminal: Terminal,
): Promise<ToldStory | undefined> {
  const deps = {
    lake: engine.home.lake,
    catalog: engine.catalog(pipeline),
    reader: engine.reader,
    deliveryKey: engine.home.deliveryKey,
  };
  const copies = await findCopies(deps, pipeline, key, ({ objectsDone, objects, bytesDone, bytes: all }) => {
    terminal.progress(
      `cataloguing raw of ${pipeline.name}: ${objectsDone} of ${objects} objects, ${bytes(bytesDone)} of ${bytes(all)}`,
    );
  });
  const story = await tellStory(inspector, pipeline, key, copies);
  if (story === undefined) return undefined;
  const runs = new Map<string, RunRecord>();
  for (const runId of new Set(story.rows.flatMap(({ stored }) => stored?._run_id ?? []))) {
    const run = await runOf(engine, runId);
    if (run !== undefined) runs.set(runId, run);
  }
  return { pipeline, key, story, runs };
}

async function runOf(engine: Engine, runId: string): Promise<RunRecord | undefined> {
  try {
    return await engine.runs.run(runId);
  } catch (error) {
    if (isRepriseError(error) && (error.code === 'NotFound' || error.code === 'Usage')) return undefined;
    throw error;
  }
}

function unknown(key: string, names: readonly string[]): RepriseError {
  return new RepriseError(
    'NotFound',
    `no event ${shownValue(key, 200)} in raw or in the warehouse; looked in ${names.join(', ')}`,
    `check the id: \`reprise pipelines show ${names[0] ?? '<pipeline>'}\` tells what ids are made of; a delivery that is no JSON has none: reprise quarantine list ${names[0] ?? '<pipeline>'}`,
  );
}
