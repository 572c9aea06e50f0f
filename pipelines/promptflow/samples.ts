// Generated deliveries of promptflow: visits whose pages server and browser both report, with AI referrers and tagged links,
// signups, and leads of the CRM.

import { isoOfMs, type Json, MINUTE_MS, withField } from '../../generator/body.ts';
import {
  accept,
  type Draft,
  type Drawing,
  fieldsOf,
  identityOf,
  type Product,
  type Sample,
  type Shape,
  type World,
} from '../../generator/draft.ts';
import type { Random } from '../../generator/random.ts';
import { defineSamples, momentIn } from '../../generator/sample.ts';

const HOST = 'https://promptflow.example';
const PATHS = [
  '/',
  '/blog/',
  '/blog/geekery/prompts.html',
  '/pricing',
  '/docs/start',
  '/reset.css',
  '/favicon.ico',
  '/projects/flow/',
];
const AGENTS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15',
  'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
  'Tiny Tiny RSS/1.11 (http://tt-rss.org/)',
  '-',
];
const REFERRERS = [
  'https://chatgpt.com/',
  'https://chat.openai.com/c/42',
  'https://claude.ai/chat/1',
  'https://gemini.google.com/app',
  'https://bard.google.com/',
  'https://www.perplexity.ai/search?q=flow',
  'https://www.google.com/search?q=prompt+flow',
  'https://duckduckgo.com/',
  'http://semicomplete.com/blog/',
  `${HOST}/blog/`,
  'https://docs.promptflow.example/start',
  'https://t.co/abc',
  'https://news.ycombinator.com/item?id=1',
  'https://mail.google.com/mail/u/0/',
  'https://evil.example/?u=https://chatgpt.com/',
  'https://CHATGPT.com./x',
  'https://chatgpt.com:443/',
  'https://chatgpt.com.evil.example/',
  'android-app://com.slack',
  'not a url',
];
const TAGS = [
  'utm_source=CHATGPT&utm_medium=referral&utm_campaign=spring',
  'utm_source=chatgpt.com',
  'utm_source=feedburner&utm_medium=feed&utm_campaign=Feed%3A+blog%2Fmain+%28blog+-+Someone%29',
  'utm_source=newsletter&utm_medium=email&utm_campaign=autumn+sale',
  'utm_source=google&utm_medium=cpc&utm_campaign=brand',
  'utm_source=Claude%2Eai&utm_medium=paid-social',
  'utm_source=x&utm_medium=social-post',
  'utm_source=bing&utm_medium=organic',
  'utm_source=feedburner&utm_source=gemini&utm_source=other',
  'utm_campaign=spring&utm_campaign=winter#utm_campaign=summer',
];
/** They do not parse or do not decode; that rejects nothing, and they are kept as sent. */
const ODD_URLS = [
  '',
  '/no/host?utm_source=claude',
  'promptflow.example?utm_source=openai',
  `${HOST}/%E0%A4%A?utm_campaign=%E0%A4%A`,
  `${HOST}/?utm_source=%ff%fe&utm_campaign=50%`,
  `${HOST}/?utm_source=%63laude`,
  `${HOST}/?utm_source&utm_medium=&utm_campaign==x`,
  `${HOST}/?UTM_SOURCE=claude&utm%5Fsource=anthropic`,
  `${HOST}/?a=1;utm_source=claude`,
  `${HOST}/?x=?utm_source=claude&&&utm_source=bard`,
  `${HOST}/#utm_source=claude`,
  'http://[::1/?utm_source=claude',
  'https://user:pass@promptflow.example:8443/a b?q=漢字&utm_campaign=漢+字',
  '//promptflow.example/?utm_source=anthropic',
  'javascript:void(0)',
];

const request: Shape = {
  source: 'backend',
  fields: fieldsOf(
    'request_id event=choice time=time method url status=integer bytes?=integer referer? user_agent visitor ip',
  ),
  timePath: 'time',
  timeKind: 'time',
  versionPath: 'v',
  version: 1,
  freeText: 'user_agent',
};

const pageView: Shape = {
  source: 'web',
  fields: fieldsOf(
    'id page_view_id ts=epoch visitorId page=object page.url page.referrer page.title screen=object screen.w=number screen.h=number tz ua',
  ),
  timePath: 'ts',
  timeKind: 'epoch',
  versionPath: 'schema',
  version: 'pv/2',
  freeText: 'page.title',
};

const signup: Shape = {
  source: 'backend',
  fields: fieldsOf('request_id event=choice time=time visitor user_id plan email'),
  timePath: 'time',
  timeKind: 'time',
  versionPath: 'v',
  version: 1,
  freeText: 'plan',
};

