// promptflow, product analytics: page views that server and browser both report, signups, and leads of the CRM, with
// where each visit came from. Reads in the order of the event contract.

import { epochMs, integer, number, object, text, timeText } from '../../model/fields.ts';
import { column, compute, constant, definePipeline, input, type Value } from '../../model/language.ts';
import { aiSourceOf, channelOf, referrerOf } from './channel.ts';
import { lastParameter } from './url-query.ts';

/** A function of the page's URL, for either copy of a page view. */
const ofUrl = (fn: (url: string) => Value) => ({
  http_request: compute({ url: input.text('url') }, ({ url }) => fn(url ?? '')),
  page_view: compute({ url: input.text('page.url') }, ({ url }) => fn(url ?? '')),
});

/** A function of the page's URL and its referrer as sent, for either copy of a page view. */
const ofVisit = (fn: (url: string, referrer: string | null) => Value) => ({
  http_request: compute({ url: input.text('url'), referrer: input.text('referer') }, ({ url, referrer }) =>
    fn(url ?? '', referrer),
  ),
  page_view: compute({ url: input.text('page.url'), referrer: input.text('page.referrer') }, ({ url, referrer }) =>
    fn(url ?? '', referrer),
  ),
});

export const pipeline = definePipeline({
  name: 'promptflow',
  title: 'product analytics: page views and their AI referrals, signups, leads',

  sources: {
    backend: { versions: [1] },
    // Of the two copies of a page view the browser's wins.
    web: { versions: ['pv/2'], precedence: 1 },
    crm: { versions: [1] },
  },

  shapes: {
    http_request: {
      source: 'backend',
      version: 1,
      when: { event: { 'http.request': 'page_viewed' } },
      eventType: { of: 'event' },
      fields: {
        request_id: text(),
        time: timeText(),
        method: text(),
        url: text(),
        status: integer(),
        bytes: integer({ optional: true }),
        referer: text({ optional: true }),
        user_agent: text(),
        visitor: text({ subject: 'visitor' }),
        ip: text({ restricted: true }),
      },
      identity: { prefix: 'page_view', parts: ['request_id'] },
      occurredAt: 'time',
    },
    page_view: {
      source: 'web',
      version: 'pv/2',
      when: {},
      eventType: 'page_viewed',
      fields: {
        id: text(),
        page_view_id: text(),
        ts: epochMs(),
        visitorId: text({ subject: 'visitor' }),
        page: object({ url: text(), referrer: text(), title: text() }),
        screen: object({ w: number(), h: number() }),
        tz: text(),
        ua: text(),
      },
      identity: { prefix: 'page_view', parts: ['page_view_id'] },
      occurredAt: 'ts',
    },
    signup: {
      source: 'backend',
      version: 1,
      when: { event: { 'account.signup': 'signed_up' } },
      eventType: { of: 'event' },
      fields: {
        request_id: text(),
        time: timeText(),
        visitor: text({ subject: 'visitor' }),
        user_id: text({ subject: 'user' }),
        plan: text(),
        email: text({ subject: 'email', restricted: true }),
      },
      identity: { prefix: 'signup', parts: ['request_id'] },
      occurredAt: 'time',
    },
    lead: {
      source: 'crm',
      version: 1,
      when: {},
      eventType: 'lead_updated',
      fields: {
        lead_id: text(),
        revision: integer(),
        updated_at: timeText(),
        email: text({ subject: 'email', restricted: true }),
        status: text(),
        utm_source: text({ optional: true }),
        account_id: text({ subject: 'account' }),
      },
      identity: { prefix: 'lead', parts: ['lead_id', 'revision'] },
      occurredAt: 'updated_at',
    },
  },

  tables: {
    page_views: {
      shapes: ['http_request', 'page_view'],
      columns: {
        visitor_id: column.text({ http_request: 'visitor', page_view: 'visitorId' }),
        url: column.text({ http_request: 'url', page_view: 'page.url' }, { about: 'as sent' }),
        referrer: column.text({
          http_request: compute({ referrer: input.text('referer') }, ({ referrer }) => referrerOf(referrer)),
          page_view: compute({ referrer: input.text('page.referrer') }, ({ referrer }) => referrerOf(referrer)),
        }),
        channel: column.text(ofVisit(channelOf)),
        ai_source: column.text(ofVisit(aiSourceOf), { about: 'chatgpt, claude, gemini, or null' }),
        utm_source: column.text(ofUrl((url) => lastParameter(url, 'utm_source'))),
        utm_medium: column.text(ofUrl((url) => lastParameter(url, 'utm_medium'))),
        utm_campaign: column.text(ofUrl((url) => lastParameter(url, 'utm_campaign'))),
        has_client_copy: column.boolean(
          { http_request: constant(false), page_view: constant(true) },
          { about: "the winning copy is the browser's" },
        ),
        http_status: column.integer({ http_request: 'status' }, { about: 'known of the server alone' }),
        user_agent: column.text({ http_request: 'user_agent', page_view: 'ua' }),
        ip: column.text({ http_request: 'ip' }, { restricted: true }),
      },
    },
    signups: {
      shapes: ['signup'],
      columns: {
        visitor_id: column.text('visitor'),
        user_id: column.text('user_id'),
        plan: column.text('plan'),
        email: column.text('email', { restricted: true }),
      },
    },
    leads: {
      shapes: ['lead'],
      columns: {
        lead_id: column.text('lead_id'),
        revision: column.integer('revision'),
        status: column.text('status', { about: 'as sent' }),
        utm_source: column.text('utm_source'),
        account_id: column.text('account_id'),
        email: column.text('email', { restricted: true }),
      },
    },
  },
});
