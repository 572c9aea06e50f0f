import { describe, expect, test } from 'vitest';
import { aiSourceOf, channelOf, referrerOf } from '../../pipelines/promptflow/channel.ts';
import { channelOfReferrerHost } from '../../pipelines/promptflow/referrer-hosts.ts';

const PAGE = 'https://promptflow.example/pricing';

test('no referrer is null from the server and empty from the browser', () => {
  expect([referrerOf(null), referrerOf(''), referrerOf('https://t.co/')]).toEqual([null, null, 'https://t.co/']);
});

describe('aiSourceOf', () => {
  test.each([
    ['utm_source=CHATGPT', null, 'chatgpt'],
    ['utm_source=chatgpt.com', null, 'chatgpt'],
    ['utm_source=openai', null, 'chatgpt'],
    ['utm_source=claude', null, 'claude'],
    ['utm_source=Claude%2Eai', null, 'claude'],
    ['utm_source=anthropic', null, 'claude'],
    ['utm_source=GEMINI', null, 'gemini'],
    ['utm_source=gemini.google.com', null, 'gemini'],
    ['utm_source=b%61rd', null, 'gemini'],
    // The first that is listed, in URL order.
    ['utm_source=feedburner&utm_source=gemini&utm_source=claude', null, 'gemini'],
    ['utm_source=openai', 'https://claude.ai/', 'chatgpt'],
    // Another utm_source does not stop the referrer.
    ['utm_source=feedburner', 'https://claude.ai/chat/1', 'claude'],
    ['UTM_SOURCE=claude', null, null],
    ['utm_source=chatgpt+', null, null],
    ['', 'https://chatgpt.com/', 'chatgpt'],
    ['', 'https://chat.openai.com/c/42', 'chatgpt'],
    ['', 'https://GEMINI.google.com/app', 'gemini'],
    ['', 'https://bard.google.com', 'gemini'],
    ['', 'https://www.chatgpt.com/', null],
    ['', 'https://chat.openai.com.evil.example/', null],
    ['', 'https://evil.example/?u=https://chatgpt.com/', null],
    ['', 'https://www.perplexity.ai/', null],
    ['', '', null],
    ['', null, null],
  ])('?%s from %s', (query, referrer, expected) => {
    expect(aiSourceOf(`${PAGE}?${query}`, referrer)).toBe(expected);
  });
});

describe('channelOf, first match', () => {
  test.each([
    ['utm_source=claude&utm_medium=cpc', 'https://www.google.com/', 'ai'],
    ['', 'https://claude.ai/', 'ai'],
    ['utm_medium=cpc', null, 'paid'],
    ['utm_medium=PPC', null, 'paid'],
    ['utm_medium=display', null, 'paid'],
    ['utm_medium=paid-social', null, 'paid'],
    ['utm_medium=email', null, 'email'],
    ['utm_medium=Newsletter', 'https://www.google.com/', 'email'],
    ['utm_medium=social-post', null, 'social'],
    ['utm_medium=organic', null, 'search'],
    ['utm_medium=feed', null, 'referral'],
    ['utm_medium=organically', null, 'referral'],
    ['utm_medium=feed&utm_medium=cpc', null, 'paid'],
    ['utm_medium=', null, 'direct'],
    ['utm_medium', 'https://www.bing.com/', 'search'],
    ['', null, 'direct'],
    ['', '', 'direct'],
    ['utm_source=newsletter', null, 'direct'],
    ['', PAGE, 'internal'],
    ['', 'https://docs.promptflow.example/', 'internal'],
    ['', 'http://www.semicomplete.com/', 'internal'],
    ['', 'https://www.perplexity.ai/search', 'ai'],
    ['', 'https://googleads.g.doubleclick.net/', 'paid'],
    ['', 'https://mail.google.com/mail/u/0/', 'email'],
    ['', 'https://t.co/abc', 'social'],
    ['', 'https://www.google.com/search?q=a', 'search'],
    ['', 'https://en.wikipedia.org/', 'referral'],
    ['', 'https://semicomplete.com.evil.example/', 'referral'],
    ['', 'not a url', 'referral'],
    ['', '-', 'referral'],
  ])('?%s from %s', (query, referrer, expected) => {
    expect(channelOf(`${PAGE}?${query}`, referrer)).toBe(expected);
  });

  test("the page's own host counts as internal wherever the page is", () => {
    expect(channelOf('https://shop.example:8443/a', 'http://www.shop.example/')).toBe('internal');
    expect(channelOf('/no/host', 'http://www.shop.example/')).toBe('referral');
  });
});

test.each([
  ['perplexity.ai', 'ai'],
  ['www.chatgpt.com', 'ai'],
  ['copilot.microsoft.com', 'ai'],
  ['microsoft.com', null],
  ['r.duckduckgo.com', 'search'],
  ['bat.bing.com', 'paid'],
  ['cn.bing.com', 'search'],
  ['google.fr', 'search'],
  ['www.google.co.uk', 'search'],
  ['www.google.com.br', 'search'],
  ['images.google.com', 'search'],
  ['docs.google.com', null],
  ['google.com.evil.example', null],
  ['www.google.evil', null],
  ['notbing.com', null],
  ['l.facebook.com', 'social'],
  ['m.facebook.com', 'social'],
  ['m.baidu.com', 'search'],
  ['tieba.baidu.com', null],
  ['x.com', 'social'],
  ['netflix.com', null],
  ['news.ycombinator.com', 'social'],
  ['com', null],
  ['[::1]', null],
])('referrer host %s is %s', (host, channel) => {
  expect(channelOfReferrerHost(host)).toBe(channel);
});