const lead: Shape = {
  source: 'crm',
  fields: fieldsOf('lead_id revision=integer updated_at=time email status utm_source? account_id'),
  timePath: 'updated_at',
  timeKind: 'time',
  versionPath: undefined,
  version: 1,
  freeText: 'status',
};

interface PageVisit {
  readonly id: string;
  readonly visitor: string;
  readonly url: string;
  readonly referrer: string | null;
  readonly agent: string;
}

function visitFrom(world: World, random: Random): PageVisit {
  const path = random.pick(PATHS);
  return {
    id: world.id(random.uuid()),
    visitor: world.id(`${random.hex(8)}-${random.hex(4)}`),
    url: `${HOST}${path}${random.chance(0.2) ? `?${random.pick(TAGS)}` : ''}`,
    referrer: random.chance(0.4) ? null : random.pick(REFERRERS),
    agent: random.pick(AGENTS),
  };
}

function requestDraft(random: Random, visit: PageVisit, occurredMs: number): Draft {
  return {
    shape: request,
    eventId: identityOf('page_view', visit.id),
    eventType: 'page_viewed',
    occurredMicros: occurredMs * 1000,
    body: {
      request_id: visit.id,
      event: 'http.request',
      v: 1,
      time: isoOfMs(occurredMs),
      method: random.pick(['GET', 'GET', 'GET', 'GET', 'HEAD', 'POST']),
      url: visit.url,
      status: random.pick([200, 200, 200, 200, 206, 301, 304, 404, 500]),
      bytes: random.integer(0, 90_000),
      referer: visit.referrer,
      user_agent: visit.agent,
      visitor: visit.visitor,
      ip: `203.0.113.${random.integer(1, 254)}`,
    },
  };
}

function pageViewDraft(random: Random, visit: PageVisit, occurredMs: number): Draft {
  return {
    shape: pageView,
    eventId: identityOf('page_view', visit.id),
    eventType: 'page_viewed',
    occurredMicros: occurredMs * 1000,
    body: {
      schema: 'pv/2',
      id: random.uuid(),
      page_view_id: visit.id,
      ts: occurredMs,
      visitorId: visit.visitor,
      page: {
        url: visit.url,
        referrer: visit.referrer ?? '',
        title: random.pick(['Home', 'Prompts — a start', 'Pricing', 'reset.css']),
      },
      screen: { w: random.pick([1440, 390, 1920.5]), h: random.pick([900, 844, 1080]) },
      tz: random.pick(['Europe/London', 'Asia/Tokyo', 'America/New_York']),
      ua: visit.agent,
    },
  };
}

function signupDraft(random: Random, id: string, visitor: string, occurredMs: number): Draft {
  return {
    shape: signup,
    eventId: identityOf('signup', id),
    eventType: 'signed_up',
    occurredMicros: occurredMs * 1000,
    body: {
      request_id: id,
      event: 'account.signup',
      v: 1,
      time: isoOfMs(occurredMs),
      visitor,
      user_id: `acct-${visitor}`,
      plan: random.pick(['free', 'team', 'pro']),
      email: `${visitor}@example.com`,
    },
  };
}

function leadDraft(random: Random, id: string, revision: number, occurredMs: number): Draft {
  return {
    shape: lead,
    eventId: identityOf('lead', id, revision),
    eventType: 'lead_updated',
    occurredMicros: occurredMs * 1000,
    body: {
      lead_id: id,
      revision,
      updated_at: isoOfMs(occurredMs),
      email: `${id}@example.com`,
      status: random.pick(['new', 'MQL', 'sql', 'Won', 'Lost']),
      utm_source: random.pick([null, 'chatgpt', 'newsletter']),
      account_id: `acct-${id}`,
    },
  };
}

function trafficOf(world: World, events: number): Draft[] {
  const { random } = world;
  const drafts: Draft[] = [];
  let seen = 0;
  while (seen < events) {
    let at = momentIn(random, world);
    const opening = visitFrom(world, random);
    for (let pages = random.integer(1, 6); pages > 0 && seen < events; pages--) {
      const inner = visitFrom(world, random);
      const visit: PageVisit = { ...inner, visitor: opening.visitor, agent: opening.agent };
      const seenBy = random.fraction();
      if (seenBy < 0.95) drafts.push(requestDraft(random, visit, at));
      if (seenBy > 0.4) drafts.push(pageViewDraft(random, visit, at + random.integer(-300, 900)));
      seen++;
      at += random.chance(0.1) ? random.integer(25, 40) * MINUTE_MS : random.integer(5_000, 300_000);
    }
    if (random.chance(0.06)) {
      const account = world.id(`lead-${world.serial()}`);
      drafts.push(signupDraft(random, world.id(random.uuid()), opening.visitor, at));
      const revisions = random.integer(1, 3);
      for (let revision = 1; revision <= revisions; revision++)
        drafts.push(leadDraft(random, account, revision, at + revision * 90_000));
      seen += 1 + revisions;
    }
  }
  return drafts;
}

