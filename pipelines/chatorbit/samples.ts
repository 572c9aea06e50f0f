// Generated deliveries of chatorbit: conversations on four platforms, what the models used, tools, and feedback. The texts are
// put together from a few words; nobody ever said them.

import { isoOfMs, type Json, MINUTE_MS, Verbatim, withField, writeJson, writeTime } from '../../generator/body.ts';
import {
  accept,
  type Draft,
  type Drawing,
  fieldsOf,
  identityOf,
  type Product,
  reject,
  type Sample,
  type Shape,
  type World,
} from '../../generator/draft.ts';
import type { Random } from '../../generator/random.ts';
import { defineSamples, momentIn } from '../../generator/sample.ts';

const WORDS =
  'how can the rocket engine learn from data while a small cat sleeps near Fès and nobody asks why 漢字 need naïve sorting 🚀 or 👩🏽‍💻 code with `let x = 1;` on 東京 time'.split(
    ' ',
  );
const LANGUAGES = ['en', 'en', 'en', 'es', 'ru', 'zh', 'de'];
const MODELS = ['orbit-small', 'orbit-large', 'orbit-code'];
const TOOLS = ['search', 'get_order', 'cancel_order'];
/** Opaque: JSON, plain text, broken, empty, and deeper than any body may be. */
const TOOL_TEXTS = [
  '{"order_id":"#W59"}',
  '',
  'null',
  'plain text',
  '{"a":1,}',
  '{"q":"\\ud83d"}',
  `${'['.repeat(600)}`,
  '{"a":1,"a":2}',
  ' 1e999 ',
];

const webFields =
  'eventId kind=choice ts=epoch user=object user.uid user.anon=boolean conversationId msg=object msg.id msg.parentId? msg.role=choice msg.text msg.lang client=object client.ver client.page';

const webMessage: Shape = {
  source: 'web',
  fields: fieldsOf(webFields),
  timePath: 'ts',
  timeKind: 'epoch',
  versionPath: undefined,
  version: 1,
  freeText: 'msg.text',
};

const webFeedback: Shape = {
  source: 'web',
  fields: fieldsOf(
    'eventId kind=choice ts=epoch user=object user.uid user.anon=boolean conversationId messageId rating=choice count=integer',
  ),
  timePath: 'ts',
  timeKind: 'epoch',
  versionPath: undefined,
  version: 1,
  freeText: 'messageId',
};

const mobileMessage: Shape = {
  source: 'mobile',
  fields:
    fieldsOf(`event_id event_type=choice occurred_at=time actor=object actor.id actor.type=choice conversation=object conversation.id
    conversation.owner_id message=object message.id message.parent_id? message.body message.locale device=object`),
  timePath: 'occurred_at',
  timeKind: 'time',
  versionPath: 'schema_version',
  version: 2,
  freeText: 'message.body',
};

const slackMessage: Shape = {
  source: 'slack',
  fields:
    fieldsOf(`type=choice team_id event=object event.user event.text event.ts=slackTime event.channel event.thread_ts? event.client_msg_id
    event.metadata=object event.metadata.conversation event.metadata.reply_to?`),
  timePath: 'event.ts',
  timeKind: 'slackTime',
  versionPath: undefined,
  version: 1,
  freeText: 'event.text',
};

const voiceMessage: Shape = {
  source: 'voice',
  fields: fieldsOf(
    'id t=choice at=time call_id caller speaker=choice transcript confidence=number duration_ms=integer prev?',
  ),
  timePath: 'at',
  timeKind: 'time',
  versionPath: undefined,
  version: 1,
  freeText: 'transcript',
};

const usage: Shape = {
  source: 'backend',
  fields: fieldsOf(
    'id event=choice time=time conversation_id model usage=object usage.prompt_tokens=integer usage.completion_tokens=integer latency_ms=integer cost_usd=decimal',
  ),
  timePath: 'time',
  timeKind: 'time',
  versionPath: 'v',
  version: 1,
  freeText: 'model',
};

const toolCall: Shape = {
  source: 'backend',
  fields: fieldsOf('event=choice time=time conversation_id turn=integer index=integer tool_call_id name arguments'),
  timePath: 'time',
  timeKind: 'time',
  versionPath: 'v',
  version: 1,
  freeText: 'arguments',
};

const toolResult: Shape = {
  ...toolCall,
  fields: fieldsOf('event=choice time=time conversation_id turn=integer index=integer tool_call_id name content'),
  freeText: 'content',
};

