// A pipeline's declaration as a person reads it.

import type {
  ColumnDescription,
  ColumnOrigin,
  PipelineDescription,
  RawPath,
  ShapeDescription,
  TableDescription,
} from '../../model/describe.ts';
import { table } from './text.ts';

const WORDS_SHOWN = 6;

export function renderPipeline(pipeline: PipelineDescription): string {
  const lines = [
    `${pipeline.name}: ${pipeline.title}`,
    '',
    'SOURCES',
    indented(
      table(
        ['source', 'versions', 'precedence', ''],
        pipeline.sources.map(({ name, versions, precedence, secret }) => [
          name,
          versions.join(', '),
          String(precedence),
          secret ? 'secret: bodies are never quoted, previewed or plainly hashed' : '',
        ]),
      ),
    ),
    '',
    'SHAPES',
    ...pipeline.shapes.map(renderShape),
    'COLUMNS OF EVERY TABLE',
    indented(
      table(
        ['column', 'type', ''],
        [...pipeline.common, ...pipeline.lineage].map(({ name, type, about }) => [name, type, about]),
      ),
    ),
    '',
    'TABLES',
    ...pipeline.tables.map((one) => renderTable(pipeline.name, one)),
    'ERASURE SUBJECTS',
    pipeline.subjects.length === 0
      ? '  none'
      : indented(
          table(
            ['subject', 'shape', 'path'],
            pipeline.subjects.map(({ kind, shape, path, throughEvent }) => [
              kind,
              shape,
              throughEvent ? `through ${path}` : path,
            ]),
          ),
        ),
  ];
  return lines.join('\n');
}

function renderShape(shape: ShapeDescription): string {
  const when = Object.entries(shape.when).map(([path, words]) => `${path} is ${wordsText(words)}`);
  const rows = [
    ['when', when.length === 0 ? 'always' : when.join(', and ')],
    ['event type', shape.eventType],
    ['event_id', shape.identity],
    ['occurred_at', `${shape.occurredAt.path} (${FORMS[shape.occurredAt.form] ?? shape.occurredAt.form})`],
    ['gives rows to', shape.tables.join(', ')],
  ];
  return `  ${shape.name}: ${shape.sources.join(', ')}, version ${shape.version}\n${rows.map(([what, text]) => `    ${(what as string).padEnd(14)}${text}`).join('\n')}\n`;
}

const FORMS: Readonly<Record<string, string>> = {
  text: 'text time',
  epoch_ms: 'epoch milliseconds',
  seconds_micros: 'text seconds.micros',
};

/** Spellings of one meaning stand together. */
function wordsText(words: Readonly<Record<string, string>>): string {
  const spellings = new Map<string, string[]>();
  for (const [sent, means] of Object.entries(words)) spellings.set(means, [...(spellings.get(means) ?? []), sent]);
  const texts = [...spellings].map(([means, sent]) => {
    const more = sent.length > WORDS_SHOWN ? ` and ${sent.length - WORDS_SHOWN} more` : '';
    const same = sent.length === 1 && sent[0] === means;
    return same ? means : `${sent.slice(0, WORDS_SHOWN).join(', ')}${more} → ${means}`;
  });
  const more = texts.length > WORDS_SHOWN ? ` | and ${texts.length - WORDS_SHOWN} more` : '';
  return `${texts.slice(0, WORDS_SHOWN).join(' | ')}${more}`;
}

function renderTable(pipeline: string, described: TableDescription): string {
  const about = described.about === undefined ? '' : `: ${described.about}`;
  const rowsOf = [...new Set(Object.values(described.rowsOf))];
  const rows = `${described.rows.replace('element', rowsOf.length > 0 ? `element of ${rowsOf.join(', ')}` : 'element')}, key (${described.key.join(', ')})`;
  const offered =
    described.offered === undefined
      ? []
      : [
          `    event_id is ${described.offered.identity}, occurred_at is ${described.offered.occurredAt}; of several events that offer a row the latest delivery wins`,
        ];
  const columns = described.columns.flatMap((column) => columnRows(described, column));
  return [
    `  ${pipeline}.${described.name}${about}`,
    `    rows: ${rows}`,
    ...offered,
    indented(table(['column', 'type', 'from', 'of shape', ''], columns), 4),
    '',
  ].join('\n');
}

/** A line for each way in which shapes fill the column. */
function columnRows(described: TableDescription, column: ColumnDescription): string[][] {
  const marks = [
    ...(column.restricted ? ['restricted'] : []),
    ...(column.masked ? ['masked'] : []),
    ...(column.about === undefined ? [] : [column.about]),
  ].join(', ');
  const same = column.origins.length === 1 && column.origins[0]?.shapes.length === described.shapes.length;
  return column.origins.map(({ shapes, origin }, place) => [
    place === 0 ? column.name : '',
    place === 0 ? column.type : '',
    originText(origin),
    same ? 'all' : shapes.join(', '),
    place === 0 ? marks : '',
  ]);
}

/** Where a column's values come from, in words. */
export function originText(origin: ColumnOrigin): string {
  switch (origin.how) {
    case 'path':
      return rawPath(origin);
    case 'raw':
      return `exact text of ${rawPath(origin)}`;
    case 'event':
      return `(${origin.what.replaceAll('_', ' ')})`;
    case 'constant':
      return origin.value === null ? 'null' : `always ${origin.value}`;
    case 'object':
      return `{${origin.members.map((one) => (one.name === one.path ? rawPath(one) : `${one.name}: ${rawPath(one)}`)).join(', ')}}`;
    case 'function':
      return `function of ${origin.inputs.map(rawPath).join(', ')}`;
    case 'words':
      return `${origin.path}: ${wordsText(Object.fromEntries(Object.entries(origin.words).map(([sent, means]) => [sent, `${origin.prefix}${means}`])))}`;
    case 'position':
      return `place in the list, from ${origin.from}`;
  }
}

const rawPath = ({ path, secret, restricted }: RawPath): string =>
  `${path}${secret ? ' (secret)' : restricted ? ' (restricted)' : ''}`;

const indented = (text: string, by = 2): string =>
  text
    .split('\n')
    .map((line) => `${' '.repeat(by)}${line}`.trimEnd())
    .join('\n');
