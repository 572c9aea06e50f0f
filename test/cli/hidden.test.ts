// What may be shown: structure instead of values, names that could be data, control characters; and the order of copies.

import { describe, expect, it } from 'vitest';
import { shellQuote, shownValue } from '../../cli/render/values.ts';
import type { Copy } from '../../engine/explain/copies.ts';
import { previewBody } from '../../engine/explain/preview.ts';
import { rankCopies } from '../../engine/explain/winner.ts';
import { compilePipeline } from '../../model/compile.ts';
import { describePipeline } from '../../model/describe.ts';
import { pipeline as codewave } from '../../pipelines/codewave/pipeline.ts';
import { pipeline as promptflow } from '../../pipelines/promptflow/pipeline.ts';
import { pipeline as pulsecart } from '../../pipelines/pulsecart/pipeline.ts';

const compiled = (declaration: Parameters<typeof compilePipeline>[0]) =>
  compilePipeline(declaration, { sourceDigest: 'test' });

const previewOf = (source: string, body: string) =>
  previewBody(compiled(pulsecart), {
    row: 0,
    receivedAtMicros: 0n,
    source,
    body,
    bodyBytes: Buffer.byteLength(body),
    bodySha256: '',
  });

describe('preview of a body', () => {
  it('gives paths, kinds and lengths', () => {
    const preview = previewOf('web', '{"event_id":"abc","product":{"price":"1.50"},"list":[true,null]}');
    expect(preview).toMatchObject({
      kind: 'structure',
      nodes: [
        { path: '(root)', is: 'object', length: 3 },
        { path: 'event_id', is: 'string', length: 3 },
        { path: 'product', is: 'object', length: 1 },
        { path: 'product.price', is: 'string', length: 4 },
        { path: 'list', is: 'array', length: 2 },
        { path: 'list[0]', is: 'boolean' },
        { path: 'list[1]', is: 'null' },
      ],
    });
  });

  it('gives names that could be data by their length alone', () => {
    const text = JSON.stringify(previewOf('web', '{"4111111111111111":1,"a@b.example":{"x41111":2},"ok_1":3}'));
    for (const hidden of ['4111', 'a@b', 'x41111']) expect(text).not.toContain(hidden);
    expect(text).toContain('ok_1');
  });

  it('looks into no secret and no unlisted body', () => {
    for (const source of ['payment-service', 'payments', ''])
      expect(Object.keys(previewOf(source, '{"card":1}')).sort()).toEqual(['because', 'bytes', 'kind']);
  });

  it('stays small for a body of many places', () => {
    const preview = previewOf('web', `{${Array.from({ length: 5000 }, (_, n) => `"k${n}":1`).join(',')}}`);
    if (preview.kind !== 'structure') throw new Error(`it is ${preview.kind}`);
    expect(preview.nodes.length + preview.nodesLeftOut).toBe(5001);
    expect(preview.nodes.length).toBeLessThanOrEqual(200);
  });
});

describe('shown values', () => {
  it('are one line without control characters', () => {
    expect(shownValue('a\nb\u001b[31mc')).toBe('a\\nb\\u{1b}[31mc');
    expect(shownValue('x'.repeat(100), 10)).toBe(`${'x'.repeat(10)}… (100 characters)`);
    expect(shownValue(undefined)).toBe('(restricted)');
  });

  it('quote for a shell', () => {
    expect(shellQuote("it's")).toBe('"it\'s"');
    expect(shellQuote("it's $HOME")).toBe("'it'\\''s $HOME'");
  });
});

describe('the winning copy', () => {
  const copy = (source: string, micros: bigint, delivery: string, row = 0): Copy => ({
    rawObject: 'raw/promptflow/dt=2026-06-01/hour=00/a.parquet',
    rawRow: row,
    receivedAtMicros: micros,
    source,
    bodySha256: delivery,
    bodyBytes: 1,
    eventId: 'page_view:1',
    shape: undefined,
    evaluation: {
      accepted: true,
      eventId: 'page_view:1',
      eventType: 'page_viewed',
      occurredAtMicros: 0n,
      schemaVersion: '1',
      delivery,
      rows: [],
      contentHash: '',
    },
  });
  const rank = (...copies: Copy[]) => rankCopies(compiled(promptflow), copies);

  it('goes by precedence, time, hash and place, in this order', () => {
    const web = copy('web', 1n, 'a');
    const server = copy('backend', 2n, 'b');
    expect(rank(server, web)).toMatchObject({
      accepted: [{ copy: web }, { copy: server }],
      winsBy: 'source precedence',
    });
    expect(rank(copy('backend', 1n, 'b'), server)).toMatchObject({
      accepted: [{ copy: server }, {}],
      winsBy: 'received later',
    });
    expect(rank(copy('backend', 2n, 'a'), server)).toMatchObject({
      accepted: [{ copy: server }, {}],
      winsBy: 'greater sha256',
    });
    const again = copy('backend', 2n, 'b', 7);
    expect(rank(again, server)).toMatchObject({
      accepted: [{ copy: server }, { losesBy: 'first place' }],
      winsBy: 'first place',
    });
    expect(rank(server).winsBy).toBe('only one accepted');
    expect(rank().winsBy).toBeUndefined();
  });
});

describe('what a declaration says', () => {
  it('resolves elements, marks what is masked and restricted, names subjects', () => {
    const edits = describePipeline(compiled(codewave));
    const operations = edits.tables.find((table) => table.name === 'edit_operations');
    expect(operations?.offered).toEqual({ identity: 'op:<doc>:<ops[].seq>', occurredAt: 'ops[].at' });
    expect(operations?.columns.find((column) => column.name === 'patches')?.origins[0]?.origin).toMatchObject({
      how: 'raw',
      path: 'ops[].patches',
    });
    expect(edits.subjects).toContainEqual({ kind: 'agent', shape: 'cursor', path: 'agent', throughEvent: false });
    const payments = describePipeline(compiled(pulsecart)).tables.find((table) => table.name === 'payments');
    const masked = payments?.columns.filter((column) => column.masked).map((column) => column.name);
    expect(masked).toEqual(['card_brand', 'card_last4', 'note']);
  });
});
