// chatorbit, conversational AI on four platforms: messages, feedback, what the models used, and tool calls. Reads in the
// order of the event contract.

import {
  anyObject,
  boolean,
  decimalText,
  epochMs,
  integer,
  number,
  object,
  oneOf,
  secondsMicros,
  text,
  timeText,
} from '../../model/fields.ts';
import { column, compute, definePipeline, input, rawObject } from '../../model/language.ts';
import { countCodePoints } from './code-points.ts';
import { slackRole, slackUserId } from './slack-user.ts';

const webUser = object({ uid: text({ subject: 'user' }), anon: boolean() });
const role = oneOf(['user', 'assistant']);

/** What a tool call and its result have in common. */
const toolFields = {
  time: timeText(),
  conversation_id: text(),
  turn: integer(),
  index: integer(),
  tool_call_id: text(),
  name: text(),
};
/** `tool_call_id` is not unique: models number their calls from one in every turn. */
const toolIdentity = { prefix: 'tool', parts: ['conversation_id', 'turn', 'index', 'event'] };

const codePointsOf = (path: string) =>
  compute({ text: input.text(path) }, ({ text }) => (text === null ? null : countCodePoints(text)));

export const pipeline = definePipeline({
  name: 'chatorbit',
  title: 'conversational AI: messages on four platforms, usage, tools, feedback',

  sources: {
    web: { versions: [1] },
    mobile: { versions: [2] },
    slack: { versions: [1] },
    voice: { versions: [1] },
    backend: { versions: [1] },
  },

  shapes: {
    web_message: {
      source: 'web',
      version: 1,
      when: { kind: { message: 'message_sent' } },
      eventType: { of: 'kind' },
      fields: {
        eventId: text(),
        ts: epochMs(),
        user: webUser,
        conversationId: text(),
        msg: object({ id: text(), parentId: text({ optional: true }), role, text: text(), lang: text() }),
        client: object({ ver: text(), page: text() }),
      },
      identity: { prefix: 'message', parts: ['$source', 'msg.id'] },
      occurredAt: 'ts',
    },
    web_feedback: {
      source: 'web',
      version: 1,
      when: { kind: { feedback: 'feedback_given' } },
      eventType: { of: 'kind' },
      fields: {
        eventId: text(),
        ts: epochMs(),
        user: webUser,
        conversationId: text(),
        messageId: text(),
        rating: oneOf(['thumbs_up', 'thumbs_down', 'flag']),
        count: integer(),
      },
      identity: { prefix: 'feedback', parts: ['$source', 'eventId'] },
      occurredAt: 'ts',
    },
    mobile_message: {
      source: 'mobile',
      version: 2,
      when: { event_type: { 'message.created': 'message_sent' } },
      eventType: { of: 'event_type' },
      fields: {
        event_id: text(),
        occurred_at: timeText(),
        actor: object({ id: text(), type: role }),
        conversation: object({ id: text(), owner_id: text({ subject: 'user' }) }),
        message: object({ id: text(), parent_id: text({ optional: true }), body: text(), locale: text() }),
        device: anyObject(),
      },
      identity: { prefix: 'message', parts: ['$source', 'message.id'] },
      occurredAt: 'occurred_at',
    },
    slack_message: {
      source: 'slack',
      version: 1,
      when: { type: { event_callback: 'message_sent' } },
      eventType: { of: 'type' },
      fields: {
        team_id: text(),
        event: object({
          user: text({ subject: 'user' }),
          text: text(),
          ts: secondsMicros(),
          channel: text(),
          thread_ts: text({ optional: true }),
          client_msg_id: text(),
          metadata: object({ conversation: text(), reply_to: text({ optional: true }) }),
        }),
      },
      identity: { prefix: 'message', parts: ['$source', 'event.client_msg_id'] },
      occurredAt: 'event.ts',
      // What the bot says names no user, yet it belongs to the human of its conversation.
      subjectThrough: { conversation: 'event.metadata.conversation' },
    },
    voice_message: {
      source: 'voice',
      version: 1,
      when: { t: { utterance: 'message_sent' } },
      eventType: { of: 't' },
      fields: {
        id: text(),
        at: timeText(),
        call_id: text(),
        caller: text({ subject: 'user' }),
        speaker: oneOf({ user: ['caller'], assistant: ['agent'] }),
        transcript: text(),
        confidence: number(),
        duration_ms: integer(),
        prev: text({ optional: true }),
      },
      identity: { prefix: 'message', parts: ['$source', 'id'] },
      occurredAt: 'at',
    },
    usage: {
      source: 'backend',
      version: 1,
      when: { event: { 'llm.usage': 'usage_recorded' } },
      eventType: { of: 'event' },
      fields: {
        id: text(),
        time: timeText(),
        conversation_id: text(),
        model: text(),
        usage: object({ prompt_tokens: integer(), completion_tokens: integer() }),
        latency_ms: integer(),
        cost_usd: decimalText(),
      },
      identity: { prefix: 'usage', parts: ['$source', 'id'] },
      occurredAt: 'time',
      subjectThrough: { conversation: 'conversation_id' },
    },
    tool_call: {
      source: 'backend',
      version: 1,
      when: { event: { 'tool.call': 'tool_called' } },
      eventType: { of: 'event' },
      fields: { ...toolFields, arguments: text() },
      identity: toolIdentity,
      occurredAt: 'time',
      subjectThrough: { conversation: 'conversation_id' },
    },
    tool_result: {
      source: 'backend',
      version: 1,
      when: { event: { 'tool.result': 'tool_returned' } },
      eventType: { of: 'event' },
      fields: { ...toolFields, content: text() },
      identity: toolIdentity,
      occurredAt: 'time',
      subjectThrough: { conversation: 'conversation_id' },
    },
  },

  tables: {
    messages: {
      shapes: ['web_message', 'mobile_message', 'slack_message', 'voice_message'],
      columns: {
        platform: column.text('$source'),
        conversation_id: column.text({
          web_message: 'conversationId',
          mobile_message: 'conversation.id',
          slack_message: 'event.metadata.conversation',
          voice_message: 'call_id',
        }),
        message_id: column.text({
          web_message: 'msg.id',
          mobile_message: 'message.id',
          slack_message: 'event.client_msg_id',
          voice_message: 'id',
        }),
        parent_id: column.text({
          web_message: 'msg.parentId',
          mobile_message: 'message.parent_id',
          slack_message: 'event.metadata.reply_to',
          voice_message: 'prev',
        }),
        user_id: column.text(
          {
            web_message: 'user.uid',
            mobile_message: 'conversation.owner_id',
            slack_message: compute({ user: input.text('event.user') }, ({ user }) => slackUserId(user ?? '')),
            voice_message: 'caller',
          },
          { about: 'the human of the conversation, whoever speaks' },
        ),
        role: column.text({
          web_message: 'msg.role',
          mobile_message: 'actor.type',
          slack_message: compute({ user: input.text('event.user') }, ({ user }) => slackRole(user ?? '')),
          voice_message: 'speaker',
        }),
        text: column.text(
          {
            web_message: 'msg.text',
            mobile_message: 'message.body',
            slack_message: 'event.text',
            voice_message: 'transcript',
          },
          { about: 'as sent' },
        ),
        char_count: column.integer(
          {
            web_message: codePointsOf('msg.text'),
            mobile_message: codePointsOf('message.body'),
            slack_message: codePointsOf('event.text'),
            voice_message: codePointsOf('transcript'),
          },
          { about: 'code points' },
        ),
        locale: column.text({ web_message: 'msg.lang', mobile_message: 'message.locale' }),
        platform_metadata: column.json(
          {
            web_message: rawObject({ client: 'client', anon: 'user.anon' }),
            mobile_message: rawObject({ device: 'device' }),
            slack_message: rawObject({
              team_id: 'team_id',
              channel: 'event.channel',
              thread_ts: 'event.thread_ts',
              client_msg_id: 'event.client_msg_id',
            }),
            voice_message: rawObject({ confidence: 'confidence', duration_ms: 'duration_ms' }),
          },
          { about: 'what only that platform tells, names of people apart' },
        ),
      },
    },
    usage: {
      shapes: ['usage'],
      columns: {
        conversation_id: column.text('conversation_id'),
        model: column.text('model'),
        prompt_tokens: column.integer('usage.prompt_tokens'),
        completion_tokens: column.integer('usage.completion_tokens'),
        cost_usd: column.decimal('cost_usd'),
        latency_ms: column.integer('latency_ms'),
      },
    },
    tool_calls: {
      shapes: ['tool_call', 'tool_result'],
      columns: {
        event_type: column.text('$event_type'),
        conversation_id: column.text('conversation_id'),
        turn: column.integer('turn'),
        call_index: column.integer('index'),
        tool_call_id: column.text('tool_call_id'),
        name: column.text('name'),
        arguments: column.text({ tool_call: 'arguments' }, { about: 'opaque, as sent' }),
        content: column.text({ tool_result: 'content' }, { about: 'opaque, as sent' }),
      },
    },
    feedback: {
      shapes: ['web_feedback'],
      columns: {
        conversation_id: column.text('conversationId'),
        message_id: column.text('messageId'),
        user_id: column.text('user.uid'),
        rating: column.text('rating'),
        count: column.integer('count'),
      },
    },
  },
});
