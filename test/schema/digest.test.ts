// The transform digest says what the transforms do: a comment changes nothing in it, another line of code does.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { packageRoot } from '../../lib/package-root.ts';
import { type BuiltCopy, buildCopy, digestsOf, type Edit } from './build.ts';

const copies: BuiltCopy[] = [];
afterEach(() => {
  for (const copy of copies.splice(0)) copy.remove();
});

async function digests(pipeline: string, files: readonly string[], edit: Edit) {
  const copy = await buildCopy(pipeline, files, edit);
  copies.push(copy);
  return digestsOf(copy.pipelines, pipeline);
}

const today = (pipeline: string) => digestsOf(undefined, pipeline);

const sourcesOf = (pipeline: string): string[] =>
  readdirSync(join(packageRoot(), 'pipelines', pipeline)).filter((file) => file !== 'samples.ts');

/** Comments before, between and after, other line breaks, other quotes, parentheses. */
const rewritten: Edit = (text) =>
  `// A new first line.\n\n${text
    .split('\n')
    .flatMap((line) => (/[{;,]$/.test(line) ? [line, '   // said in between', ''] : [`  ${line}`]))
    .join('\n')
    .replaceAll(/: ('[\w.]+'),$/gm, (_, quoted: string) => `: (${quoted.replaceAll("'", '"')}),`)}\n// The end.\n`;

describe('a change that does nothing', () => {
  it.each(['pulsecart', 'promptflow', 'chatorbit'])(
    'leaves every digest of %s as it was',
    async (pipeline) => {
      expect(await digests(pipeline, sourcesOf(pipeline), rewritten)).toEqual(await today(pipeline));
    },
    60_000,
  );

  it('may be another text about a column, or another title', async () => {
    const retitled = await digests('chatorbit', ['pipeline.ts'], (text) =>
      text
        .replace("about: 'code points'", "about: 'Unicode code points'")
        .replace(/title: '[^']*'/, "title: 'another'"),
    );
    expect(retitled).toEqual(await today('chatorbit'));
  }, 60_000);
});

describe('a change of what is done', () => {
  it.each([
    ['a function that a column calls', 'pulsecart', 'order-total.ts', 'prices[line] ?? 0n', 'prices[line] ?? 1n'],
    ['a function called by one that a column calls', 'promptflow', 'url-host.ts', ".replace(/\\.$/, '')", ''],
    [
      'a table that such a function looks into',
      'promptflow',
      'channel.ts',
      "['openai', 'chatgpt']",
      "['openai', 'claude']",
    ],
    ['what a function of a column is given', 'promptflow', 'pipeline.ts', "'utm_medium'", "'utm_source'"],
    ['a path', 'pulsecart', 'pipeline.ts', "sku: column.text('./sku')", "sku: column.text('./title')"],
  ])(
    'is seen: %s',
    async (_, pipeline, file, from, to) => {
      const [before, after] = [
        await today(pipeline),
        await digests(pipeline, [file], (text) => text.replace(from, to)),
      ];
      expect(after.transform).not.toBe(before.transform);
      expect(after).toEqual({ ...before, transform: after.transform });
    },
    60_000,
  );
});
