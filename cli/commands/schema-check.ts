// `schema check`: two declarations of a pipeline, and what each difference means for readers. Needs no home.

import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { compareDeclarations } from '../../engine/schema/compare.ts';
import { readersOf } from '../../engine/schema/readers.ts';
import { surfaceOf } from '../../engine/schema/surface.ts';
import { packageRoot } from '../../lib/package-root.ts';
import { RepriseError } from '../../model/errors.ts';
import { Pipelines } from '../../profiles/embedded/pipelines.ts';
import {
  type DbtModel,
  type Declaration,
  loadDeclaration,
  meaningsOf,
  readDbtModels,
} from '../../profiles/embedded/schema.ts';
import { type Arguments, optionalText } from '../command.ts';
import { renderCheck } from '../render/schema.ts';
import type { Terminal } from '../render/terminal.ts';

const BREAKS = 3;

export async function checkSchema(args: Arguments, pipeline: string, terminal: Terminal): Promise<number> {
  const against = optionalText(args, 'against');
  if (against === undefined)
    throw new RepriseError(
      'Usage',
      'what to compare with is not said',
      'a git ref, a folder or a file: --against HEAD',
    );
  const to = optionalText(args, 'to');
  const here = process.cwd();
  if (to === undefined && args.pipelines === undefined) warnOfStaleBuild(pipeline, terminal);
  const after =
    to === undefined ? await builtDeclaration(args.pipelines, pipeline) : await loadDeclaration(to, pipeline, here);
  const before = await loadDeclaration(against, pipeline, here);
  const models = dbtModels(optionalText(args, 'dbt'));
  const changes = compareDeclarations(
    surfaceOf(before.pipeline, before.meaningOf),
    surfaceOf(after.pipeline, after.meaningOf),
  ).map((change) => ({ ...change, readers: readersOf(change, pipeline, models ?? []) }));
  const breaking = changes.filter((change) => change.breaks).length;
  const allowed = args['allow-breaking'] === true;
  const checked = {
    pipeline,
    against,
    compatible: breaking === 0,
    breaking,
    allowed: allowed && breaking > 0,
    transformsChanged: before.pipeline.transformDigest !== after.pipeline.transformDigest,
    modelsRead: models?.length ?? null,
    changes,
  };
  terminal.result(checked, renderCheck(checked));
  return breaking === 0 || allowed ? 0 : BREAKS;
}

/** Whoever forgot to build would be told that nothing changes. */
function warnOfStaleBuild(pipeline: string, terminal: Terminal): void {
  const [sources, built] = ['pipelines', 'dist/pipelines'].map((folder) => join(packageRoot(), folder, pipeline)) as [
    string,
    string,
  ];
  if (!existsSync(sources)) return;
  const newer = readdirSync(sources).filter((file) => {
    const target = join(built, file.replace(/\.ts$/, '.js'));
    return existsSync(target) && statSync(join(sources, file)).mtimeMs > statSync(target).mtimeMs;
  });
  if (newer.length > 0)
    terminal.say(
      `pipelines/${pipeline}/${newer.join(', ')} changed after the build, which is what is compared: npm run build, or --to pipelines/${pipeline}`,
    );
}

async function builtDeclaration(folder: string | undefined, name: string): Promise<Declaration> {
  const pipelines = new Pipelines(folder);
  const pipeline = await pipelines.compiled(name);
  return { pipeline, meaningOf: meaningsOf(pipelines.fileOf(name)) };
}

/** Undefined when there is no dbt project and none was named. */
function dbtModels(named: string | undefined): readonly DbtModel[] | undefined {
  const folders = named === undefined ? [resolve('dbt'), join(packageRoot(), 'dbt')] : [resolve(named)];
  const models = readDbtModels(folders.find((folder) => existsSync(join(folder, 'models'))) ?? '');
  if (named === undefined || models !== undefined) return models;
  throw new RepriseError('Configuration', `folder ${named} holds no models/`, 'give the folder of a dbt project');
}
