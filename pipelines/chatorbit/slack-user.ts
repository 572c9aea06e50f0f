// Who a Slack message is from, in the words of the other platforms.

const BOT = 'UBOT';

/** The assistant speaks as `UBOT`; whoever else speaks is a user. */
export const slackRole = (slackUser: string): 'user' | 'assistant' => (slackUser === BOT ? 'assistant' : 'user');

/**
 * `U<n>` is the human `user-<n>`; the assistant is nobody. An id of another form is kept as sent: it still tells one
 * person from another.
 */
export function slackUserId(slackUser: string): string | null {
  if (slackUser === BOT) return null;
  const digits = /^U([0-9]+)$/.exec(slackUser)?.[1];
  return digits === undefined ? slackUser : `user-${digits}`;
}
