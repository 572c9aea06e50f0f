// Generated deliveries of novadocs: plugin activity in both shapes, from the four places that report it.

import { isoOfMs, type Json, Verbatim, withField, writeJson } from '../../generator/body.ts';
import {
  accept,
  type Draft,
  type Drawing,
  fieldsOf,
  type Product,
  reject,
  type Sample,
  type Shape,
  type World,
} from '../../generator/draft.ts';
import type { Random } from '../../generator/random.ts';
import { defineSamples, momentIn } from '../../generator/sample.ts';

const SOURCES = ['web', 'desktop', 'runtime', 'billing'] as const;
type Source = (typeof SOURCES)[number];

const TYPES: Readonly<Record<string, string>> = {
  'plugin.view': 'plugin_viewed',
  'plugin.install': 'plugin_installed',
  'plugin.enable': 'plugin_enabled',
  'plugin.disable': 'plugin_disabled',
  'plugin.configure': 'plugin_configured',
  'plugin.run': 'plugin_ran',
  'plugin.error': 'plugin_errored',
  'plugin.uninstall': 'plugin_uninstalled',
};
const OFTEN = [
  'plugin.run',
  'plugin.run',
  'plugin.run',
  'plugin.run',
  'plugin.view',
  'plugin.enable',
  ...Object.keys(TYPES),
];

interface Activity {
  readonly id: string;
  readonly name: string;
  readonly source: Source;
  readonly user: string;
  readonly login: string;
  readonly plugin: string;
  readonly slug: string;
  readonly version: string;
  readonly workspace: string;
  readonly session: string;
  readonly request: string;
  readonly properties: Json;
}

function shapeV1(source: Source): Shape {
  return {
    source,
    fields:
      fieldsOf(`event_id name=choice time=time user=object user.id=integer user.login workspace plugin=object plugin.id=integer
      plugin.slug plugin.version session request_id props=object`),
    timePath: 'time',
    timeKind: 'time',
    versionPath: 'version',
    version: 1,
    otherVersion: 'plugin-event/2.1.0',
    freeText: 'workspace',
  };
}

function shapeV2(source: Source): Shape {
  return {
    source,
    fields:
      fieldsOf(`meta=object meta.id meta.type=choice meta.emitted=epoch meta.session_id meta.request_id actor=object actor.userId
      actor.workspaceId actor.login target=object target.pluginId target.pluginSlug target.pluginVersion detail=object`),
    timePath: 'meta.emitted',
    timeKind: 'epoch',
    versionPath: 'meta.schema',
    version: 'plugin-event/2.1.0',
    otherVersion: 1,
    freeText: 'actor.workspaceId',
  };
}

const SHAPES_V1 = Object.fromEntries(SOURCES.map((source) => [source, shapeV1(source)])) as Record<Source, Shape>;
const SHAPES_V2 = Object.fromEntries(SOURCES.map((source) => [source, shapeV2(source)])) as Record<Source, Shape>;

/** Its exact text is kept, so numbers, escapes and the order of keys are of every kind. */
function propertiesFrom(random: Random): Json {
  switch (random.integer(0, 4)) {
    case 0:
      return {
        ref: null,
        ref_type: 'repository',
        master_branch: random.pick(['main', 'master']),
        description: null,
        pusher_type: 'user',
      };
    case 1:
      return { action: 'started' };
    case 2:
      return new Verbatim(
        `{"push_id": 75${random.digits(8)},"size":1e0, "note":"\\u0074ab\\t\\/", "x":{"b":1,"a":[ ]}}`,
      );
    case 3:
      return {
        error: {
          code: `E${random.integer(100, 599)}`,
          message: 'timed out after 30 s',
          stack: 'at run (plugin.js:1)\n'.repeat(random.integer(4, 20)),
        },
      };
    default:
      return {
        push_id: Number(`75${random.digits(8)}`),
        size: random.integer(0, 4),
        ref: 'refs/heads/main',
        head: random.hex(40),
        before: random.hex(40),
        commits: [
          {
            sha: random.hex(40),
            author: { name: 'someone', email: `${random.hex(12)}@users.noreply.example` },
            message: random.pick(['Add files', 'écrit 漢字', 'fix 🚀']),
          },
        ],
      };
  }
}

