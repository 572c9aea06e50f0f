// What the pipelines make of the generator's deliveries, as values that were written down: moving and renaming the code that
// evaluates them must change neither a row hash, by which rows are compared with those that stand in warehouses, nor a
// transform digest, by which a run knows what was published before.

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { SampleSource } from '../../generator/sample.ts';
import { Evaluator } from '../../model/evaluate.ts';
import { parseTimeText } from '../../model/time.ts';
import { Pipelines } from '../../profiles/embedded/pipelines.ts';

const SEED = 20260601;
const EVENTS = 200;
const KEY = Buffer.from('key of the tests');

/** Transform digest, digest of the time rules, rows and rejections, and a digest over all their hashes. */
const WRITTEN_DOWN: Readonly<Record<string, readonly [string, string, string, string]>> = {
  chatorbit: [
    '39cbc463ba07257ea530e722ed61c2d4f41a04d6a169a00a65ee111bb50fa35b',
    'd53a55c9b10190cc83d06266cf6ad10988dc2d1e2b6c335204f3c6c947b8effb',
    '498 rows, 127 rejected',
    '0cf000c35572bf70',
  ],
  codewave: [
    '6341eeb99f0a9440c8d1dde1fe111096299100319884255cf46c069403de3011',
    'e7e967979738add9cbf81984e161c3f8d83189d6dea5f441de8ab5cf57b49c26',
    '1833 rows, 92 rejected',
    '4907b17825f48bd1',
  ],
  novadocs: [
    'abce2bd4210ca28de663c766e7b872a9011a42b5b31ffa1e12f0d9bf580496a3',
    'cf5aad76484df221cce1c8349b38903593e1d719fbd05827dffa997c50ee7d6f',
    '482 rows, 111 rejected',
    '39933059bb35daea',
  ],
  promptflow: [
    '0bfe655731091a061893893a3412d6a9b41c1e35bfc4ce134bb7551ab65d123b',
    '8044d7fbb7e3c1f8785203bc5ea149032c76ef1c74aa0f9e6c4b89f8e54c1cab',
    '668 rows, 91 rejected',
    '6e59ea6da10c2cad',
  ],
  pulsecart: [
    'cb55d86b9a6c6486a72d81409af318aa5de0eb2d421323f87b807869ef758841',
    '7d385b4a576a2e23d38edee61fe5ac620909079100bbbf05a2cd7885c514993d',
    '631 rows, 104 rejected',
    '82c7e4a6275d8611',
  ],
};

describe.each(['chatorbit', 'codewave', 'novadocs', 'promptflow', 'pulsecart'])('%s', (name) => {
  it('has the digests, and makes the rows, that it had and made', async () => {
    const pipeline = await new Pipelines(undefined).compiled(name);
    const { samples } = (await import(`../../pipelines/${name}/samples.ts`)) as { samples: SampleSource };
    const evaluator = new Evaluator(pipeline, KEY);
    const all = createHash('sha256');
    let rows = 0;
    let rejected = 0;
    for (const [row, delivery] of samples
      .generate({ seed: SEED, events: EVENTS, from: '2026-06-01', days: 5 })
      .entries()) {
      const made = evaluator.evaluate({
        row,
        receivedAtMicros: parseTimeText(delivery.received_at) as bigint,
        source: delivery.source,
        body: delivery.body,
        bodyBytes: Buffer.byteLength(delivery.body),
        bodySha256: createHash('sha256').update(delivery.body).digest('hex'),
      });
      if (!made.accepted) {
        rejected++;
        all.update(`${made.reason} ${made.detail}\n`);
        continue;
      }
      rows += made.rows.length;
      all.update(`${made.contentHash} ${made.rows.map(({ eventId, rowHash }) => `${eventId}=${rowHash}`).join(' ')}\n`);
    }
    const found = [
      pipeline.transformDigest,
      pipeline.timeRulesDigest,
      `${rows} rows, ${rejected} rejected`,
      all.digest('hex').slice(0, 16),
    ];
    expect(found).toEqual(WRITTEN_DOWN[name]);
  });
});