interface Turn {
  readonly id: string;
  readonly conversation: string;
  readonly parent: string | null;
  readonly user: number;
  readonly role: 'user' | 'assistant';
  readonly text: string;
  readonly language: string;
}

function textFrom(random: Random): string {
  const words = Array.from({ length: random.integer(4, random.chance(0.2) ? 220 : 60) }, () => random.pick(WORDS));
  return words.join(random.chance(0.05) ? '\n' : ' ');
}

function turnFrom(world: World, random: Random): Turn {
  return {
    id: world.id(random.uuid()),
    conversation: world.id(random.uuid()),
    parent: random.uuid(),
    user: random.integer(1, 4999),
    role: random.pick(['user', 'assistant'] as const),
    text: textFrom(random),
    language: random.pick(LANGUAGES),
  };
}

type MessageDrawing = (random: Random, turn: Turn, occurredMs: number) => Draft;

const webDraft: MessageDrawing = (random, turn, occurredMs) => ({
  shape: webMessage,
  eventId: identityOf('message', 'web', turn.id),
  eventType: 'message_sent',
  occurredMicros: occurredMs * 1000,
  body: {
    eventId: turn.id,
    kind: 'message',
    ts: occurredMs,
    user: { uid: `user-${turn.user}`, anon: random.chance(0.2) },
    conversationId: turn.conversation,
    msg: { id: turn.id, parentId: turn.parent, role: turn.role, text: turn.text, lang: turn.language },
    client: { ver: '3.2.1', page: '/chat' },
  },
});

const mobileDraft: MessageDrawing = (random, turn, occurredMs) => ({
  shape: mobileMessage,
  eventId: identityOf('message', 'mobile', turn.id),
  eventType: 'message_sent',
  occurredMicros: occurredMs * 1000,
  body: {
    event_id: turn.id,
    event_type: 'message.created',
    schema_version: 2,
    occurred_at: isoOfMs(occurredMs),
    actor: { id: turn.role === 'user' ? `user-${turn.user}` : 'bot', type: turn.role },
    conversation: { id: turn.conversation, owner_id: `user-${turn.user}` },
    message: { id: turn.id, parent_id: turn.parent, body: turn.text, locale: turn.language },
    device: { os: random.pick(['ios', 'android']), model: 'iPhone15,2', app_version: `7.4.${random.integer(0, 9)}` },
  },
});

const slackDraft: MessageDrawing = (random, turn, occurredMs) => {
  const micros = occurredMs * 1000 + random.integer(0, 999);
  const ts = writeTime('slackTime', micros);
  return {
    shape: slackMessage,
    eventId: identityOf('message', 'slack', turn.id),
    eventType: 'message_sent',
    occurredMicros: micros,
    body: {
      type: 'event_callback',
      team_id: `T${random.integer(10, 99)}`,
      event_id: `Ev${random.hex(10).toUpperCase()}`,
      event_time: Math.floor(micros / 1e6),
      event: {
        type: 'message',
        user: turn.role === 'user' ? `U${turn.user}` : 'UBOT',
        text: turn.text,
        ts,
        thread_ts: ts,
        channel: `C${random.integer(10, 99)}`,
        client_msg_id: turn.id,
        metadata: { conversation: turn.conversation, reply_to: turn.parent },
      },
    },
  };
};

const voiceDraft: MessageDrawing = (random, turn, occurredMs) => ({
  shape: voiceMessage,
  eventId: identityOf('message', 'voice', turn.id),
  eventType: 'message_sent',
  occurredMicros: occurredMs * 1000,
  body: {
    id: turn.id,
    t: 'utterance',
    at: `${isoOfMs(occurredMs + 120 * MINUTE_MS).slice(0, -1)}+02:00`,
    call_id: turn.conversation,
    caller: `user-${turn.user}`,
    speaker: turn.role === 'user' ? 'caller' : 'agent',
    transcript: turn.text,
    confidence: new Verbatim(random.pick(['0.77', '0.9', '1', '1.0', '9.5e-1', '0.123456789012345678'])),
    duration_ms: 20 * turn.text.length,
    prev: turn.parent,
  },
});

function usageDraft(random: Random, id: string, conversation: string, occurredMs: number): Draft {
  return {
    shape: usage,
    eventId: identityOf('usage', 'backend', id),
    eventType: 'usage_recorded',
    occurredMicros: occurredMs * 1000,
    body: {
      id,
      event: 'llm.usage',
      v: 1,
      time: `${isoOfMs(occurredMs).slice(0, -1).replace('T', ' ')}000${random.integer(0, 9)}`,
      conversation_id: conversation,
      model: random.pick(MODELS),
      usage: { prompt_tokens: random.integer(50, 20_000), completion_tokens: random.integer(1, 900) },
      latency_ms: random.integer(200, 12_000),
      cost_usd: `0.00${random.digits(5)}`,
    },
  };
}

