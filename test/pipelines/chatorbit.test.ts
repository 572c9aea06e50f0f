import fc from 'fast-check';
import { expect, test } from 'vitest';
import { countCodePoints } from '../../pipelines/chatorbit/code-points.ts';
import { slackRole, slackUserId } from '../../pipelines/chatorbit/slack-user.ts';

test('countCodePoints counts what iteration gives', () => {
  expect(countCodePoints('')).toBe(0n);
  expect(countCodePoints('naïve 漢字 🚀')).toBe(10n);
  expect(countCodePoints('👩🏽‍💻')).toBe(4n);
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(countCodePoints(text)).toBe(BigInt([...text].length));
    }),
  );
});

test.each([
  ['U4331', 'user-4331', 'user'],
  ['U007', 'user-007', 'user'],
  ['UBOT', null, 'assistant'],
  ['ubot', 'ubot', 'user'],
  ['U024BE7LH', 'U024BE7LH', 'user'],
  ['U', 'U', 'user'],
  ['U１', 'U１', 'user'],
])('Slack user %s is %s, in the role of %s', (sent, userId, role) => {
  expect(slackUserId(sent)).toBe(userId);
  expect(slackRole(sent)).toBe(role);
});
