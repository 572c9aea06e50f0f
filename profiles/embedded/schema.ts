// Reads declarations of other places and times, and the models that read their tables.

export { type DbtModel, readDbtModels } from '../../adapters/declaration/dbt-models.ts';
export { type Declaration, loadDeclaration } from '../../adapters/declaration/load.ts';
export { meaningsOf } from '../../adapters/declaration/meaning.ts';
