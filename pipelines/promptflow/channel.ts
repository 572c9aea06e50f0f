// How a page view came about: which AI assistant sent the visitor, and by which channel. Pure functions of the page's
// URL and its referrer, both as sent.

import { channelOfReferrerHost, type ReferrerChannel } from './referrer-hosts.ts';
import { hostOf, isWithin } from './url-host.ts';
import { lastParameter, queryParameters } from './url-query.ts';

export type AiSource = 'chatgpt' | 'claude' | 'gemini';
export type Channel = ReferrerChannel | 'referral' | 'direct' | 'internal';

const AI_SOURCE_OF_UTM: ReadonlyMap<string, AiSource> = new Map([
  ['chatgpt', 'chatgpt'],
  ['chatgpt.com', 'chatgpt'],
  ['openai', 'chatgpt'],
  ['claude', 'claude'],
  ['claude.ai', 'claude'],
  ['anthropic', 'claude'],
  ['gemini', 'gemini'],
  ['gemini.google.com', 'gemini'],
  ['bard', 'gemini'],
]);

const AI_SOURCE_OF_REFERRER: ReadonlyMap<string, AiSource> = new Map([
  ['chatgpt.com', 'chatgpt'],
  ['chat.openai.com', 'chatgpt'],
  ['claude.ai', 'claude'],
  ['gemini.google.com', 'gemini'],
  ['bard.google.com', 'gemini'],
]);

/** Our own sites, beside the host of the page itself. */
const OWN_DOMAINS = ['promptflow.example', 'semicomplete.com'];

/** No referrer is null from the server and `""` from the browser: both null. */
export const referrerOf = (sent: string | null): string | null => (sent === '' ? null : sent);

/** The first listed utm_source; if there is none, the referrer's exact host; else null. */
export function aiSourceOf(url: string, referrer: string | null): AiSource | null {
  for (const { name, value } of queryParameters(url)) {
    const source = name === 'utm_source' ? AI_SOURCE_OF_UTM.get(value.toLowerCase()) : undefined;
    if (source !== undefined) return source;
  }
  return AI_SOURCE_OF_REFERRER.get(hostOf(referrer ?? '') ?? '') ?? null;
}

/** The first rule that matches; `referral` is what is left. */
export function channelOf(url: string, sentReferrer: string | null): Channel {
  const referrer = referrerOf(sentReferrer);
  if (aiSourceOf(url, referrer) !== null) return 'ai';
  const medium = lastParameter(url, 'utm_medium');
  if (medium !== null && medium !== '') return channelOfMedium(medium.toLowerCase());
  if (referrer === null) return 'direct';
  const host = hostOf(referrer);
  if (host === null) return 'referral';
  if (ownDomains(url).some((domain) => isWithin(host, domain))) return 'internal';
  return channelOfReferrerHost(host) ?? 'referral';
}

function ownDomains(url: string): readonly string[] {
  const page = hostOf(url);
  return page === null ? OWN_DOMAINS : [page, ...OWN_DOMAINS];
}

function channelOfMedium(medium: string): Channel {
  if (medium === 'cpc' || medium === 'ppc' || medium === 'display' || medium.startsWith('paid')) return 'paid';
  if (medium === 'email' || medium === 'newsletter') return 'email';
  if (medium.startsWith('social')) return 'social';
  return medium === 'organic' ? 'search' : 'referral';
}