interface ToolUse {
  readonly conversation: string;
  readonly turn: number;
  readonly index: number;
  readonly name: string;
  readonly text: string;
}

function toolFrom(random: Random, conversation: string): ToolUse {
  return {
    conversation,
    turn: random.integer(0, 9),
    index: random.integer(0, 2),
    name: random.pick(TOOLS),
    text: random.pick(TOOL_TEXTS),
  };
}

function toolDraft(tool: ToolUse, event: 'tool.call' | 'tool.result', occurredMs: number): Draft {
  const call = event === 'tool.call';
  return {
    shape: call ? toolCall : toolResult,
    eventId: identityOf('tool', tool.conversation, tool.turn, tool.index, event),
    eventType: call ? 'tool_called' : 'tool_returned',
    occurredMicros: occurredMs * 1000,
    body: {
      event,
      time: isoOfMs(occurredMs),
      [call ? 'arguments' : 'content']: tool.text,
      v: 1,
      conversation_id: tool.conversation,
      turn: tool.turn,
      index: tool.index,
      // Numbered anew in each turn, so it identifies nothing.
      tool_call_id: `call_${tool.index}`,
      name: tool.name,
    },
  };
}

function feedbackDraft(random: Random, id: string, conversation: string, messageId: string, occurredMs: number): Draft {
  return {
    shape: webFeedback,
    eventId: identityOf('feedback', 'web', id),
    eventType: 'feedback_given',
    occurredMicros: occurredMs * 1000,
    body: {
      eventId: id,
      kind: 'feedback',
      ts: occurredMs,
      user: { uid: 'rater', anon: true },
      conversationId: conversation,
      messageId,
      rating: random.pick(['thumbs_up', 'thumbs_up', 'thumbs_down', 'flag']),
      count: random.integer(1, 4),
    },
  };
}

const MESSAGE_DRAFTS: readonly MessageDrawing[] = [webDraft, mobileDraft, slackDraft, voiceDraft];

function trafficOf(world: World, events: number): Draft[] {
  const { random } = world;
  const drafts: Draft[] = [];
  while (drafts.length < events) {
    let at = momentIn(random, world);
    const write = random.pick(MESSAGE_DRAFTS);
    const opening: Turn = { ...turnFrom(world, random), parent: null, role: 'user' };
    let parent: string | null = null;
    for (let turn = random.integer(1, 4); turn > 0; turn--) {
      const asked: Turn = { ...opening, id: world.id(random.uuid()), parent, text: textFrom(random) };
      const answered: Turn = {
        ...asked,
        id: world.id(random.uuid()),
        parent: asked.id,
        role: 'assistant',
        text: textFrom(random),
      };
      drafts.push(write(random, asked, at), write(random, answered, at + 8000));
      drafts.push(usageDraft(random, world.id(`use-${world.serial()}`), opening.conversation, at + 7000));
      if (random.chance(0.15)) {
        const tool = { ...toolFrom(random, opening.conversation), turn };
        drafts.push(toolDraft(tool, 'tool.call', at + 2000), toolDraft(tool, 'tool.result', at + 2400));
      }
      if (random.chance(0.25))
        drafts.push(feedbackDraft(random, world.id(random.uuid()), opening.conversation, answered.id, at + 20_000));
      parent = answered.id;
      at += 60_000;
    }
  }
  return drafts.slice(0, events);
}

function freshTool(world: World, event: 'tool.call' | 'tool.result', at: number): Draft {
  return toolDraft(toolFrom(world.random, world.id(`conv-${900_000 + world.serial()}`)), event, at);
}

const drawings: readonly Drawing[] = [
  { shape: webMessage, draw: (world, at) => webDraft(world.random, turnFrom(world, world.random), at) },
  { shape: mobileMessage, draw: (world, at) => mobileDraft(world.random, turnFrom(world, world.random), at) },
  { shape: slackMessage, draw: (world, at) => slackDraft(world.random, turnFrom(world, world.random), at) },
  { shape: voiceMessage, draw: (world, at) => voiceDraft(world.random, turnFrom(world, world.random), at) },
  {
    shape: webFeedback,
    draw: ({ id, random }, at) => feedbackDraft(random, id(random.uuid()), id(random.uuid()), random.uuid(), at),
  },
  {
    shape: usage,
    draw: ({ id, random, serial }, at) => usageDraft(random, id(`use-${serial()}`), id(random.uuid()), at),
  },
  { shape: toolCall, draw: (world, at) => freshTool(world, 'tool.call', at) },
  { shape: toolResult, draw: (world, at) => freshTool(world, 'tool.result', at) },
];

