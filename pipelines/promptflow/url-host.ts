// Reads the host of a URL leniently, without ever failing. It does not judge whether the rest of the URL is one.

const AUTHORITY_MARK = /^(?:[a-z][a-z0-9+.-]*:)?[/\\]{2}/i;
/** A colon that begins no port: `mailto:`, `javascript:`. */
const SCHEME_ALONE = /^[^/\\?#:]*:(?!\d*(?:[/\\?#]|$))/;
/** Nothing that a host name may hold. */
const NO_HOST = /[\s:<>"'`{}|^[\]]/;
/** No name in the DNS is longer. */
const HOST_CHARACTERS_MAX = 253;

/**
 * The host in lower case, without user, port or trailing dot; an IPv6 address keeps its brackets. The scheme may be
 * missing (`//host/path`, `host/path`). Null when there is none, as in a path, a `mailto:` or a sentence.
 */
export function hostOf(url: string): string | null {
  const text = url.trim();
  const mark = AUTHORITY_MARK.exec(text)?.[0];
  if (mark === undefined && SCHEME_ALONE.test(text)) return null;
  const rest = mark === undefined ? text : text.slice(mark.length);
  const end = rest.search(/[/\\?#]/);
  const authority = end === -1 ? rest : rest.slice(0, end);
  const hostAndPort = authority.slice(authority.lastIndexOf('@') + 1);
  if (hostAndPort.startsWith('[')) return bracketedAddress(hostAndPort);
  const name = hostAndPort.replace(/:\d*$/, '').replace(/\.$/, '').toLowerCase();
  return name === '' || name.length > HOST_CHARACTERS_MAX || NO_HOST.test(name) ? null : name;
}

function bracketedAddress(hostAndPort: string): string | null {
  const end = hostAndPort.indexOf(']');
  return end === -1 ? null : hostAndPort.slice(0, end + 1).toLowerCase();
}

/** Whether `host` is `domain` or one of its subdomains. */
export const isWithin = (host: string, domain: string): boolean => host === domain || host.endsWith(`.${domain}`);
