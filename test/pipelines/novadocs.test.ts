import { describe, expect, test } from 'vitest';
import { pipeline } from '../../pipelines/novadocs/pipeline.ts';
import { evaluatorOf } from './evaluate-body.ts';

const { evaluate, rowsOf } = evaluatorOf(pipeline, '2021-07-21T08:00:00Z');
const PROPS = '{ "b": 1.0, "a": "\\u0041", "b": 2 }';

const first = `{"event_id":"17:1","name":"plugin.run","version":1,"time":"2021-07-21T06:00:00Z",
  "user":{"id":9007199254740993,"login":"l"},"workspace":"w","plugin":{"id":-9223372036854775808,"slug":"s","version":"3.1.0"},
  "session":"x","request_id":"r","props":${PROPS}}`;

const second = (version: string) =>
  `{"meta":{"id":"17:1","type":"plugin.run","schema":"${version}","emitted":1626847200000,"session_id":"x","request_id":"r"},
  "actor":{"userId":"9007199254740993","workspaceId":"w","login":"l"},
  "target":{"pluginId":"-9223372036854775808","pluginSlug":"s","pluginVersion":"3.1.0"},"detail":${PROPS}}`;

const row = {
  event_id: '17:1',
  event_type: 'plugin_ran',
  plugin_id: '-9223372036854775808',
  plugin_slug: 's',
  plugin_version: '3.1.0',
  workspace_id: 'w',
  user_id: '9007199254740993',
  user_login: 'l',
  session_id: 'x',
  request_id: 'r',
  properties: PROPS,
};

test('both versions give one row: ids digit for digit, properties as sent, the bare id', () => {
  expect(rowsOf(evaluate('web', first), 'plugin_events')).toEqual([row]);
  expect(rowsOf(evaluate('billing', second('plugin-event/2.1.0')), 'plugin_events')).toEqual([row]);
});

describe('versions', () => {
  test.each(['plugin-event/2.0.0', 'plugin-event/2.10.33'])('%s is known, and kept as sent', (version) => {
    expect(evaluate('runtime', second(version))).toMatchObject({ accepted: true, schemaVersion: version });
  });

  test.each(['plugin-event/3.0.0', 'plugin-event/2.1', 'plugin-event/2.1.0-rc', 'plugin-event/2.1.0\\n', '2'])(
    '%s is not',
    (version) => {
      const evaluation = evaluate('runtime', second(version));
      expect(evaluation).toMatchObject({ accepted: false, reason: 'unknown_schema_version' });
    },
  );
});
