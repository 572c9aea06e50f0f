// A pipeline of a few lines, declared as a test wants it, built and beside a home of its own: events with parts, rows that
// events offer, and rejected deliveries.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../../lib/package-root.ts';
import { type Ended, shell } from './reprise.ts';
import { type Row, rowsOf } from './warehouse.ts';

export interface Sale {
  readonly id: string;
  /** When it occurred; it arrives a minute later, unless `arrives` says otherwise. */
  readonly at: string;
  readonly arrives?: string;
  readonly note: string;
  readonly memo: string;
  readonly lines: readonly string[];
  readonly marks?: readonly string[];
  /** Its type is not listed, so that it is rejected. */
  readonly isRejected?: boolean;
}

export class Shop {
  readonly folder = mkdtempSync(join(tmpdir(), 'reprise-shop-'));
  readonly home = join(this.folder, 'home');
  readonly warehouse = join(this.home, 'warehouse.duckdb');
  readonly #pipelines = join(this.folder, 'pipelines');
  #files = 0;

  /** `sales`: the columns of the table sales, as the declaration has them. */
  declare(sales = "{ note: column.text('note'), memo: column.text('memo') }"): void {
    const built = (name: string): string => pathToFileURL(join(packageRoot(), 'dist', 'model', `${name}.js`)).href;
    mkdirSync(join(this.#pipelines, 'shop'), { recursive: true });
    writeFileSync(
      join(this.#pipelines, 'shop', 'pipeline.js'),
      `import { column, compute, definePipeline, input, listed } from '${built('language')}';
import { array, object, text, timeText } from '${built('fields')}';
export const pipeline = definePipeline({
  name: 'shop', title: 'shop', sources: { till: { versions: [1] } },
  shapes: { sale: {
    source: 'till', version: 1, when: { type: listed('sale') }, eventType: { of: 'type' },
    fields: { id: text(), at: timeText(), note: text(), memo: text(), lines: array(object({ sku: text() })),
      marks: array(object({ mark: text(), at: timeText() })) },
    identity: { bare: true, parts: ['id'] }, occurredAt: 'at',
  } },
  tables: {
    sales: { shapes: ['sale'], columns: ${sales} },
    lines: { shapes: ['sale'], rows: { of: { sale: 'lines' }, index: { column: 'line_no', from: 1 } },
      columns: { sku: column.text('./sku') } },
    marks: { shapes: ['sale'], rows: { of: { sale: 'marks' } },
      offered: { identity: { parts: ['./mark'] }, occurredAt: './at' }, columns: { mark: column.text('./mark') } },
  },
});
`,
    );
  }

  async land(...sales: readonly Sale[]): Promise<void> {
    const file = join(this.folder, `sales-${this.#files++}.ndjson`);
    const deliveries = sales.map(({ id, at, arrives, note, memo, lines, marks = [], isRejected }) => ({
      received_at: arrives ?? new Date(Date.parse(at) + 60_000).toISOString(),
      source: 'till',
      body: JSON.stringify({
        ...{ schema_version: 1, schemaVersion: 1, version: 1, type: isRejected === true ? 'other' : 'sale' },
        ...{ id, at, note, memo, lines: lines.map((sku) => ({ sku })), marks: marks.map((mark) => ({ mark, at })) },
      }),
    }));
    writeFileSync(file, deliveries.map((one) => `${JSON.stringify(one)}\n`).join(''));
    const { exit, err } = await this.type(`reprise land shop ${file}`);
    if (exit !== 0) throw new Error(err);
  }

  /** Types a command as a person does. */
  type(line: string): Promise<Ended> {
    const pipelines = /^reprise (status|runs)\b/.test(line) ? '' : ` --pipelines ${this.#pipelines}`;
    return shell(this.folder, this.home, `${line}${pipelines}`);
  }

  async json<T>(line: string): Promise<T> {
    const { out, err } = await this.type(`${line} --json`);
    try {
      const document = JSON.parse(out) as T;
      return document;
    } catch {
      throw new Error(`${line} printed no JSON document: ${err}`);
    }
  }

  sql(statement: string): Promise<Row[]> {
    return rowsOf(this.warehouse, statement);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
