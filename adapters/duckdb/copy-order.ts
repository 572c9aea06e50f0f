// Which of several copies of an event is the greatest, and so wins: that of the source with the greater precedence, then the
// one received later, then the greater delivery, then the greater source. The one place where SQL says so; rule.ts says
// the same of the engine.

import type { CompiledPipeline } from '../../model/compile.ts';

/** SQL for what copies are ordered by, in order. `alias`: of the relation that has the columns of a copy. */
export const copyOrder = (pipeline: CompiledPipeline, alias: string): readonly string[] => [
  precedenceSql(pipeline, alias),
  `${alias}.received_at`,
  deliveryOrderSql(pipeline, `${alias}._delivery`),
  `${alias}.source`,
];

/** The same of offers: within one event the later in its list is the greater. */
export const offerOrder = (pipeline: CompiledPipeline, alias: string): readonly string[] => [
  ...copyOrder(pipeline, alias),
  `${alias}._offer_index`,
];

/** Two copies are compared as tuples. */
export const tuple = (order: readonly string[]): string => `(${order.join(', ')})`;

/** For ORDER BY: the one that wins comes first. */
export const greatestFirst = (order: readonly string[]): string => order.map((one) => `${one} DESC`).join(', ');

/** SQL for the precedence of `alias.source`. */
function precedenceSql(pipeline: CompiledPipeline, alias: string): string {
  const ranked = [...pipeline.sources.values()].filter((source) => source.precedence !== 0);
  if (ranked.length === 0) return '0';
  const cases = ranked.map((source) => `WHEN '${source.name.replaceAll("'", "''")}' THEN ${source.precedence}`);
  return `CASE ${alias}.source ${cases.join(' ')} ELSE 0 END`;
}

/** SQL for what a delivery is ordered by. Sealed ones are opened, by the macro of open-seal.sql. */
function deliveryOrderSql(pipeline: CompiledPipeline, delivery: string): string {
  const isSealed = [...pipeline.sources.values()].some((source) => source.secret);
  return isSealed ? `delivery_order(${delivery})` : delivery;
}