function activityFrom(world: World, random: Random, source: Source = random.pick(SOURCES)): Activity {
  const user = String(random.integer(1, 90_000_000));
  const plugin = random.integer(1, 400);
  return {
    id: world.id(String(17_244_000_000 + world.serial())),
    name: random.pick(OFTEN),
    source,
    user,
    login: `user${user}${random.chance(0.1) ? '[bot]' : ''}`,
    plugin: String(380_000_000 + plugin),
    slug: `maker${plugin % 40}/plugin-${plugin}`,
    version: `${random.integer(0, 3)}.${random.integer(0, 9)}.0`,
    workspace: random.chance(0.5) ? `personal-${user}` : String(random.integer(10_000_000, 80_000_000)),
    session: random.uuid(),
    request: random.uuid(),
    properties: propertiesFrom(random),
  };
}

function draftV1(activity: Activity, occurredMs: number): Draft {
  return {
    shape: SHAPES_V1[activity.source],
    eventId: activity.id,
    eventType: TYPES[activity.name]!,
    occurredMicros: occurredMs * 1000,
    body: {
      event_id: activity.id,
      name: activity.name,
      version: 1,
      time: isoOfMs(occurredMs).replace('.000Z', 'Z'),
      user: { id: new Verbatim(activity.user), login: activity.login },
      workspace: activity.workspace,
      plugin: { id: new Verbatim(activity.plugin), slug: activity.slug, version: activity.version },
      session: activity.session,
      request_id: activity.request,
      props: activity.properties,
    },
  };
}

function draftV2(activity: Activity, occurredMs: number): Draft {
  return {
    shape: SHAPES_V2[activity.source],
    eventId: activity.id,
    eventType: TYPES[activity.name]!,
    occurredMicros: occurredMs * 1000,
    body: {
      meta: {
        id: activity.id,
        type: activity.name,
        schema: 'plugin-event/2.1.0',
        emitted: occurredMs,
        session_id: activity.session,
        request_id: activity.request,
      },
      actor: { userId: activity.user, workspaceId: activity.workspace, login: activity.login },
      target: { pluginId: activity.plugin, pluginSlug: activity.slug, pluginVersion: activity.version },
      detail: activity.properties,
    },
  };
}

function trafficOf(world: World, events: number): Draft[] {
  const { random } = world;
  return Array.from({ length: events }, () => {
    const at = momentIn(random, world);
    return random.chance(0.6) ? draftV1(activityFrom(world, random), at) : draftV2(activityFrom(world, random), at);
  });
}

/** Faults lay repeated keys and fields into objects that the shape describes; an object of anything is kept as it is. */
const drawings: readonly Drawing[] = SOURCES.flatMap((source) => [
  {
    shape: SHAPES_V1[source],
    draw: (world: World, at: number) => draftV1(activityFrom(world, world.random, source), at),
  },
  {
    shape: SHAPES_V2[source],
    draw: (world: World, at: number) => draftV2(activityFrom(world, world.random, source), at),
  },
]);