const drawings: readonly Drawing[] = [
  { shape: request, draw: (world, at) => withReferrer(requestDraft(world.random, visitFrom(world, world.random), at)) },
  { shape: pageView, draw: (world, at) => pageViewDraft(world.random, visitFrom(world, world.random), at) },
  {
    shape: signup,
    draw: ({ id, random, serial }, at) => signupDraft(random, id(random.uuid()), id(`visitor-${serial()}`), at),
  },
  {
    shape: lead,
    draw: (world, at) => leadDraft(world.random, world.id(`lead-${world.serial()}`), world.random.integer(1, 9), at),
  },
];

function withReferrer(draft: Draft): Draft {
  return { ...draft, body: withField(draft.body, 'referer', REFERRERS[6]!) };
}

function storiesOf(world: World): Sample[] {
  const random = world.random.fork('stories');
  const moment = () => momentIn(random, world);
  const arriving = (draft: Draft, fault: string, afterMs = 700) =>
    accept(draft, Math.ceil(draft.occurredMicros / 1000) + afterMs, fault);
  const changed = (draft: Draft, path: string, value: Json): Draft => ({
    ...draft,
    body: withField(draft.body, path, value),
  });
  const samples: Sample[] = [];

  // Server and browser differ, in either order of arrival and at once; across midnight the browser's date counts.
  for (const serverAfterMs of [-5_000, 0, 5_000, 3_600_000]) {
    const visit = visitFrom(world, random);
    const midnight = world.fromMs + 86_400_000;
    const browser = arriving(
      pageViewDraft(random, { ...visit, url: `${HOST}/seen-by-browser` }, midnight - 200),
      'server_and_browser',
      10_000,
    );
    const server = requestDraft(random, visit, midnight + 300);
    samples.push(browser, accept(server, Date.parse(browser.received_at) + serverAfterMs, 'server_and_browser'));
  }
  const corrected = visitFrom(world, random);
  const at = moment();
  samples.push(arriving(pageViewDraft(random, corrected, at), 'browser_corrected_server_later'));
  samples.push(
    arriving(
      changed(pageViewDraft(random, corrected, at), 'page.title', 'Corrected'),
      'browser_corrected_server_later',
      90_000,
    ),
  );
  samples.push(arriving(requestDraft(random, corrected, at), 'browser_corrected_server_later', 7_200_000));

  for (const url of [...ODD_URLS, ...TAGS.map((tags) => `${HOST}/?${tags}`)]) {
    samples.push(arriving(requestDraft(random, { ...visitFrom(world, random), url }, moment()), 'url_as_sent'));
    samples.push(arriving(pageViewDraft(random, { ...visitFrom(world, random), url }, moment()), 'url_as_sent'));
  }
  for (const referrer of REFERRERS) {
    samples.push(
      arriving(
        requestDraft(random, { ...visitFrom(world, random), url: `${HOST}/r`, referrer }, moment()),
        'every_referrer',
      ),
    );
    samples.push(
      arriving(
        pageViewDraft(random, { ...visitFrom(world, random), url: `${HOST}/r`, referrer }, moment()),
        'every_referrer',
      ),
    );
  }

  // A gap of exactly 30 minutes stays in the session; a millisecond more starts another.
  for (const gapMs of [30 * MINUTE_MS, 30 * MINUTE_MS + 1]) {
    const first = visitFrom(world, random);
    const second: PageVisit = { ...visitFrom(world, random), visitor: first.visitor };
    const start = moment();
    samples.push(
      arriving(pageViewDraft(random, first, start), 'session_gap'),
      arriving(requestDraft(random, second, start + gapMs), 'session_gap'),
    );
  }

  // A page view and a signup may share a request id: their classes keep them apart.
  const visit = visitFrom(world, random);
  samples.push(arriving(requestDraft(random, visit, moment()), 'one_id_two_classes'));
  samples.push(arriving(signupDraft(random, visit.id, visit.visitor, moment()), 'one_id_two_classes'));

  for (const id of [`a:1:${world.id('')}`, `50%25:${world.id('')}`])
    samples.push(arriving(leadDraft(random, id, 1, moment()), 'id_to_encode'));
  const chain = world.id('lead-chain');
  for (const revision of [0, 1, 2, 10])
    samples.push(arriving(leadDraft(random, chain, revision, moment()), 'revisions'));
  return samples;
}

const product: Product = {
  pipeline: 'promptflow',
  unlistedSources: ['app', 'Backend', 'crm ', 'browser'],
  shapes: drawings,
  traffic: trafficOf,
  stories: storiesOf,
};

export const samples = defineSamples(product);
