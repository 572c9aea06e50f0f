// novadocs, a plugin marketplace: the life of a plugin, told in two versions by four sources. Reads in the order of the
// event contract.

import { anyObject, epochMs, integer, object, text, timeText } from '../../model/fields.ts';
import { column, definePipeline, raw } from '../../model/language.ts';

const sources = ['web', 'desktop', 'runtime', 'billing'];
/** Any minor or patch version of 2. */
const versions = [1, { name: '2', pattern: '^plugin-event/2\\.\\d+\\.\\d+$' }];

const eventTypes = {
  'plugin.view': 'plugin_viewed',
  'plugin.install': 'plugin_installed',
  'plugin.enable': 'plugin_enabled',
  'plugin.disable': 'plugin_disabled',
  'plugin.configure': 'plugin_configured',
  'plugin.run': 'plugin_ran',
  'plugin.error': 'plugin_errored',
  'plugin.uninstall': 'plugin_uninstalled',
};

export const pipeline = definePipeline({
  name: 'novadocs',
  title: 'plugin marketplace: views, installs, runs and errors of plugins',

  sources: {
    web: { versions },
    desktop: { versions },
    runtime: { versions },
    billing: { versions },
  },

  shapes: {
    plugin_v1: {
      source: sources,
      version: 1,
      when: { name: eventTypes },
      eventType: { of: 'name' },
      fields: {
        event_id: text(),
        time: timeText(),
        user: object({ id: integer({ subject: 'user' }), login: text({ restricted: true }) }),
        workspace: text(),
        plugin: object({ id: integer(), slug: text(), version: text() }),
        session: text(),
        request_id: text(),
        props: anyObject(),
      },
      identity: { parts: ['event_id'], bare: true },
      occurredAt: 'time',
    },
    plugin_v2: {
      source: sources,
      version: '2',
      when: { 'meta.type': eventTypes },
      eventType: { of: 'meta.type' },
      fields: {
        meta: object({ id: text(), type: text(), emitted: epochMs(), session_id: text(), request_id: text() }),
        actor: object({
          userId: text({ subject: 'user' }),
          workspaceId: text(),
          login: text({ restricted: true }),
        }),
        target: object({ pluginId: text(), pluginSlug: text(), pluginVersion: text() }),
        detail: anyObject(),
      },
      identity: { parts: ['meta.id'], bare: true },
      occurredAt: 'meta.emitted',
    },
  },

  tables: {
    plugin_events: {
      shapes: ['plugin_v1', 'plugin_v2'],
      columns: {
        event_type: column.text('$event_type'),
        plugin_id: column.text({ plugin_v1: 'plugin.id', plugin_v2: 'target.pluginId' }, { about: 'digit for digit' }),
        plugin_slug: column.text({ plugin_v1: 'plugin.slug', plugin_v2: 'target.pluginSlug' }),
        plugin_version: column.text({ plugin_v1: 'plugin.version', plugin_v2: 'target.pluginVersion' }),
        workspace_id: column.text({ plugin_v1: 'workspace', plugin_v2: 'actor.workspaceId' }),
        user_id: column.text({ plugin_v1: 'user.id', plugin_v2: 'actor.userId' }, { about: 'digit for digit' }),
        user_login: column.text({ plugin_v1: 'user.login', plugin_v2: 'actor.login' }, { restricted: true }),
        session_id: column.text({ plugin_v1: 'session', plugin_v2: 'meta.session_id' }),
        request_id: column.text({ plugin_v1: 'request_id', plugin_v2: 'meta.request_id' }),
        properties: column.json(
          { plugin_v1: raw('props'), plugin_v2: raw('detail') },
          { about: 'the exact text of props or detail' },
        ),
      },
    },
  },
});