function storiesOf(world: World): Sample[] {
  const random = world.random.fork('stories');
  const moment = () => momentIn(random, world);
  const arriving = (draft: Draft, fault: string, afterMs = 700) =>
    accept(draft, Math.ceil(draft.occurredMicros / 1000) + afterMs, fault);
  const fresh = (name = 'plugin.run', source: Source = 'runtime'): Activity => ({
    ...activityFrom(world, random, source),
    name,
  });
  const withVersion = (draft: Draft, version: Json): Draft => ({
    ...draft,
    body: withField(draft.body, draft.shape.versionPath!, version),
  });
  const samples: Sample[] = [];

  for (const name of Object.keys(TYPES)) {
    samples.push(
      arriving(draftV1(fresh(name, 'web'), moment()), 'every_type'),
      arriving(draftV2(fresh(name, 'desktop'), moment()), 'every_type'),
    );
  }

  // One id from two sources and in both shapes is one event; the copy received later wins, whatever its source or shape.
  for (const laterIsNew of [true, false]) {
    const activity = fresh('plugin.view', 'web');
    const at = moment();
    const copies = [
      draftV1(activity, at),
      draftV2({ ...activity, source: 'billing', name: 'plugin.install' }, at + 3000),
    ];
    const [first, second] = laterIsNew ? copies : copies.reverse();
    samples.push(arriving(first!, 'one_id_two_sources'), arriving(second!, 'one_id_two_sources', 60_000));
  }
  // Received in the same millisecond: the body's sha256 decides.
  for (let i = 0; i < 4; i++) {
    const activity = fresh('plugin.enable', 'desktop');
    const at = moment();
    const first = arriving(draftV1(activity, at), 'tie_of_sources');
    const second = arriving(draftV2({ ...activity, source: 'web', name: 'plugin.disable' }, at), 'tie_of_sources');
    samples.push(first, second);
  }

  for (const version of ['plugin-event/2.0.0', 'plugin-event/2.7.13', 'plugin-event/2.10.0', 'plugin-event/2.0.999']) {
    samples.push(arriving(withVersion(draftV2(fresh(), moment()), version), 'minor_version'));
  }
  const slashed = draftV2(fresh(), moment());
  const escaped = new Verbatim('"plugin-event\\/2.1.0"');
  samples.push(arriving(withVersion(slashed, escaped), 'version_escaped'));
  const unknown = [
    'plugin-event/3.0.0',
    'plugin-event/2.1',
    'plugin-event/2.1.0-beta',
    'plugin-event/20.1.0',
    'plugin-event/2.1.0 ',
    'plugin-event/2.1.0\n',
    'Plugin-Event/2.1.0',
    'plugin-event/2..0',
    'plugin-event/2.x.0',
    'xplugin-event/2.1.0',
    'plugin-event/1.0.0',
    2,
  ]; // prettier-ignore
  for (const version of unknown) {
    const draft = withVersion(draftV2(fresh(), moment()), version);
    const at = Math.ceil(draft.occurredMicros / 1000) + 900;
    samples.push(reject('runtime', at, writeJson(draft.body), 'unknown_schema_version', 'version_unknown'));
  }

  for (const id of [
    '9007199254740992',
    '9007199254740993',
    '9007199254740994',
    '9223372036854775807',
    '-9223372036854775808',
    '0',
  ]) {
    samples.push(arriving(draftV1({ ...fresh(), plugin: id, user: id }, moment()), 'ids_64_bit'));
    samples.push(arriving(draftV2({ ...fresh(), plugin: id, user: id }, moment()), 'ids_64_bit'));
  }

  const texts = [
    '{}',
    '{ }',
    '{"b":1,"a":2,"b":3}',
    '{"n":1.0,"e":1E+2,"big":123456789012345678901234567890}',
    '{"u":"\\u00e9\\/","deep":[[[{}]]]}',
    '{\n  "pretty" : true\n}',
  ];
  for (const text of texts) {
    samples.push(arriving(draftV1({ ...fresh(), properties: new Verbatim(text) }, moment()), 'properties_as_sent'));
    samples.push(arriving(draftV2({ ...fresh(), properties: new Verbatim(text) }, moment()), 'properties_as_sent'));
  }

  for (const id of [`50%:${world.id('off')}`, `a:b:${world.id('c')}`]) {
    samples.push(arriving(draftV1({ ...fresh(), id }, moment()), 'id_not_encoded'));
  }
  for (const name of ['view', 'Plugin.view', 'plugin_viewed', 'plugin.buy', 'plugin.run ']) {
    const draft = draftV1(fresh(), moment());
    const body = writeJson(withField(draft.body, 'name', name));
    samples.push(
      reject('runtime', Math.ceil(draft.occurredMicros / 1000) + 900, body, 'schema_violation', 'value_not_listed'),
    );
  }
  return samples;
}

const product: Product = {
  pipeline: 'novadocs',
  unlistedSources: ['mobile', 'WEB', 'runtime-2', 'billing '],
  shapes: drawings,
  traffic: trafficOf,
  stories: storiesOf,
};

export const samples = defineSamples(product);