function storiesOf(world: World): Sample[] {
  const random = world.random.fork('stories');
  const moment = () => momentIn(random, world);
  const arriving = (draft: Draft, fault: string, afterMs = 700) =>
    accept(draft, Math.ceil(draft.occurredMicros / 1000) + afterMs, fault);
  const changed = (draft: Draft, path: string, value: Json): Draft => ({
    ...draft,
    body: withField(draft.body, path, value),
  });
  const turn = () => turnFrom(world, random);
  const samples: Sample[] = [];

  // One tool_call_id in two turns, and call and result of one place: four events.
  const conversation = world.id(`conv-${world.serial()}`);
  const at = moment();
  for (const place of [0, 1]) {
    const tool: ToolUse = { conversation, turn: place, index: 0, name: 'search', text: '{"q":1}' };
    samples.push(arriving(toolDraft(tool, 'tool.call', at + place * 1000), 'tool_call_id_again'));
    samples.push(arriving(toolDraft(tool, 'tool.result', at + place * 1000 + 400), 'tool_call_id_again'));
  }
  for (const text of TOOL_TEXTS) {
    const tool: ToolUse = { conversation: world.id(`conv-${world.serial()}`), turn: 0, index: 0, name: 'search', text };
    samples.push(arriving(toolDraft(tool, 'tool.call', moment()), 'opaque_tool_text'));
    samples.push(arriving(toolDraft(tool, 'tool.result', moment()), 'opaque_tool_text'));
  }
  const escaped: ToolUse = { conversation: `conv:${world.id('50%')}`, turn: 3, index: 1, name: 'search', text: '' };
  samples.push(arriving(toolDraft(escaped, 'tool.call', moment()), 'id_to_encode'));
  samples.push(arriving(webDraft(random, { ...turn(), id: `a:b%3A${world.id('')}` }, moment()), 'id_to_encode'));

  // The same message id on two platforms is two events.
  const shared = turn();
  for (const write of MESSAGE_DRAFTS)
    samples.push(arriving(write(random, shared, moment()), 'one_id_on_every_platform'));

  // Fewer digits after the point mean the same as zeros behind them.
  for (const digits of [1, 2, 3, 4, 5, 6]) {
    const draft = slackDraft(random, turn(), moment());
    const second = Math.floor(draft.occurredMicros / 1e6);
    const fraction = String(random.integer(1, 9)).padStart(digits, '0');
    const micros = second * 1e6 + Number(fraction.padEnd(6, '0'));
    samples.push(
      arriving({ ...changed(draft, 'event.ts', `${second}.${fraction}`), occurredMicros: micros }, 'slack_time_digits'),
    );
  }

  for (const text of ['👩🏽‍💻', '𝒳𝒳', 'e\u0301', '', '\u0000', '漢'.repeat(2000)]) {
    samples.push(arriving(mobileDraft(random, { ...turn(), text }, moment()), 'code_points'));
  }
  samples.push(arriving(voiceDraft(random, { ...turn(), parent: null }, moment()), 'first_of_conversation'));
  samples.push(
    arriving(
      changed(slackDraft(random, { ...turn(), role: 'assistant' }, moment()), 'event.user', 'UBOT'),
      'slack_bot',
    ),
  );

  const refused = (draft: Draft) =>
    reject(
      draft.shape.source,
      Math.ceil(draft.occurredMicros / 1000) + 900,
      writeJson(draft.body),
      'schema_violation',
      'value_not_listed',
    );
  samples.push(refused(changed(webDraft(random, turn(), moment()), 'msg.role', 'system')));
  samples.push(refused(changed(mobileDraft(random, turn(), moment()), 'actor.type', 'bot')));
  samples.push(refused(changed(mobileDraft(random, turn(), moment()), 'event_type', 'message.updated')));
  samples.push(refused(changed(voiceDraft(random, turn(), moment()), 'speaker', 'Caller')));
  samples.push(refused(changed(usageDraft(random, world.id(random.uuid()), 'c', moment()), 'event', 'LLM.usage')));
  return samples;
}

const product: Product = {
  pipeline: 'chatorbit',
  unlistedSources: ['discord', 'Slack', 'web ', 'whatsapp'],
  shapes: drawings,
  traffic: trafficOf,
  stories: storiesOf,
};

export const samples = defineSamples(product);
